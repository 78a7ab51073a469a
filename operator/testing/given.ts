// Builders of what tests start from: facts as the stores hold them, children as the workloads build them, a term that
// the test ends, raw objects as the API server sends them. Each has sensible defaults for one workload, prod/report;
// a test names only what it is about.
import type {
  ChildFact,
  ClaimFact,
  ContainerFact,
  CronJobFact,
  CrFact,
  DeploymentFact,
  JobFact,
  NodeFact,
  PodFact,
  ServiceFact,
  StatefulSetFact,
} from '#api/facts.ts'
import type { ChildKind, KindName } from '#api/generated/kinds.ts'
import type { Key } from '#api/key.ts'
import { keyOf } from '#api/key.ts'
import { API_VERSION, annotation, COMMON_MANAGED_BY, label, MANAGED_BY } from '#api/labels.ts'
import type { Child, Role, Term } from '#api/ports.ts'
import { apiVersionOf, resourceOf } from '#api/resource.ts'
import type { WatchedKind } from '#api/resource.ts'
import type { Observed } from '#workloads/workload.ts'

export const NAMESPACE = 'prod'
export const NAME = 'report'
/** 2026-01-01T00:00:00Z: "now" of observed(), and the creation of everything. */
export const NOW_MS = 1_767_225_600_000

export const given = {
  cr,
  pod,
  container,
  deployment,
  statefulSet,
  cronJob,
  job,
  service,
  claim,
  node,
  child,
  object,
  labels,
  term,
  observed,
}

/** `spec` and `status` as objects; they become the JSON text of the fact. */
export type CrOverrides = Partial<Omit<CrFact, 'spec' | 'status'>> & {
  readonly spec?: object
  readonly status?: object
}

function cr(over: CrOverrides = {}): CrFact {
  const { spec, status, ...rest } = over
  const kind = over.kind ?? 'WorkloadProcess'
  const name = over.name ?? NAME
  const namespace = over.namespace ?? NAMESPACE
  return {
    kind,
    namespace,
    name,
    uid: `uid-${name}`,
    resourceVersion: '100',
    generation: 1,
    createdAtMs: NOW_MS,
    deleting: false,
    labels: {},
    annotations: {},
    spec: JSON.stringify(spec ?? { image: 'example.test/report:1' }),
    status: JSON.stringify(status ?? {}),
    epoch: 0n,
    ...rest,
  }
}

/** A ready, running pod of the Process `report`, controlled by it. */
function pod(over: Partial<PodFact> = {}): PodFact {
  return {
    ...base('Pod', `${NAME}-pod`, over),
    phase: 'Running',
    ready: true,
    node: 'n1',
    podIp: '10.0.0.7',
    gated: false,
    token: '1048577',
    main: container(),
    anyRunning: true,
    images: { main: 'example.test/report:1' },
    ...over,
    kind: 'Pod',
  }
}

function container(over: Partial<ContainerFact> = {}): ContainerFact {
  const image = 'example.test/report:1'
  return { state: 'running', ready: true, restartCount: 0, image, imageId: '', startedAtMs: NOW_MS, ...over }
}

function deployment(over: Partial<DeploymentFact> = {}): DeploymentFact {
  const counts = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 }
  const versions = { generation: 1, observedGeneration: 1 }
  return { ...base('Deployment', NAME, over, 'WorkloadService'), ...versions, ...counts, ...over, kind: 'Deployment' }
}

function statefulSet(over: Partial<StatefulSetFact> = {}): StatefulSetFact {
  return {
    ...base('StatefulSet', NAME, over, 'WorkloadPersistent'),
    generation: 1,
    observedGeneration: 1,
    replicas: 1,
    readyReplicas: 1,
    updatedReplicas: 1,
    currentRevision: `${NAME}-1`,
    updateRevision: `${NAME}-1`,
    claimTemplates: '[]',
    ...over,
    kind: 'StatefulSet',
  }
}

function cronJob(over: Partial<CronJobFact> = {}): CronJobFact {
  const common = base('CronJob', NAME, over, 'WorkloadCronJob')
  const inForce = { suspended: false, schedule: '0 0 * * *', timeZone: 'UTC', activeJobs: [] }
  return { ...common, ...inForce, ...over, kind: 'CronJob' }
}

/** A running Job, controlled by the native CronJob `report`. */
function job(over: Partial<JobFact> = {}): JobFact {
  const controller = { kind: 'CronJob', name: NAME, uid: `uid-CronJob-${NAME}` }
  const common = { ...base('Job', `${NAME}-29453760`, over, 'WorkloadCronJob'), controller }
  return { ...common, result: 'Running', startedAtMs: NOW_MS, ...over, kind: 'Job' }
}

function service(over: Partial<ServiceFact> = {}): ServiceFact {
  const address = { clusterIp: '10.96.0.9', type: 'ClusterIP' }
  return { ...base('Service', NAME, over, 'WorkloadService'), ...address, ...over, kind: 'Service' }
}

function claim(over: Partial<ClaimFact> = {}): ClaimFact {
  const { controller: _none, ...common } = base('PersistentVolumeClaim', `data-${NAME}-0`, over, 'WorkloadPersistent')
  const volume = { phase: 'Bound', capacity: '1Gi', requested: '1Gi' }
  return { ...common, ...volume, ...over, kind: 'PersistentVolumeClaim' }
}

function node(over: Partial<NodeFact> = {}): NodeFact {
  const name = over.name ?? 'n1'
  return { kind: 'Node', namespace: '', name, uid: `uid-node-${name}`, resourceVersion: '5', ready: true, ...over }
}

interface ChildOverrides {
  readonly namespace?: string
  readonly name?: string
  readonly spec?: object
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly takesToken?: boolean
}

/** A child as a workload builds it; owned by the resource `report` of the kind that has such children. */
function child(kind: ChildKind, over: ChildOverrides = {}): Child {
  const namespace = over.namespace ?? NAMESPACE
  const name = over.name ?? (kind === 'Pod' ? `${NAME}-pod` : NAME)
  const owner = ownerKinds[kind]
  const reference = { apiVersion: API_VERSION, kind: owner, name: NAME, uid: `uid-${NAME}` }
  return {
    kind,
    namespace,
    name,
    takesToken: over.takesToken ?? false,
    object: {
      apiVersion: apiVersionOf(resourceOf(kind)),
      kind,
      metadata: {
        name,
        namespace,
        labels: over.labels ?? labels(owner),
        annotations: over.annotations ?? { [annotation.builder]: '1' },
        ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }],
      },
      spec: over.spec ?? (kind === 'Pod' ? { containers: [{ name: 'main', image: 'example.test/report:1' }] } : {}),
    },
  }
}

const ownerKinds: Readonly<Record<ChildKind, KindName>> = {
  Pod: 'WorkloadProcess',
  Deployment: 'WorkloadService',
  Service: 'WorkloadService',
  StatefulSet: 'WorkloadPersistent',
  PersistentVolumeClaim: 'WorkloadPersistent',
  CronJob: 'WorkloadCronJob',
  Job: 'WorkloadCronJob',
}

/** Raw JSON of an object as the API server sends it: `metadata` is merged, everything else taken as it is. */
function object(kind: WatchedKind, over: Readonly<Record<string, unknown>> = {}): object {
  const metadata = {
    name: NAME,
    namespace: NAMESPACE,
    uid: `uid-${kind}-${NAME}`,
    resourceVersion: '7',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(typeof over['metadata'] === 'object' ? over['metadata'] : {}),
  }
  return { apiVersion: apiVersionOf(resourceOf(kind)), kind, ...over, metadata }
}

/** The labels every child carries. */
function labels(kind: KindName = 'WorkloadProcess', name: string = NAME): Readonly<Record<string, string>> {
  return {
    [label.app]: name,
    [label.managedBy]: MANAGED_BY,
    [label.commonName]: name,
    [label.commonManagedBy]: COMMON_MANAGED_BY,
    [label.kind]: kind,
    [label.name]: name,
  }
}

interface TestTerm extends Term {
  /** What sawNewerEpoch was called with. */
  readonly newerEpochs: readonly bigint[]
  setRemainingMs(ms: number): void
  setRole(role: Role): void
  drain(): void
  end(): void
}

function term(over: { readonly epoch?: bigint; readonly remainingMs?: number; readonly role?: Role } = {}): TestTerm {
  const ended = new AbortController()
  const drained = new AbortController()
  const newerEpochs: bigint[] = []
  const epoch = over.epoch ?? 1n
  let remainingMs = over.remainingMs ?? 15_000
  let role: Role = over.role ?? 'active'
  let tokens = 0n
  return {
    epoch,
    holder: 'replica-a',
    cluster: 'east',
    tenant: 'default',
    sinceMs: NOW_MS,
    signal: ended.signal,
    draining: drained.signal,
    newerEpochs,
    remainingMs: () => (ended.signal.aborted ? 0 : remainingMs),
    nextToken: () => (epoch << 20n) + ++tokens,
    role: () => role,
    sawNewerEpoch: (seen) => void newerEpochs.push(seen),
    setRemainingMs: (ms) => void (remainingMs = ms),
    setRole: (next) => void (role = next),
    drain: () => drained.abort(),
    end: () => ended.abort(),
  }
}

/** A snapshot of a Process that nothing was made for yet. */
function observed(over: Partial<Observed> = {}): Observed {
  const nothing = {
    stored: {},
    children: [],
    others: [],
    pods: [],
    gone: new Set<string>(),
    nodes: new Map(),
    silentForMs: new Map(),
    findings: {},
  }
  const { epoch, holder, cluster, tenant, sinceMs } = term()
  const facts = { epoch, holder, cluster, tenant, sinceMs }
  return { cr: cr(), ...nothing, term: facts, role: 'active', nowMs: NOW_MS, ...over }
}

function base<K extends ChildKind>(kind: K, own: string, over: Partial<ChildFact>, ownerKind?: KindName) {
  const owner = ownerKind ?? 'WorkloadProcess'
  const name = over.name ?? own
  const key: Key = keyOf(owner, over.namespace ?? NAMESPACE, NAME)
  return {
    kind,
    namespace: NAMESPACE,
    name,
    uid: `uid-${kind}-${name}`,
    resourceVersion: '7',
    owner: key,
    createdAtMs: NOW_MS,
    controller: { kind: owner, name: NAME, uid: `uid-${NAME}` },
    labels: labels(owner),
    deleting: false,
    epoch: 1n,
    applied: 'applied',
    builder: '1',
    liveHash: 'live',
  }
}
