// Fills "sha512" in versions.json: `node e2e/binaries/checksums.ts`, on a machine with internet, after a version
// changed. Each file is fetched once over TLS, compared with the checksum its project publishes, and its SHA-512
// written down. From then on nothing is trusted but this repository.
// kwok publishes no list: its sum is the one of the file fetched, so compare the diff with a second machine's.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { BINARIES, BINARIES_FOLDER, fill, readCatalog, versionOf, type BinaryName } from '../cluster/catalog.ts'
import { fetchFile } from '../cluster/download.ts'
import { isObject, parseJson, textAt } from '../cluster/json.ts'

const ARCHITECTURES = ['amd64', 'arm64']

interface Wanted {
  readonly url: string
  /** Where the project publishes its checksum; absent: nowhere. */
  readonly published?: string
}

async function main(): Promise<void> {
  const file = path.join(BINARIES_FOLDER, 'versions.json')
  const json = parseJson(await readFile(file, 'utf8'))
  if (!isObject(json)) throw new Error(`${file} is not a JSON object`)
  const known = readCatalog().sha512
  const folder = await mkdtemp(path.join(os.tmpdir(), 'k8-highlander-checksums-'))
  const sums: Record<string, string> = {}
  try {
    for (const wanted of listWanted(json)) {
      sums[wanted.url] = known[wanted.url] ?? (await fetchSum(wanted, path.join(folder, 'file')))
      console.log(`${sums[wanted.url]?.slice(0, 16)}…  ${wanted.url}`)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  await writeFile(file, `${JSON.stringify({ ...json, sha512: sums }, undefined, 2)}\n`)
}

function listWanted(json: unknown): readonly Wanted[] {
  const { kubernetes, tools } = readCatalog()
  const releases = Object.values(kubernetes).map((version) => ({ kubernetes: version, ...tools }))
  const all = releases.flatMap((release) =>
    BINARIES.flatMap((name) => ARCHITECTURES.map((arch) => wantedOf(json, name, versionOf(name, release), arch))),
  )
  // etcd and kwok are the same for each release.
  return [...new Map(all.map((wanted) => [wanted.url, wanted])).values()]
}

function wantedOf(json: unknown, name: BinaryName, version: string, arch: string): Wanted {
  const url = fill(textAt(json, 'files', name, 'url'), version, arch)
  const published = fill(textAt(json, 'files', name, 'published'), version, arch)
  return published === '' ? { url } : { url, published }
}

async function fetchSum(wanted: Wanted, file: string): Promise<string> {
  const { signal } = new AbortController()
  const sha512 = await fetchFile(wanted.url, file, signal)
  if (wanted.published === undefined) return sha512
  const content = await readFile(file)
  await fetchFile(wanted.published, file, signal)
  requirePublished(wanted, content, await readFile(file, 'utf8'))
  return sha512
}

/** A list has lines "sum  name"; a single sum stands alone. SHA-512 or SHA-256, told apart by length. */
function requirePublished(wanted: Wanted, content: Buffer, list: string): void {
  const name = path.basename(new URL(wanted.url).pathname)
  const rows = list.split('\n').map((row) => row.trim().split(/\s+/))
  const row = rows.find(([, second]) => second?.replace(/^\*/, '') === name) ?? rows.find((one) => one.length === 1)
  const published = row?.[0] ?? ''
  const algorithm = published.length === 64 ? 'sha256' : 'sha512'
  const actual = createHash(algorithm).update(content).digest('hex')
  if (actual !== published)
    throw new Error(`${wanted.url} has ${algorithm} ${actual}, published in ${wanted.published} is "${published}"`)
}

await main()
