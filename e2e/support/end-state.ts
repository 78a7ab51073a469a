// The state of a workload and its children without what differs between any two runs: uids, versions, times, names
// that Kubernetes makes up, the replica and term that wrote.
import type { KindName } from '#api/generated/kinds.ts'
import { at, type Json } from './api.ts'
import type { Found, World } from './world.ts'

const CHILDREN: readonly Found[] = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'Job',
  'Service',
  'PersistentVolumeClaim',
]

// Names that differ between any two runs, wherever they stand; history and lastFailover tell how a state was reached.
const VOLATILE = `
  history lastFailover
  uid podUID resourceVersion generation observedGeneration managedFields
  generateName selfLink creationTimestamp lastTransitionTime startedAt nextScheduleTime
  since at holder term token epoch
  controller-id clusterIP clusterIPs volumeName pod-template-hash highlander.plexobject.io/epoch
  highlander.plexobject.io/token highlander.plexobject.io/applied deployment.kubernetes.io/revision message pod controller-revision-hash
  applied
`
const VOLATILE_KEYS: ReadonlySet<string> = new Set(VOLATILE.trim().split(/\s+/))

export async function endStateOf(world: World, kind: KindName, name: string): Promise<Json> {
  const resource = await world.get(kind, name)
  const children = await Promise.all(CHILDREN.map((kind) => childrenOf(world, kind)))
  const ours = children.flat().map(({ kind, child }) => ({
    // Pods of a Deployment have names that Kubernetes makes up.
    name: kind === 'Pod' ? 'pod' : at(child, 'metadata', 'name'),
    metadata: { labels: at(child, 'metadata', 'labels'), annotations: at(child, 'metadata', 'annotations') },
    spec: at(child, 'spec'),
  }))
  return clean({ status: at(resource, 'status'), children: ours }, world.namespace)
}

interface Seen {
  readonly kind: Found
  readonly child: Json
}

/** Items of a list do not say their kind. */
async function childrenOf(world: World, kind: Found): Promise<readonly Seen[]> {
  return (await world.list(kind, 'managed-by=k8-highlander')).map((child) => ({ kind, child }))
}

function clean(value: Json, namespace: string): Json {
  if (typeof value === 'string')
    return value.replaceAll(namespace, 'NAMESPACE').replaceAll(/kube-api-access-\w+/g, 'kube-api-access')
  if (Array.isArray(value)) return value.map((item) => clean(item, namespace))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !VOLATILE_KEYS.has(key))
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, clean(item, namespace)]),
  )
}

/** One line per place where two states differ: a whole end state is too long to find anything in. */
export function differencesOf(expected: Json, actual: Json, path = ''): readonly string[] {
  if (!isContainer(expected) || !isContainer(actual)) {
    const [left, right] = [JSON.stringify(expected), JSON.stringify(actual)]
    return left === right ? [] : [`${path}: expected ${left ?? 'nothing'}, got ${right ?? 'nothing'}`]
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
  return [...keys].flatMap((key) => differencesOf(at(expected, key), at(actual, key), `${path}/${key}`))
}

function isContainer(value: Json): value is object {
  return typeof value === 'object' && value !== null
}
