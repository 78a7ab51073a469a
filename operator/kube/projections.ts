// Raw JSON → fact, for each watched kind: the one place that decides what the stores keep of an object. Total: any JSON
// gives a fact or undefined (no name, uid or version), nothing throws. managedFields end here, in the liveHash.
import type { CrFact, FactOf, NodeFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { API_GROUP } from '#api/labels.ts'
import type { WatchedKind } from '#api/resource.ts'
import { childProjections } from './child-projections.ts'
import type { JsonObject } from '#lib/json.ts'
import { numberAt, objectAt, textAt } from '#lib/json.ts'
import { pack } from '#lib/packed-text.ts'
import { bigAt, conditionOf, identityOf, labelsOf, present, timeAt } from './projection-parts.ts'

export type Projections = { readonly [K in WatchedKind]: (object: unknown) => FactOf<K> | undefined }

export const projections: Projections = {
  ...childProjections,
  WorkloadProcess: (object) => projectCr('WorkloadProcess', object),
  WorkloadCronJob: (object) => projectCr('WorkloadCronJob', object),
  WorkloadService: (object) => projectCr('WorkloadService', object),
  WorkloadPersistent: (object) => projectCr('WorkloadPersistent', object),
  Node: projectNode,
}

export function projectCr(kind: KindName, object: unknown): CrFact | undefined {
  const metadata = objectAt(object, 'metadata')
  const identity = identityOf(metadata)
  if (identity === undefined) return undefined
  const status = objectAt(object, 'status')
  return {
    kind,
    ...identity,
    generation: numberAt(metadata, 'generation') ?? 0,
    createdAtMs: timeAt(metadata, 'creationTimestamp') ?? 0,
    deleting: textAt(metadata, 'deletionTimestamp') !== undefined,
    labels: labelsOf(metadata),
    annotations: ourAnnotationsOf(metadata),
    spec: JSON.stringify(objectAt(object, 'spec')),
    status: pack(JSON.stringify(status), identity.name),
    epoch: larger(bigAt(objectAt(status, 'leader'), 'term'), bigAt(objectAt(status, 'grant'), 'epoch')),
  }
}

/** Other annotations can be large (kubectl keeps a whole copy of the object in one) and decide nothing. */
function ourAnnotationsOf(metadata: JsonObject): Readonly<Record<string, string>> {
  const ours: Record<string, string> = {}
  for (const [key, value] of Object.entries(objectAt(metadata, 'annotations'))) {
    if (key.startsWith(`${API_GROUP}/`) && typeof value === 'string') ours[key] = value
  }
  return ours
}

function projectNode(object: unknown): NodeFact | undefined {
  const identity = identityOf(objectAt(object, 'metadata'))
  if (identity === undefined) return undefined
  const ready = conditionOf(object, 'Ready')
  return {
    kind: 'Node',
    ...identity,
    ready: ready?.['status'] === 'True',
    ...present({ readyChangedAtMs: timeAt(ready, 'lastTransitionTime') }),
  }
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}
