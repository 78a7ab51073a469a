// What a story needs: a namespace of its own on the control plane of this test run, an operator that is the tenant of
// only that namespace, with the rights of manifests/rbac.yaml, and words to look at objects and to wait.
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { randomUUID } from 'node:crypto'
import type { KindName } from '#api/generated/kinds.ts'
import { apiVersionOf, pathOf, resourceOf, type WatchedKind } from '#api/resource.ts'
import { systemClock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'
import { testCluster, type TestCluster } from '../cluster/fixture.ts'
import { pickPorts } from '../cluster/ports.ts'
import { at, connectApi, itemsOf, textAt, type Api, type Json } from './api.ts'
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from './identity.ts'
import { kubectlFor, type Kubectl } from './kubectl.ts'
import { startOperator, type OperatorProcess } from './operator-process.ts'

export type Found = WatchedKind

/** Objects of the world's namespace. */
interface Objects {
  get(kind: Found, name: string, namespace?: string): Promise<Json>
  list(kind: Found, selector?: string): Promise<readonly Json[]>
  /** Creates one of our resources. Throws with the server's sentence. */
  create(kind: KindName, name: string, spec: object, metadata?: object): Promise<Json>
  patch(kind: Found, name: string, patch: object): Promise<Json>
  remove(kind: Found, name: string, parameters?: string): Promise<void>
  /** Resolves when active and healthy are both true for the current generation. */
  healthy(kind: KindName, name: string, namespace?: string): Promise<Json>
  condition(kind: KindName, name: string, type: string): Promise<Condition | undefined>
  /** Events about the resource, in no order. */
  events(name: string): Promise<readonly Told[]>
}

export interface World extends Objects, AsyncDisposable {
  readonly cluster: TestCluster
  readonly api: Api
  readonly kubectl: Kubectl
  readonly namespace: string
  /** For logs and kubeconfigs. */
  readonly folder: string
  /** Started and ready. */
  operator(options?: OperatorOptions): Promise<OperatorProcess>
}

interface Told {
  readonly reason: string
  readonly note: string
}

export interface Condition {
  readonly status: string
  readonly reason: string
  readonly message: string
}

interface OperatorOptions {
  readonly namespaces?: readonly string[]
  readonly kubeconfig?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Do not wait for readiness. */
  readonly raw?: boolean
}

const PATIENCE_MS = 45_000
const PAUSE_MS = 25

/** For beforeEach: a story without a cluster is skipped, and says so. */
export function needsCluster(context: { skip(condition: boolean, note?: string): void }): void {
  context.skip(testCluster() === undefined, 'no control plane; see [cluster] above')
}

// A busy machine must not cost the term where leadership is not the subject.
const DEFAULT_LEASE_SECONDS = 15

/** A short lease makes a crash cost seconds; it needs a machine that renews in time. */
export async function openWorld(name: string, leaseSeconds = DEFAULT_LEASE_SECONDS): Promise<World> {
  const cluster = testCluster()
  if (cluster === undefined) throw new Error('no control plane')
  const stack = new AsyncDisposableStack()
  const api = stack.use(await connectApi(cluster.kubeconfig))
  const namespace = `${name}-${randomUUID().slice(0, 8)}`
  const folder = await mkdtemp(path.join(os.tmpdir(), `story-${name}-`))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await api.must('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } })
  stack.defer(async () => {
    await api.request('DELETE', `/api/v1/namespaces/${namespace}`)
  })
  const operatorKubeconfig = await cluster.kubeconfigFor(
    SERVICE_ACCOUNT,
    ['system:serviceaccounts'],
    AbortSignal.timeout(10_000),
  )
  const objects = objectsIn(api, namespace)
  const world: World = {
    ...objects,
    cluster,
    api,
    namespace,
    folder,
    kubectl: kubectlFor(cluster.kubectl, cluster.kubeconfig),
    operator: async (options = {}) => {
      const [port = 0] = await pickPorts(1)
      const operator = stack.use(launch(world, port, { kubeconfig: operatorKubeconfig, leaseSeconds, ...options }))
      if (options.raw !== true) await operator.ready(AbortSignal.timeout(30_000))
      return operator
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  return world
}

function objectsIn(api: Api, namespace: string): Objects {
  const pathTo = (kind: Found, name?: string, where = namespace): string =>
    pathOf(resourceOf(kind), { namespace: where, ...(name === undefined ? {} : { name }) })
  const objects: Objects = {
    get: async (kind, name, where) => {
      const answer = await api.request('GET', pathTo(kind, name, where))
      return answer.status === 200 ? answer.body : undefined
    },
    list: async (kind, selector = '') =>
      itemsOf(await api.must('GET', `${pathTo(kind)}?labelSelector=${encodeURIComponent(selector)}`), 'items'),
    create: async (kind, name, spec, metadata = {}) => {
      const body = { apiVersion: apiVersionOf(resourceOf(kind)), kind, metadata: { name, ...metadata }, spec }
      return await api.must('POST', `${pathTo(kind)}?fieldValidation=Strict`, { body })
    },
    patch: async (kind, name, patch) =>
      await api.must('PATCH', pathTo(kind, name), { body: patch, contentType: 'application/merge-patch+json' }),
    remove: async (kind, name, parameters = '') => {
      await api.must('DELETE', `${pathTo(kind, name)}${parameters}`)
    },
    healthy: (kind, name, where) =>
      eventually(`${kind} ${name} active and healthy`, async () => healthyOf(await objects.get(kind, name, where))),
    condition: async (kind, name, type) => conditionOf(await objects.get(kind, name), type),
    events: async (name) =>
      itemsOf(await api.must('GET', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`), 'items')
        .filter((event) => textAt(event, 'regarding', 'name') === name)
        .map((event) => ({ reason: textAt(event, 'reason'), note: textAt(event, 'note') })),
  }
  return objects
}

type Launch = OperatorOptions & { readonly leaseSeconds: number }

function launch(world: World, port: number, options: Launch): OperatorProcess {
  return startOperator({
    kubeconfig: options.kubeconfig ?? world.cluster.kubeconfig,
    port,
    logFile: path.join(world.folder, `operator-${port}.log`),
    environment: {
      HIGHLANDER_WATCH_NAMESPACES: [world.namespace, ...(options.namespaces ?? [])].join(','),
      HIGHLANDER_TENANT: world.namespace,
      HIGHLANDER_NAMESPACE: world.namespace,
      HIGHLANDER_LEASE_NAMESPACE: OPERATOR_NAMESPACE,
      HIGHLANDER_LEADER_LOCK_TTL: String(options.leaseSeconds),
      HIGHLANDER_LOG_LEVEL: 'debug',
      HIGHLANDER_ID: `operator-${port}`,
      ...options.environment,
    },
  })
}

/** Asks again and again until the answer is neither undefined nor false. Throws what it last heard. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = systemClock.monotonicMs() + patienceMs
  let last: unknown = 'no answer'
  while (systemClock.monotonicMs() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = answer
    } catch (error) {
      last = messageOf(error)
    }
    await systemClock.sleep(PAUSE_MS, AbortSignal.timeout(patienceMs + 1_000))
  }
  throw new Error(`not reached in ${patienceMs / 1000} s: ${what}. Last: ${JSON.stringify(last)}`)
}

function conditionOf(resource: Json, type: string): Condition | undefined {
  const found = itemsOf(resource, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type)
  if (found === undefined) return undefined
  return { status: textAt(found, 'status'), reason: textAt(found, 'reason'), message: textAt(found, 'message') }
}

export function uidOf(object: Json): string {
  return textAt(object, 'metadata', 'uid')
}

/** Throws what the status says instead. */
function healthyOf(resource: Json): Json {
  const isCurrent = at(resource, 'status', 'observedGeneration') === at(resource, 'metadata', 'generation')
  const isHealthy = at(resource, 'status', 'active') === true && at(resource, 'status', 'healthy') === true
  if (isCurrent && isHealthy) return resource
  throw new Error(`status ${JSON.stringify(at(resource, 'status'))}`)
}
