// What happens next to a process. One decision that both the children and the status follow.
import type { PodFact } from '#api/facts.ts'
import { appliedHash } from '#api/child.ts'
import type { Child } from '#api/ports.ts'
import { judge, ownerOf } from '../parts/owner.ts'
import { isTerminal, proofOfEnd, unended } from '../parts/proof.ts'
import { pendingRestart } from '../parts/restart.ts'
import { isOfNewerOperator, wasWishedAs } from '../parts/revision.ts'
import { stopOf, type Stop } from '../parts/state.ts'
import type { Snapshot } from '../workload.ts'
import { isRestartDue, livePod, podOf } from './build.ts'
import { backoffLeftMs, isGivenUp, isLimitReached, isNoted, wasTakenAway } from './restarts.ts'

type Seen = Snapshot<'WorkloadProcess'>

export type Step =
  | { readonly type: 'keep'; readonly pod: PodFact }
  /** The spec asks for another pod: dry run, delete, wait, create. */
  | { readonly type: 'replace'; readonly pod: PodFact }
  /** Something must end, or a name become free. */
  | { readonly type: 'wait'; readonly pod: PodFact }
  | { readonly type: 'completed'; readonly pod?: PodFact }
  /** The pod has failed; it stays until its replacement is due. */
  | { readonly type: 'backoff'; readonly pod: PodFact; readonly leftMs: number }
  /** The pod has ended for good and is to run again: its name must become free. */
  | { readonly type: 'again'; readonly pod: PodFact }
  | { readonly type: 'give-up'; readonly pod?: PodFact }
  | { readonly type: 'create' }
  | { readonly type: 'stop'; readonly stop: Stop }
  | { readonly type: 'conflict' }

export function nextStep(seen: Seen, wanted: Child): Step {
  const stop = stopOf(seen, seen.resource.spec.suspend)
  if (stop !== undefined) return { type: 'stop', stop }
  const pod = livePod(seen)
  return pod === undefined ? withoutPod(seen) : withPod(seen, wanted, pod)
}

function withoutPod(seen: Seen): Step {
  if (isGivenUp(seen)) return { type: 'give-up' }
  if (isCompletionInForce(seen)) return { type: 'completed' }
  const [other] = unended(seen.pods, seen.gone)
  return other === undefined ? { type: 'create' } : { type: 'wait', pod: other }
}

/** What has completed is still what is asked for. */
function isCompletionInForce(seen: Seen): boolean {
  const isAskedFor = pendingRestart(seen) !== undefined
  return !isAskedFor && wasWishedAs(completionOf(seen)?.applied, (revision) => podOf(seen, revision))
}

/** This very pod has completed and that is stored: whatever happens to its object afterwards changes nothing. */
function isRemembered(seen: Seen, pod: PodFact): boolean {
  const isProven = proofOfEnd(pod, seen.gone) !== undefined && seen.stored.instance?.podUID === pod.uid
  return isProven && isCompletionInForce(seen)
}

export function completionOf(seen: Seen): { readonly at: string; readonly applied: string } | undefined {
  return 'completion' in seen.stored ? seen.stored.completion : undefined
}

function withPod(seen: Seen, wanted: Child, pod: PodFact): Step {
  const ownership = judge(pod, ownerOf(seen.resource))
  if (ownership === 'stranger') return { type: 'conflict' }
  if (isRemembered(seen, pod)) return { type: 'completed', pod }
  // E1 is waited for in all these cases: the name is taken until the object is gone.
  if (ownership === 'predecessor' || pod.deleting) return { type: 'wait', pod }
  if (proofOfEnd(pod, seen.gone) !== undefined) return afterTheEnd(seen, wanted, pod)
  // D2: PodGC says Failed for pods it cannot reach; a delete would remove the last evidence.
  if (isTerminal(pod)) return { type: 'wait', pod }
  return withRunningPod(seen, wanted, pod)
}

function withRunningPod(seen: Seen, wanted: Child, pod: PodFact): Step {
  // What is not ours yet cannot be deleted: it is adopted first.
  const isOurs = judge(pod, ownerOf(seen.resource)) === 'ours'
  if (isOurs && isRestartDue(seen, pod)) return { type: 'replace', pod }
  if (isGivenUp(seen) || isLimitReached(seen, pod)) return { type: 'give-up', pod }
  return isOurs && isOutdated(seen, pod, wanted) ? { type: 'replace', pod } : { type: 'keep', pod }
}

function afterTheEnd(seen: Seen, wanted: Child, pod: PodFact): Step {
  if (isOutdated(seen, pod, wanted) || isRestartDue(seen, pod)) return { type: 'again', pod }
  if (isCompleted(pod)) return { type: 'completed', pod }
  if (wasTakenAway(pod)) return { type: 'again', pod }
  if (isGivenUp(seen) || isLimitReached(seen, pod)) return { type: 'give-up', pod }
  const leftMs = backoffLeftMs(seen, pod)
  if (leftMs > 0) return { type: 'backoff', pod, leftMs }
  return isNoted(seen, pod) ? { type: 'again', pod } : { type: 'backoff', pod, leftMs: NOTED_MS }
}

// Our own status write comes back as no event.
const NOTED_MS = 500

/** Ended by itself with code 0. The phase says so only when the restart policy lets a pod succeed. */
function isCompleted(pod: PodFact): boolean {
  return pod.phase === 'Succeeded' && pod.main?.exitCode === 0 && !wasTakenAway(pod)
}

/** A pod of the Go version has no hash yet; adoption stamps it and restarts nothing. */
function isOutdated(seen: Seen, pod: PodFact, wanted: Child): boolean {
  return pod.applied !== '' && pod.applied !== appliedHash(wanted) && !isOfNewerOperator(pod, seen)
}
