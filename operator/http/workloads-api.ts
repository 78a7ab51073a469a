// /api/workloads, /api/workloads/{name}, /api/workload-names and /api/pods, from the stores. PURE.
import type { CrFact, PodFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { kindInfo, kinds } from '#api/generated/kinds.ts'
import { annotation, label } from '#api/labels.ts'
import type { Stores } from '#api/ports.ts'
import type { Identity, OperatorView, Readiness, Workloads } from '#api/view.ts'
import { fieldsOf, readinessOf, storedOf, textOf } from '#api/view.ts'
import { formatDuration, formatTime } from '#lib/time.ts'
import type { Answer } from './answer.ts'
import { failure, success } from './answer.ts'
import { detailsOf } from './workload-details.ts'

interface Listed {
  readonly name: string
  readonly namespace: string
  readonly kind: KindName
  readonly type: string
  readonly active: boolean
  readonly healthy: boolean
  readonly reason: string
  readonly lastError?: string
  readonly lastTransition: string | null
  readonly details: object
}

/** Name of the group in paths, and of the map in its details; both as in the Go version. */
const groupNames: Readonly<Record<KindName, { readonly group: string; readonly map: string }>> = {
  WorkloadProcess: { group: 'processes', map: 'processes' },
  WorkloadCronJob: { group: 'cronjobs', map: 'cronJobs' },
  WorkloadService: { group: 'service', map: 'service' },
  WorkloadPersistent: { group: 'persistent', map: 'persistent' },
}

/** The bare name in the configured namespace, else `<namespace>/<name>`. */
export function keyInMaps(cr: CrFact, identity: Identity): string {
  return cr.namespace === identity.namespace ? cr.name : `${cr.namespace}/${cr.name}`
}

export function listWorkloads(view: OperatorView, workloads: Workloads): Answer {
  return success(Object.fromEntries(kinds.map((kind) => [groupNames[kind].group, groupOf(kind, view, workloads)])))
}

export function listNames(view: OperatorView, workloads: Workloads): Answer {
  return success(
    ours(view, workloads)
      .map((cr) => keyInMaps(cr, view.identity))
      .toSorted(),
  )
}

export function getWorkload(
  asked: { readonly name: string; readonly namespace: string | undefined },
  view: OperatorView,
  workloads: Workloads,
): Answer {
  const { name, namespace } = asked
  const kind = kinds.find((known) => groupNames[known].group === name)
  if (kind !== undefined && namespace === undefined) return success(groupOf(kind, view, workloads))
  const isAsked = (cr: CrFact): boolean => cr.name === name && (namespace === undefined || cr.namespace === namespace)
  const found = ours(view, workloads).filter(isAsked)
  const [only] = found
  const stores = view.informers()?.stores
  if (only === undefined || stores === undefined) return failure(404, `there is no workload '${name}'`)
  if (found.length === 1) return success(listed(only, stores, workloads))
  const candidates = found.map((cr) => ({ kind: cr.kind, namespace: cr.namespace, name: cr.name }))
  return failure(409, `there are ${found.length} workloads '${name}'; add ?namespace= to choose one`, { candidates })
}

/** Only pods of managed workloads, and only the operator's own labels and annotations of them. */
export function listPods(view: OperatorView, namespace: string | undefined, nowMs: number): Answer {
  const pods = [...(view.informers()?.stores.children.Pod.all() ?? [])]
  return success(
    pods.filter((pod) => namespace === undefined || pod.namespace === namespace).map((pod) => listedPod(pod, nowMs)),
  )
}

function ours(view: OperatorView, workloads: Workloads): readonly CrFact[] {
  const stores = view.informers()?.stores
  return stores === undefined ? [] : [...workloads.ours(stores)]
}

function groupOf(kind: KindName, view: OperatorView, workloads: Workloads): object {
  const stores = view.informers()?.stores
  const crs = ours(view, workloads).filter((cr) => cr.kind === kind)
  const items =
    stores === undefined
      ? []
      : crs.map((cr) => ({ key: keyInMaps(cr, view.identity), item: listed(cr, stores, workloads) }))
  const lastError = items.find(({ item }) => item.lastError !== undefined)?.item.lastError
  const { group, map } = groupNames[kind]
  return {
    name: group,
    type: kindInfo[kind].type,
    active: items.some(({ item }) => item.active),
    healthy: items.every(({ item }) => item.healthy),
    ...(lastError === undefined ? {} : { lastError }),
    lastTransition:
      items
        .flatMap(({ item }) => item.lastTransition ?? [])
        .toSorted()
        .at(-1) ?? null,
    details: { [map]: Object.fromEntries(items.map(({ key, item }) => [key, item])) },
  }
}

function listed(cr: CrFact, stores: Stores, workloads: Workloads): Listed {
  const { active, healthy, state } = workloads.look(cr)
  const ready = readinessOf(cr)
  const lastError = problemOf(cr, ready, state === 'starting')
  return {
    name: cr.name,
    namespace: cr.namespace,
    kind: cr.kind,
    type: kindInfo[cr.kind].type,
    active,
    healthy,
    reason: ready?.reason ?? '',
    ...(lastError === undefined ? {} : { lastError }),
    lastTransition: ready?.since ?? null,
    details: detailsOf(cr, stores),
  }
}

function problemOf(cr: CrFact, ready: Readiness | undefined, isStarting: boolean): string | undefined {
  if (ready === undefined || isStarting) return undefined
  if (!ready.isTrue) return ready.message
  // A schedule can be in force, hence Ready, while its runs fail.
  const { conditions } = storedOf(cr).status
  const all = Array.isArray(conditions) ? conditions.map(fieldsOf) : []
  const health = all.find(({ type, status }) => type === 'Healthy' && status === 'False')
  return health === undefined ? undefined : textOf(health['message'])
}

const ownLabels: readonly string[] = Object.values(label)
const ownAnnotations = [annotation.epoch, annotation.applied, annotation.builder, annotation.token] as const

function listedPod(pod: PodFact, nowMs: number): object {
  const { epoch, applied, builder, token } = annotation
  const values = {
    [epoch]: pod.epoch === 0n ? '' : String(pod.epoch),
    [applied]: pod.applied,
    [builder]: pod.builder,
    [token]: pod.token,
  }
  return {
    name: pod.name,
    namespace: pod.namespace,
    status: pod.deleting ? 'Terminating' : pod.phase,
    node: pod.node ?? '',
    age: formatDuration(nowMs - pod.createdAtMs),
    createdAt: formatTime(pod.createdAtMs),
    controllerId: pod.labels[label.controllerId] ?? '',
    clusterName: pod.labels[label.clusterName] ?? '',
    labels: Object.fromEntries(Object.entries(pod.labels).filter(([name]) => ownLabels.includes(name))),
    annotations: Object.fromEntries(
      ownAnnotations.map((name) => [name, values[name] ?? '']).filter(([, value]) => value !== ''),
    ),
  }
}
