// WorkloadPersistent: a StatefulSet, whose pod number 0 exists once. It is created, or raised from 0, only when no
// other pod of the workload may still run; from then on Kubernetes itself keeps the pod single.
import type { PodFact } from '#api/facts.ts'
import { hold, nothing, place, placeService, together, type Placed } from '../parts/desired.ts'
import { ownerOf } from '../parts/owner.ts'
import { unended } from '../parts/proof.ts'
import { stopOf } from '../parts/state.ts'
import type { Desired, Snapshot, WorkloadDefinition } from '../workload.ts'
import { buildStatefulSet, frontOf, isStrict, isSuspended, liveSet } from './build.ts'
import { placeRestart } from './restart.ts'
import { claimsToChange } from './claims.ts'
import { report } from './status.ts'

type Seen = Snapshot<'WorkloadPersistent'>

export const persistent: WorkloadDefinition<'WorkloadPersistent'> = {
  kind: 'WorkloadPersistent',
  desired,
  status: (seen) => report(seen, isHeld(seen) ? foreignPods(seen)[0] : undefined),
}

function desired(seen: Seen): Desired {
  const claims = claimsToChange(seen, liveSet(seen))
  return {
    ...together(placeSet(seen), placeService(frontOf(seen), seen), placeStuckPod(seen), placeRestart(seen)),
    ...(claims.length === 0 ? {} : { claims }),
  }
}

function placeSet(seen: Seen): Placed {
  const owner = ownerOf(seen.resource)
  const stop = stopOf(seen, isSuspended(seen))
  if (stop !== undefined) return place(buildStatefulSet(seen, 0), seen, owner)
  const child = buildStatefulSet(seen, seen.resource.spec.replicas)
  if (!isHeld(seen)) return place(child, seen, owner)
  return liveSet(seen) === undefined ? hold(child) : place(buildStatefulSet(seen, 0), seen, owner)
}

/** A first instance waits: the StatefulSet knows only pods of its own. */
function isHeld(seen: Seen): boolean {
  if (!isStrict(seen) || stopOf(seen, isSuspended(seen)) !== undefined) return false
  const live = liveSet(seen)
  return (live === undefined || live.replicas === 0) && foreignPods(seen).length > 0
}

/** Unended pods that the live StatefulSet did not make. */
function foreignPods(seen: Seen): readonly PodFact[] {
  const uid = liveSet(seen)?.uid
  return unended(seen.pods, seen.gone).filter((pod) => uid === undefined || pod.controller?.uid !== uid)
}

/**
 * The StatefulSet controller does not replace a pod that never gets ready (kubernetes/kubernetes#67250): when the
 * template has moved on and the only pod is of an older revision and not ready, it is deleted here.
 */
function placeStuckPod(seen: Seen): Placed {
  const live = liveSet(seen)
  const pods = unended(seen.pods, seen.gone)
  const [pod] = pods
  if (live === undefined || pod === undefined || pods.length > 1) return nothing
  const mayDelete = isStrict(seen) && seen.resource.spec.updateStrategy === 'RollingUpdate'
  const hasSettled = live.observedGeneration === live.generation && pod.controller?.uid === live.uid
  return mayDelete && hasSettled && isStuck(pod, live.updateRevision) ? { ...nothing, remove: [pod] } : nothing
}

function isStuck(pod: PodFact, revision: string): boolean {
  const own = pod.labels['controller-revision-hash']
  const isEndClaimed = pod.phase === 'Failed' || pod.phase === 'Succeeded'
  return own !== undefined && own !== revision && !pod.ready && !pod.deleting && !isEndClaimed
}
