// Finds the programs of a control plane: PATH, KUBEBUILDER_ASSETS, the cache, official download, `go build`.
// Promised: each binary says itself that it has the wanted minor version, wherever it came from.
import { access, constants } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { buildBinaries } from './build.ts'
import {
  downloadOf,
  minorOf,
  readCatalog,
  releaseFor,
  versionOf,
  type BinaryName,
  type Catalog,
  type Release,
} from './catalog.ts'
import { download } from './download.ts'
import { execute } from './exec.ts'
import { acquireLock } from './lock.ts'

export interface Binary {
  readonly name: BinaryName
  readonly path: string
  readonly version: string
  readonly origin: Origin
}

type Origin = 'PATH' | 'KUBEBUILDER_ASSETS' | 'cache' | 'download' | 'build'

export interface FindOptions {
  /** Kubernetes, '1.36' or '1.36.4'; the catalog's default when absent. */
  readonly version?: string
  /** process.env when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly report?: (line: string) => void
  readonly catalog?: Catalog
  /** False: never compile. */
  readonly build?: boolean
}

export interface Findings {
  readonly found: ReadonlyMap<BinaryName, Binary>
  readonly missing: readonly BinaryName[]
  /** One line per place that was looked at in vain. */
  readonly tried: readonly string[]
}

/** Undefined when no place has it. Rejects only when the signal fires. */
export async function findBinary(
  name: BinaryName,
  options: FindOptions,
  signal: AbortSignal,
): Promise<Binary | undefined> {
  const { found } = await findBinaries([name], options, signal)
  return found.get(name)
}

/** All at once, because those that must be compiled share one compilation. Rejects only when the signal fires. */
export async function findBinaries(
  names: readonly BinaryName[],
  options: FindOptions,
  signal: AbortSignal,
): Promise<Findings> {
  const search = searchOf(options)
  if (search === undefined) {
    const known = Object.keys((options.catalog ?? readCatalog()).kubernetes).join(', ')
    const tried = [`Kubernetes ${options.version ?? ''} is not in e2e/binaries/versions.json, which knows ${known}`]
    return { found: new Map(), missing: names, tried }
  }
  const tried: string[] = []
  const found = new Map<BinaryName, Binary>()
  const note = (outcomes: readonly Outcome[]): void => {
    for (const outcome of outcomes) {
      tried.push(...outcome.tried)
      if (outcome.binary !== undefined) found.set(outcome.binary.name, outcome.binary)
    }
  }
  const missing = (): readonly BinaryName[] => names.filter((name) => !found.has(name))

  note(await Promise.all(names.map((name) => findLocally(name, search, signal))))
  note(await Promise.all(missing().map((name) => findByDownload(name, search, signal))))
  if (missing().length > 0 && search.build) note(await findByBuild(missing(), search, signal))
  signal.throwIfAborted()
  return { found, missing: missing(), tried }
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>, kubernetes: string): string {
  const given = env['XDG_CACHE_HOME'] ?? ''
  const root = given === '' ? path.join(env['HOME'] ?? os.homedir(), '.cache') : given
  return path.join(root, 'k8-highlander', kubernetes)
}

interface Search {
  readonly release: Release
  readonly catalog: Catalog
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cache: string
  readonly report: (line: string) => void
  readonly build: boolean
}

interface Outcome {
  readonly binary?: Binary
  readonly tried: readonly string[]
}

function searchOf(options: FindOptions): Search | undefined {
  const catalog = options.catalog ?? readCatalog()
  const env = options.env ?? process.env
  const release = releaseFor(catalog, options.version)
  if (release === undefined) return undefined
  const cache = cacheFolder(env, release.kubernetes)
  return { release, catalog, env, cache, report: options.report ?? (() => undefined), build: options.build ?? true }
}

async function findLocally(name: BinaryName, search: Search, signal: AbortSignal): Promise<Outcome> {
  const tried: string[] = []
  for (const { origin, folder } of localPlaces(search)) {
    const outcome = await examine({ name, file: path.join(folder, name), origin }, search, signal)
    if (outcome.binary !== undefined) return { binary: outcome.binary, tried }
    tried.push(...outcome.tried)
  }
  return { tried: [...tried, `${name}: not on PATH, in KUBEBUILDER_ASSETS or in ${search.cache}`] }
}

function localPlaces(search: Search): readonly { readonly origin: Origin; readonly folder: string }[] {
  const onPath = (search.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const assets = search.env['KUBEBUILDER_ASSETS'] ?? ''
  return [
    ...onPath.map((folder) => ({ origin: 'PATH' as const, folder })),
    ...(assets === '' ? [] : [{ origin: 'KUBEBUILDER_ASSETS' as const, folder: assets }]),
    { origin: 'cache' as const, folder: search.cache },
  ]
}

async function findByDownload(name: BinaryName, search: Search, signal: AbortSignal): Promise<Outcome> {
  const source = downloadOf(name, search.release, search.catalog)
  if (source === undefined) return { tried: [`${name}: no download known`] }
  const file = path.join(search.cache, name)
  const result = await download(source, file, signal)
  if (result.type === 'failed') return { tried: [`${name}: download: ${result.reason}`] }
  return await examine({ name, file, origin: 'download' }, search, signal)
}

async function findByBuild(
  names: readonly BinaryName[],
  search: Search,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const waiting = (holder: string): void => search.report(`waiting for process ${holder}, which builds binaries`)
  await using _lock = await acquireLock(path.join(search.cache, '.lock'), waiting, signal)
  // Whoever held the lock before us may have built what we want.
  const there = await Promise.all(names.map((name) => examineCache(name, 'cache', search, signal)))
  const left = names.filter((_, index) => there[index]?.binary === undefined)
  if (left.length === 0) return there
  const { release, cache: folder, env, report } = search
  const reasons = await buildBinaries(left, { release, folder, env, report }, signal)
  const built = await Promise.all(left.map((name) => examineCache(name, 'build', search, signal)))
  return [...there, ...built, { tried: reasons }]
}

async function examineCache(name: BinaryName, origin: Origin, search: Search, signal: AbortSignal): Promise<Outcome> {
  return await examine({ name, file: path.join(search.cache, name), origin }, search, signal)
}

interface Candidate {
  readonly name: BinaryName
  readonly file: string
  readonly origin: Origin
}

/** Nothing at that place gives no line; a binary of another version does. */
async function examine(candidate: Candidate, search: Search, signal: AbortSignal): Promise<Outcome> {
  const { name, file, origin } = candidate
  const executable = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!executable) return { tried: [] }
  const version = await askVersion(name, file, signal)
  const wanted = minorOf(versionOf(name, search.release))
  if (version !== undefined && minorOf(version) === wanted)
    return { binary: { name, path: file, version, origin }, tried: [] }
  return { tried: [`${name}: ${file} is version ${version ?? 'unknown'}, wanted is ${wanted}`] }
}

async function askVersion(name: BinaryName, file: string, signal: AbortSignal): Promise<string | undefined> {
  // kubectl alone has no --version.
  const args = name === 'kubectl' ? ['version', '--client', '--output=json'] : ['--version']
  const answer = await execute(file, args, { timeoutMs: 10_000 }, signal)
  signal.throwIfAborted()
  const text = name === 'kubectl' ? (/"gitVersion": "([^"]*)"/.exec(answer.stdout)?.[1] ?? '') : answer.stdout
  return /v?(\d+\.\d+\.\d+)/.exec(text)?.[1]
}
