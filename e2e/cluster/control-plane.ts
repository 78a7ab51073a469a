// A real Kubernetes API server for tests, benches and `make run`: the cluster of KUBECONFIG, or our own processes on
// loopback. Promised: what is started here ends here, also when the harness is killed. Not promised: containers;
// a simulated node only says that pods run.
import type { BinaryName } from './catalog.ts'
import { findBinaries, type Binary } from './binaries.ts'
import { useGivenCluster } from './given.ts'
import { startOwnControlPlane } from './own.ts'
import type { Part } from './parts.ts'
import type { Environment } from './run-folder.ts'
import type { Fault } from './supervisor.ts'

export interface ControlPlaneOptions {
  /** simulated: one node whose pods become ready, end and go without running anything. */
  readonly nodes: 'none' | 'simulated'
  /** True starts controller manager and scheduler; simulated nodes need them. */
  readonly controllers: boolean
  /** Kubernetes, '1.36' or '1.36.4'; the default of e2e/binaries/versions.json when absent. */
  readonly version?: string
  /** An audit log of each request's metadata. */
  readonly audit?: boolean
  readonly report?: (line: string) => void
  /** Pins etcd and the API server to one processor, so that a bench measures the client on the others. */
  readonly serverCpu?: number
  /** process.env when absent: PATH, KUBECONFIG, KUBEBUILDER_ASSETS, XDG_CACHE_HOME, HIGHLANDER_RUN_DIR, KEEP. */
  readonly env?: Environment
}

export interface ControlPlane extends AsyncDisposable {
  readonly type: 'running'
  readonly server: URL
  /** As /version says: 'v1.36.4'. */
  readonly version: string
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Path of a kubectl of the same minor version. */
  readonly kubectl: string
  /** True: from KUBECONFIG. Faults are refused, there are no logs. */
  readonly given: boolean
  readonly runDir: string
  readonly auditLog?: string
  /** Path of the log of one part. */
  logOf(part: Part): string
  /** Path of a kubeconfig for that user; a service account's user name tests RBAC as shipped. */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>
  /** Throws TerminalError when the part is not there to be faulted. */
  fault(part: Part, what: Fault): Promise<void>
}

export interface Unavailable {
  readonly type: 'unavailable'
  readonly missing: readonly BinaryName[]
  /** One line per place that was looked at in vain. */
  readonly tried: readonly string[]
}

/** Throws TerminalError when something was found but does not start or answer, AbortError when the signal fires. */
export async function startControlPlane(
  options: ControlPlaneOptions,
  signal: AbortSignal,
): Promise<ControlPlane | Unavailable> {
  const env = options.env ?? process.env
  const given = env['KUBECONFIG'] ?? ''
  const names: readonly BinaryName[] = given === '' ? binariesFor(options) : ['kubectl']
  const { found, missing, tried } = await findBinaries(names, options, signal)
  if (missing.length > 0) return { type: 'unavailable', missing, tried }
  const report = options.report ?? (() => undefined)
  report(describeBinaries([...found.values()]))
  const fileOf = (name: BinaryName): string => found.get(name)?.path ?? name
  if (given !== '') return await useGivenCluster({ kubeconfig: given, kubectl: fileOf('kubectl'), env }, signal)
  return await startOwnControlPlane({ ...options, env, report, fileOf }, signal)
}

/** One text for errors and skips: what is missing, where it was looked for, how to go on. */
export function describeUnavailable(unavailable: Unavailable): string {
  const advice =
    'Install Go 1.26 to have them built, put them on PATH or into KUBEBUILDER_ASSETS, or set KUBECONFIG to a cluster.'
  const tried = unavailable.tried.map((line) => `  ${line}`)
  return [`No control plane: missing ${unavailable.missing.join(', ')}. Tried:`, ...tried, advice].join('\n')
}

function binariesFor(options: ControlPlaneOptions): readonly BinaryName[] {
  const controllers: readonly BinaryName[] = ['kube-controller-manager', 'kube-scheduler']
  return [
    'etcd',
    'kube-apiserver',
    'kubectl',
    ...(options.controllers ? controllers : []),
    ...(options.nodes === 'simulated' ? (['kwok'] as const) : []),
  ]
}

function describeBinaries(binaries: readonly Binary[]): string {
  return `using ${binaries.map(({ name, version, origin }) => `${name} ${version} (${origin})`).join(', ')}`
}
