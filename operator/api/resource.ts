// Where each kind lives in the API. Static, so that start-up needs no discovery calls.
import type { ChildKind, KindName } from './generated/kinds.ts'
import { kindInfo, kinds } from './generated/kinds.ts'
import { API_GROUP } from './labels.ts'

/** Every kind that is watched. */
export type WatchedKind = KindName | ChildKind | 'Node'

export interface ResourceType {
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

const childResources: Readonly<Record<ChildKind | 'Node', ResourceType>> = {
  Pod: native('', 'Pod', 'pods'),
  Service: native('', 'Service', 'services'),
  PersistentVolumeClaim: native('', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  Deployment: native('apps', 'Deployment', 'deployments'),
  StatefulSet: native('apps', 'StatefulSet', 'statefulsets'),
  CronJob: native('batch', 'CronJob', 'cronjobs'),
  Job: native('batch', 'Job', 'jobs'),
  Node: { ...native('', 'Node', 'nodes'), namespaced: false },
}

export const leaseResource: ResourceType = native('coordination.k8s.io', 'Lease', 'leases')
export const eventResource: ResourceType = native('events.k8s.io', 'Event', 'events')

export function resourceOf(kind: WatchedKind): ResourceType {
  return kind in childResources ? childResource(kind) : workloadResource(kind)
}

export function apiVersionOf(resource: ResourceType): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

export interface PathOptions {
  /** Left out: all namespaces (or a cluster-scoped object). */
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: 'status'
}

/** `/apis/apps/v1/namespaces/prod/deployments/api/status` */
export function pathOf(resource: ResourceType, options: PathOptions = {}): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = options.namespace === undefined || !resource.namespaced ? '' : `/namespaces/${options.namespace}`
  const object = options.name === undefined ? '' : `/${options.name}`
  const subresource = options.subresource === undefined ? '' : `/${options.subresource}`
  return `${root}${scope}/${resource.plural}${object}${subresource}`
}

function native(group: string, kind: string, plural: string): ResourceType {
  return { group, version: 'v1', kind, plural, namespaced: true }
}

function workloadResource(kind: string): ResourceType {
  const name = kinds.find((known) => known === kind)
  if (name === undefined) throw new TypeError(`unknown kind ${kind}`)
  return { group: API_GROUP, version: 'v1', kind, plural: kindInfo[name].plural, namespaced: true }
}

function childResource(kind: string): ResourceType {
  const found = Object.entries(childResources).find(([name]) => name === kind)
  if (found === undefined) throw new TypeError(`unknown kind ${kind}`)
  return found[1]
}
