// The stage: a control plane on one core, namespaces, resource definitions, the rights of the operator.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '#lib/clock.ts'
import {
  describeUnavailable,
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../cluster/control-plane.ts'
import { pickPorts } from '../cluster/ports.ts'
import { at, connectApi, itemsOf, textAt, type Api } from '../support/api.ts'
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/identity.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { startOperator, type OperatorProcess } from '../support/operator-process.ts'
import { CR_PATH, inFlight, nameOf, NAMESPACES, namespaceOf, podPath, resource, resourcePath } from './objects.ts'
import { observe } from './observe.ts'
import { templatesFrom, type Subject, type Templates } from './raw.ts'

const SERVER_CPU = 0
const CLIENT_CPU = 1
const REPLICA_SETS = '/apis/apps/v1'
// A controller may replace a pod in the moment that its ReplicaSet goes; garbage collection takes it away.
const CLEAR_MS = 60_000

// The flags and environment of the image. A small young generation and a heap that grows in small steps cost time and
// save tens of MiB; one arena for malloc saves 10 to 20 MiB that threads of V8 would hold on to.
const IMAGE_FLAGS = ['--max-semi-space-size=1', '--optimize-for-size']
const IMAGE_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' }

const ROOT = path.resolve(import.meta.dirname, '../..')
const MANIFESTS = path.join(ROOT, 'manifests')

export interface Stage extends AsyncDisposable {
  readonly plane: ControlPlane
  readonly api: Api
  /** Started on the client's core; not waited for. */
  operator(preload?: string): Promise<OperatorProcess>
  /** `count` resources; what the raw loop must know of each. */
  createResources(prefix: string, count: number): Promise<readonly Subject[]>
  /** The pattern of the raw loop's bytes: one workload made by the operator, and cleared away again. */
  templates(): Promise<Templates>
  /** All resources and pods, and nothing returns before they are gone. */
  clear(): Promise<void>
}

export async function openStage(
  options: Pick<ControlPlaneOptions, 'nodes' | 'controllers'>,
  signal: AbortSignal,
): Promise<Stage> {
  const plane = await startControlPlane(
    { ...options, audit: true, serverCpu: SERVER_CPU, report: (line) => console.error(line) },
    signal,
  )
  if (plane.type === 'unavailable') throw new Error(describeUnavailable(plane))
  const api = await connectApi(plane.kubeconfig, 64)
  const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
  await kubectl.run(['apply', '-f', path.join(MANIFESTS, 'crds.yaml'), '-f', path.join(MANIFESTS, 'rbac.yaml')])
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', path.join(MANIFESTS, 'crds.yaml')])
  await inFlight(NAMESPACES, 8, async (index) => {
    await api.must('POST', '/api/v1/namespaces', { body: { metadata: { name: namespaceOf(index) } } })
  })
  const program = await bundle(plane.runDir)
  const kubeconfig = await plane.kubeconfigFor(SERVICE_ACCOUNT, ['system:serviceaccounts'])
  const stage: Stage = {
    plane,
    api,
    templates: () => learn(stage),
    operator: async (preload) => {
      const [port = 0] = await pickPorts(1)
      return startOperator({
        kubeconfig,
        port,
        cpu: CLIENT_CPU,
        program: [...(preload === undefined ? [] : [`--import=${preload}`]), ...IMAGE_FLAGS, program],
        logFile: path.join(plane.runDir, `operator-${port}.log`),
        environment: {
          ...IMAGE_ENVIRONMENT,
          HIGHLANDER_LEASE_NAMESPACE: OPERATOR_NAMESPACE,
        },
      })
    },
    createResources: (prefix, count) => createResources(api, prefix, count),
    clear: () => clear(api),
    [Symbol.asyncDispose]: async () => {
      api[Symbol.dispose]()
      await plane[Symbol.asyncDispose]()
    },
  }
  return stage
}

async function learn(stage: Stage): Promise<Templates> {
  await using observer = observe(stage.api, { objects: '/api/v1/pods', ownerOf: (name) => name.replace(/-pod$/, '') })
  await stage.createResources('pattern', 1)
  await using operator = await stage.operator()
  await observer.until('statuses', 1, 60_000)
  const templates = await templatesFrom(stage.api, namespaceOf(0), nameOf('pattern', 0))
  operator.send('SIGTERM')
  await operator.exited
  await stage.clear()
  return templates
}

/** A snapshot of the sources as the image has them: edits during the run change nothing. */
async function bundle(folder: string): Promise<string> {
  const target = path.join(folder, 'bundle')
  await promisify(execFile)(process.execPath, [path.join(ROOT, 'operator/tools/bundle.ts'), target])
  return path.join(target, 'highlander.mjs')
}

async function createResources(api: Api, prefix: string, count: number): Promise<readonly Subject[]> {
  const subjects: Subject[] = []
  await inFlight(count, 32, async (index) => {
    const namespace = namespaceOf(index)
    const made = await api.must('POST', resourcePath(namespace), { body: resource(namespace, nameOf(prefix, index)) })
    subjects[index] = {
      uid: textAt(made, 'metadata', 'uid'),
      resourceVersion: textAt(made, 'metadata', 'resourceVersion'),
    }
  })
  return subjects
}

async function clear(api: Api): Promise<void> {
  await inFlight(NAMESPACES, 8, async (index) => {
    await api.must(
      'DELETE',
      `${REPLICA_SETS}/namespaces/${namespaceOf(index)}/replicasets?propagationPolicy=Background`,
    )
    await api.must('DELETE', resourcePath(namespaceOf(index)))
    await api.must('DELETE', `${podPath(namespaceOf(index))}?gracePeriodSeconds=0`)
  })
  const deadline = systemClock.monotonicMs() + CLEAR_MS
  for (;;) {
    const left = await Promise.all(
      ['/api/v1/pods', `${CR_PATH}/workloadprocesses`].map((path) => api.must('GET', path)),
    )
    const names = left.flatMap((list) => itemsOf(list, 'items')).map((item) => at(item, 'metadata', 'name'))
    if (names.length === 0) return
    if (systemClock.monotonicMs() > deadline)
      throw new Error(`${names.length} objects are left after clearing, such as ${String(names[0])}`)
    await systemClock.sleep(100, AbortSignal.timeout(CLEAR_MS))
  }
}
