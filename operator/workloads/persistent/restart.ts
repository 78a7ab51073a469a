// Restarts of a WorkloadPersistent. With RollingUpdate the StatefulSet replaces its pods once the template is new; with
// OnDelete it waits for somebody to delete them, one after the other: that is done here.
import type { PodFact } from '#api/facts.ts'
import { nothing, type Placed } from '../parts/desired.ts'
import { isTerminal, unended } from '../parts/proof.ts'
import { pendingRestart } from '../parts/restart.ts'
import type { Snapshot } from '../workload.ts'
import { liveSet } from './build.ts'

type Seen = Snapshot<'WorkloadPersistent'>

export function isRestarted(seen: Seen, asked: string): boolean {
  return liveSet(seen)?.restartedAt === asked && oldPods(seen, asked).length === 0
}

export function placeRestart(seen: Seen): Placed {
  const live = liveSet(seen)
  const asked = pendingRestart(seen)
  if (live === undefined || asked === undefined || live.restartedAt !== asked) return nothing
  // Before that a new pod would be made from the old template.
  if (live.observedGeneration !== live.generation) return nothing
  const isWaiting = seen.pods.some((pod) => pod.deleting || isTerminal(pod))
  const last = oldPods(seen, asked).toSorted((a, b) => (a.name < b.name ? 1 : -1))[0]
  return last === undefined || isWaiting ? nothing : { ...nothing, remove: [last] }
}

/** Of OnDelete: pods of the StatefulSet from before the request. */
function oldPods(seen: Seen, asked: string): readonly PodFact[] {
  if (seen.resource.spec.updateStrategy !== 'OnDelete') return []
  const uid = liveSet(seen)?.uid
  return unended(seen.pods, seen.gone).filter((pod) => pod.controller?.uid === uid && pod.restartedAt !== asked)
}
