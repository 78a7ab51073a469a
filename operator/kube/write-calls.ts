// The requests of the writer, as data. Pure. What makes a late one harmless is in them:
// a create can only create, everything else names the uid and the version it was decided on.
import type { ChildFact, ClaimFact, CrFact, Fact, PodFact, PodRef } from '#api/facts.ts'
import { annotation, fieldManager, GRANT_GATE } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { apiVersionOf, pathOf, resourceOf } from '#api/resource.ts'
import type { WatchedKind } from '#api/resource.ts'
import type { Call } from './call.ts'
import { listAt, numberAt, textAt } from '#lib/json.ts'
import type { Stamps } from './stamps.ts'
import { annotationsOf, stamped } from './stamps.ts'

/** A call without what the fence adds. */
export type WriteCall = Omit<Call, 'deadlineMs' | 'maySend'>

const APPLY = 'application/apply-patch+yaml'
const STRATEGIC_MERGE = 'application/strategic-merge-patch+json'
const MERGE = 'application/merge-patch+json'

const STRICT = { fieldManager: fieldManager.children, fieldValidation: 'Strict' } as const
const DRY_RUN = { dryRun: 'All' } as const

// Never the version of an object: with it and no uid an apply is refused when the object exists.
const CREATE_ONLY = { resourceVersion: '1' } as const

/** Pods: POST under their fixed name. Others: an apply that can only create, so that one field manager owns all. */
export function createCall(child: Child, stamps: Stamps): WriteCall {
  if (child.kind === 'Pod') {
    const path = collectionOf(child)
    return { method: 'POST', path, query: STRICT, body: stamped(child, stamps, {}), resource: pluralOf(child.kind) }
  }
  return applyCall(child, stamped(child, stamps, CREATE_ONLY))
}

/** A create under a generated name that leaves nothing behind. */
export function tryCall(child: Child, stamps: Stamps): WriteCall {
  const { name, ...metadata } = stamped(child, stamps, {}).metadata
  const body = { ...child.object, metadata: { ...metadata, generateName: `${name}-` } }
  const path = collectionOf(child)
  return { method: 'POST', path, query: { ...STRICT, ...DRY_RUN }, body, resource: pluralOf(child.kind) }
}

/**
 * A dry run does not look whether an address is free, nor whether a port of the nodes is in range: a Service that has
 * nothing but these, and that stays until it is removed. Undefined when none is asked for.
 */
export function reserveCall(child: Child, stamps: Stamps): WriteCall | undefined {
  if (child.kind !== 'Service') return undefined
  const clusterIP = textAt(child.object.spec, 'clusterIP')
  const ports = listAt(child.object.spec, 'ports')
  const isOnNodes = ports.some((port) => numberAt(port, 'nodePort') !== undefined)
  if (clusterIP === 'None' || (clusterIP === undefined && !isOnNodes)) return undefined
  const spec = { type: isOnNodes ? 'NodePort' : 'ClusterIP', ports, ...(clusterIP === undefined ? {} : { clusterIP }) }
  const bare = { ...child.object, metadata: { ...child.object.metadata, annotations: {} }, spec }
  return { ...tryCall({ ...child, object: bare }, stamps), query: STRICT }
}

/** A change over the version in `over`. */
export function changeCall(child: Child, over: ChildFact, stamps: Stamps): WriteCall {
  if (over.kind === 'Pod' || over.kind === 'PersistentVolumeClaim') return patchCall(child, over, stamps)
  return applyCall(child, stamped(child, stamps, versionOf(over)))
}

export function asDryRun(call: WriteCall): WriteCall {
  return { ...call, query: { ...call.query, ...DRY_RUN } }
}

/** Takes labels and annotations off that an earlier wish had put on. Pods and claims; an apply does so by itself. */
export function dropCall(over: ChildFact, labels: readonly string[], annotations: readonly string[]): WriteCall {
  const nulls = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, null]))
  const metadata = { ...versionOf(over), labels: nulls(labels), annotations: nulls(annotations) }
  return strategicMerge(over, { metadata })
}

/** Prepares an object for its first apply. */
export function takeOverCall(
  over: ChildFact,
  patch: { readonly metadata?: object; readonly spec?: object },
): WriteCall {
  const body = { ...patch, metadata: { ...patch.metadata, ...versionOf(over) } }
  return { ...strategicMerge(over, body), contentType: MERGE }
}

export function removeCall(fact: ChildFact, options: { readonly gracePeriodSeconds?: 0 }): WriteCall {
  return {
    method: 'DELETE',
    path: pathTo(fact),
    // A running pod ends by its own grace; what owns pods goes first and garbage collection follows.
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: versionOf(fact),
      propagationPolicy: 'Background',
      ...options,
    },
    resource: pluralOf(fact.kind),
  }
}

export function grantCall(over: CrFact, to: PodRef, epoch: bigint, token: bigint): WriteCall {
  const resource = resourceOf(over.kind)
  return {
    method: 'PATCH',
    path: pathTo(over, 'status'),
    contentType: APPLY,
    query: { fieldManager: fieldManager.grant, force: 'true' },
    body: {
      apiVersion: apiVersionOf(resource),
      kind: over.kind,
      metadata: { name: over.name, namespace: over.namespace, ...versionOf(over) },
      // int64 on the server; exact here up to 2^53, which is an epoch of 2^33.
      status: { grant: { pod: to.name, uid: to.uid, epoch: Number(epoch), token: Number(token) } },
    },
    resource: resource.plural,
  }
}

/** Opens our gate and no other. */
export function ungateCall(pod: PodFact, epoch: bigint, token: bigint): WriteCall {
  const annotations = { [annotation.epoch]: String(epoch), [annotation.token]: String(token) }
  const schedulingGates = [{ name: GRANT_GATE, $patch: 'delete' }]
  return strategicMerge(pod, { metadata: { ...versionOf(pod), annotations }, spec: { schedulingGates } })
}

export function statusCall(over: CrFact, status: object): WriteCall {
  return {
    method: 'PATCH',
    path: pathTo(over, 'status'),
    contentType: MERGE,
    query: { fieldManager: fieldManager.children },
    body: { metadata: versionOf(over), status },
    resource: pluralOf(over.kind),
  }
}

function applyCall(child: Child, body: object): WriteCall {
  const path = pathOf(resourceOf(child.kind), child)
  const query = { ...STRICT, force: 'true' }
  return { method: 'PATCH', path, contentType: APPLY, query, body, resource: pluralOf(child.kind) }
}

/** Labels, annotations and what of the spec can change in place. */
function patchCall(child: Child, over: PodFact | ClaimFact, stamps: Stamps): WriteCall {
  const { labels, annotations, ownerReferences } = child.object.metadata
  // A Pod that was made from another spec keeps its stamp and its images: it shows that way that it must be replaced.
  const isOutdated = over.kind === 'Pod' && over.applied !== '' && over.applied !== stamps.applied
  const metadata = {
    ...versionOf(over),
    labels: { ...labels, ...stamps.labels },
    annotations: { ...annotations, ...annotationsOf(isOutdated ? { ...stamps, applied: over.applied } : stamps) },
    // Adoption. Lists of owners merge by uid: those of others stay.
    ...(over.controller === undefined && ownerReferences.length > 0 ? { ownerReferences } : {}),
  }
  const spec = over.kind === 'Pod' ? imagesToMend(child, over) : child.object.spec
  return strategicMerge(over, { metadata, ...(spec === undefined || isOutdated ? {} : { spec }) })
}

/** The containers whose image is not the wished one. A pod's other fields are fixed. */
function imagesToMend(child: Child, over: PodFact): object | undefined {
  const changed = (list: readonly NamedImage[]) =>
    list
      .filter(({ name, image }) => over.images[name] !== undefined && over.images[name] !== image)
      .map(({ name, image }) => ({ name, image }))
  const containers = changed(imagesOf(child.object.spec, 'containers'))
  const initContainers = changed(imagesOf(child.object.spec, 'initContainers'))
  if (containers.length === 0 && initContainers.length === 0) return undefined
  return { ...(containers.length > 0 ? { containers } : {}), ...(initContainers.length > 0 ? { initContainers } : {}) }
}

function strategicMerge(over: ChildFact, body: object): WriteCall {
  const path = pathTo(over)
  return { method: 'PATCH', path, contentType: STRATEGIC_MERGE, query: STRICT, body, resource: pluralOf(over.kind) }
}

export interface NamedImage {
  readonly name: string
  readonly image: string
}

export function imagesOf(spec: object, list: 'containers' | 'initContainers'): readonly NamedImage[] {
  return listAt(spec, list).flatMap((container) => {
    const name = textAt(container, 'name')
    const image = textAt(container, 'image')
    return name === undefined || image === undefined ? [] : [{ name, image }]
  })
}

function versionOf(fact: Fact): { readonly uid: string; readonly resourceVersion: string } {
  return { uid: fact.uid, resourceVersion: fact.resourceVersion }
}

function pathTo(fact: Fact, subresource?: 'status'): string {
  const { namespace, name } = fact
  return pathOf(resourceOf(fact.kind), { namespace, name, ...(subresource === undefined ? {} : { subresource }) })
}

function collectionOf(child: Child): string {
  return pathOf(resourceOf(child.kind), { namespace: child.namespace })
}

function pluralOf(kind: WatchedKind): string {
  return resourceOf(kind).plural
}
