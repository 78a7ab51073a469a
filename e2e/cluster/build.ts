// Builds binaries from Go modules, for machines that reach a module proxy but no download site.
// One `go build` per module, so that the parts of Kubernetes share what they have in common; the outputs
// appear in the cache in one step each, never half written.
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { scopeOf } from '#lib/abort.ts'
import { systemClock } from '#lib/clock.ts'
import { isAbort } from '#lib/errors.ts'
import { formatDuration } from '#lib/time.ts'
import { BINARIES_FOLDER, minorOf, readCatalog, type BinaryName, type Release } from './catalog.ts'
import { execute } from './exec.ts'

const PROGRESS_MS = 10_000
const TEMPORARY_PREFIX = '.build-'

export interface BuildOptions {
  readonly release: Release
  /** Where the binaries go. */
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly report: (line: string) => void
}

/** Returns why something was not built, empty when all was. The caller holds the lock of the folder. */
export async function buildBinaries(
  names: readonly BinaryName[],
  options: BuildOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const refusal = await whyNot(options, signal)
  if (refusal !== undefined) return [refusal]
  await removeLeftovers(options.folder)
  const reasons: string[] = []
  for (const module of modulesOf(names)) {
    const reason = await buildModule(module, options, signal)
    signal.throwIfAborted()
    if (reason !== undefined) reasons.push(reason)
  }
  return reasons
}

async function whyNot(options: BuildOptions, signal: AbortSignal): Promise<string | undefined> {
  const catalog = readCatalog()
  if (options.release.kubernetes !== catalog.kubernetes[catalog.defaultMinor])
    return `go build: only Kubernetes ${catalog.defaultMinor} has modules in e2e/binaries`
  const go = await execute('go', ['version'], { env: options.env, timeoutMs: 10_000 }, signal)
  return go.ok ? undefined : 'go build: the go command is not on PATH (https://go.dev/dl)'
}

interface Module {
  readonly name: 'kube' | 'etcd' | 'kwok'
  readonly binaries: readonly BinaryName[]
}

function modulesOf(names: readonly BinaryName[]): readonly Module[] {
  const kube = names.filter((name) => name !== 'etcd' && name !== 'kwok')
  const modules: readonly Module[] = [
    { name: 'etcd', binaries: names.filter((name) => name === 'etcd') },
    { name: 'kube', binaries: kube },
    { name: 'kwok', binaries: names.filter((name) => name === 'kwok') },
  ]
  return modules.filter((module) => module.binaries.length > 0)
}

async function buildModule(module: Module, options: BuildOptions, signal: AbortSignal): Promise<string | undefined> {
  await mkdir(options.folder, { recursive: true })
  const output = await mkdtemp(path.join(options.folder, TEMPORARY_PREFIX))
  const env = { ...options.env, CGO_ENABLED: '0', GOGC: '400', GOWORK: 'off' }
  const cwd = path.join(BINARIES_FOLDER, module.name)
  using progress = reportProgress(`building ${module.binaries.join(', ')} from source`, options.report, signal)
  const built = await execute('go', buildArguments(module, options.release, output), { cwd, env }, signal)
  progress.end(built.ok)
  try {
    if (!built.ok) return `go build in ${cwd}: ${lastLines(built.stderr)}`
    for (const name of module.binaries) await rename(path.join(output, name), path.join(options.folder, name))
    return undefined
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

/** Pure: the command line after `go`. */
export function buildArguments(module: Module, release: Release, output: string): readonly string[] {
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(module.name, release)]
  // The folder form of -o names each output after its package; etcd's wrapper lies in the module's root.
  const target = module.name === 'etcd' ? path.join(output, 'etcd') : `${output}${path.sep}`
  return ['build', ...flags, '-o', target, ...module.binaries.map(packageOf)]
}

function packageOf(name: BinaryName): string {
  if (name === 'etcd') return '.'
  if (name === 'kwok') return 'sigs.k8s.io/kwok/cmd/kwok'
  return `k8s.io/kubernetes/cmd/${name}`
}

// Unstamped, every part of Kubernetes calls itself v0.0.0-master and each version check fails.
function linkerFlags(module: Module['name'], release: Release): string {
  if (module !== 'kube') return '-s -w'
  const [major = '', minor = ''] = minorOf(release.kubernetes).split('.')
  const values = {
    gitVersion: `v${release.kubernetes}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'go-module',
    buildDate: '1970-01-01T00:00:00Z', // constant: the same sources give the same bytes
  }
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  const stamps = packages.flatMap((name) => Object.entries(values).map(([key, text]) => `-X ${name}.${key}=${text}`))
  return ['-s', '-w', ...stamps].join(' ')
}

interface Progress extends Disposable {
  end(ok: boolean): void
}

function reportProgress(what: string, report: (line: string) => void, signal: AbortSignal): Progress {
  const startedMs = systemClock.monotonicMs()
  const elapsed = (): string => formatDuration(systemClock.monotonicMs() - startedMs)
  const scope = scopeOf([signal])
  const tick = async (): Promise<void> => {
    for (;;) {
      await systemClock.sleep(PROGRESS_MS, scope.signal)
      report(`${what}: ${elapsed()}`)
    }
  }
  report(`${what} (cold about 7 minutes in all on 2 cores, afterwards cached)`)
  tick().catch((error: unknown) => {
    if (!isAbort(error)) report(`${what}: ${String(error)}`)
  })
  return {
    end: (ok) => report(`${what}: ${ok ? 'done' : 'failed'} after ${elapsed()}`),
    [Symbol.dispose]: () => {
      scope.abort()
      scope[Symbol.dispose]()
    },
  }
}

async function removeLeftovers(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => [])
  const old = entries.filter((entry) => entry.startsWith(TEMPORARY_PREFIX))
  for (const entry of old) await rm(path.join(folder, entry), { recursive: true, force: true })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ')
}
