// WorkloadProcess: one pod under a fixed name. The operator replaces it, and only when the name is free by proof.
import type { Child } from '#api/ports.ts'
import { hold, nothing, place, placeService, together, type Placed } from '../parts/desired.ts'
import { refOf } from '../parts/grant.ts'
import { judge, ownerOf } from '../parts/owner.ts'
import { isTerminal, proofOfEnd } from '../parts/proof.ts'
import type { Desired, Snapshot, WorkloadDefinition } from '../workload.ts'
import { buildPod, frontOf, livePod } from './build.ts'
import { nextStep, type Step } from './life.ts'
import { isGivenUp } from './restarts.ts'
import { report } from './status.ts'

type Seen = Snapshot<'WorkloadProcess'>

export const process: WorkloadDefinition<'WorkloadProcess'> = {
  kind: 'WorkloadProcess',
  desired,
  status: (seen) => report(seen, nextStep(seen, buildPod(seen))),
}

function desired(seen: Seen): Desired {
  const pod = buildPod(seen)
  const step = nextStep(seen, pod)
  return {
    ...together(placePod(step, pod, seen), placeService(frontOf(seen), seen), placeReplacement(step)),
    ...(step.type === 'backoff' ? { requeueAfterMs: step.leftMs } : {}),
  }
}

function placeReplacement(step: Step): Placed {
  return step.type === 'replace' ? { ...nothing, replace: [refOf(step.pod)] } : nothing
}

function placePod(step: Step, pod: Child, seen: Seen): Placed {
  const owner = ownerOf(seen.resource)
  const live = livePod(seen)
  // What is not ours yet cannot be deleted: it is adopted first, whatever comes then.
  if (live !== undefined && judge(live, owner) === 'adoptable') return place(pod, seen, owner)
  if (step.type === 'create' || step.type === 'keep' || step.type === 'replace') return place(pod, seen, owner)
  if (step.type === 'again') return { ...hold(pod), remove: [step.pod] }
  // The verdict must be stored before the pod goes: without it, the next look would start a new one.
  const isUnwanted = step.type === 'stop' || (step.type === 'give-up' && isGivenUp(seen))
  return isUnwanted ? letGo(pod, seen) : hold(pod)
}

/** Not wanted: a pod that is not listed is deleted, unless it is on its way or its end is only claimed (D2). */
function letGo(pod: Child, seen: Seen): Placed {
  const live = seen.pods.find((found) => found.name === pod.name)
  if (live === undefined) return nothing
  const isClaimed = isTerminal(live) && proofOfEnd(live, seen.gone) === undefined
  return live.deleting || isClaimed ? hold(pod) : nothing
}
