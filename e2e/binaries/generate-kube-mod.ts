// Writes kube/go.mod and kube/go.sum for the Kubernetes version in versions.json:
//   node e2e/binaries/generate-kube-mod.ts [folder]
// The staging modules (k8s.io/api and so on) are replaced by their published versions; which ones there are is
// read from the go.mod of Kubernetes itself, where each is replaced by a folder of its repository.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { BINARIES_FOLDER, KUBE_BINARIES, readCatalog } from '../cluster/catalog.ts'
import { execute } from '../cluster/exec.ts'
import { parseJson, textAt } from '../cluster/json.ts'

async function main(folder: string): Promise<void> {
  const { kubernetes, defaultMinor } = readCatalog()
  const version = kubernetes[defaultMinor] ?? ''
  await mkdir(folder, { recursive: true })
  const found = parseJson(await go(['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], folder))
  const upstream = await readFile(textAt(found, 'GoMod'), 'utf8')
  await writeFile(path.join(folder, 'go.mod'), buildMod(version, upstream))
  // What the tools import is added, with checksums, by Go itself.
  await go(['mod', 'tidy'], folder)
}

function buildMod(version: string, upstream: string): string {
  const staging = `v0.${version.split('.').slice(1).join('.')}`
  const names = [...upstream.matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging\/src\/\1$/gm)].map((match) => match[1] ?? '')
  return [
    'module github.com/plexobject/k8-highlander/e2e/binaries/kube',
    `go ${/^go (\S+)$/m.exec(upstream)?.[1] ?? ''}`,
    `godebug ${/^godebug (\S+)$/m.exec(upstream)?.[1] ?? 'default=go1.26'}`,
    `tool (\n${KUBE_BINARIES.map((name) => `\tk8s.io/kubernetes/cmd/${name}\n`).join('')})`,
    `require k8s.io/kubernetes v${version}`,
    `replace (\n${names.map((name) => `\t${name} => ${name} ${staging}\n`).join('')})`,
    '',
  ].join('\n\n')
}

async function go(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, GOWORK: 'off', GOFLAGS: '' }
  const answer = await execute('go', args, { cwd, env }, new AbortController().signal)
  if (!answer.ok) throw new Error(`go ${args.join(' ')}: ${answer.stderr}${answer.stdout}`)
  return answer.stdout
}

await main(path.resolve(process.argv[2] ?? path.join(BINARIES_FOLDER, 'kube')))
