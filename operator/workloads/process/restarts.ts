// How often a process was started again in a row, and what follows: wait before a failed pod is replaced, or give up.
// Everything is derived from the pod and the stored status, so that any replica comes to the same number.
import type { PodFact } from '#api/facts.ts'
import { parseDurationMs, parseTime } from '#lib/time.ts'
import { pendingRestart } from '../parts/restart.ts'
import { storedCondition } from '../parts/state.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadProcess'>

/** Restarts in a row up to now: in the pod, and by replacement after a failure. */
export function recentRestarts(seen: Seen, pod: PodFact | undefined): number {
  if (isForgiven(seen)) return 0
  const counted = storedCount(seen)
  const { instance } = seen.stored
  if (pod === undefined) return counted
  if (hasStayedHealthy(seen, pod)) return 0
  if (instance?.podUID !== pod.uid) return restartsIn(pod) + countAtReplacement(seen, counted)
  const more = Math.max(0, restartsIn(pod) - (instance.restarts ?? 0))
  return more > 0 && ranLong(seen, pod) ? more : counted + more
}

function restartsIn(pod: PodFact): number {
  return pod.main?.restartCount ?? 0
}

function storedCount(seen: Seen): number {
  return 'recentRestarts' in seen.stored ? (seen.stored.recentRestarts ?? 0) : 0
}

/** A new spec gets a new count, and so does a restart that was asked for; so does the change after which a workload that was given up runs again. */
function isForgiven(seen: Seen): boolean {
  if (pendingRestart(seen) !== undefined) return true
  const ready = storedCondition(seen, 'Ready')
  return ready?.reason === 'RestartLimitReached' && ready.generation !== seen.cr.generation
}

/** The stored status says that the last pod has failed, and nothing was started since. */
export function lastFailed(seen: Seen): boolean {
  return storedCondition(seen, 'Ready')?.reason === 'CrashLoop' && seen.stored.active === false
}

/** The stored status knows that this pod has ended. Replaced before that, its failure would count for nothing. */
export function isNoted({ stored }: Seen, pod: PodFact): boolean {
  return stored.instance?.podUID === pod.uid && stored.active !== true
}

function countAtReplacement(seen: Seen, counted: number): number {
  if (seen.stored.observedGeneration !== seen.cr.generation) return 0
  return lastFailed(seen) ? counted + 1 : counted
}

function windowMs(seen: Seen): number {
  return parseDurationMs(seen.resource.spec.restartWindow) ?? 600_000
}

function hasStayedHealthy(seen: Seen, pod: PodFact): boolean {
  const startedAtMs = pod.ready && pod.main?.state === 'running' ? pod.main.startedAtMs : undefined
  return startedAtMs !== undefined && seen.nowMs - startedAtMs >= windowMs(seen)
}

/** When the count starts again at 0 if nothing happens; no event tells that. */
export function forgivenInMs(seen: Seen, pod: PodFact | undefined): number | undefined {
  const startedAtMs = pod?.ready === true && pod.main?.state === 'running' ? pod.main.startedAtMs : undefined
  if (startedAtMs === undefined || recentRestarts(seen, pod) === 0) return undefined
  return Math.max(0, startedAtMs + windowMs(seen) - seen.nowMs)
}

// The kubelet waits up to 5 min between two starts; a longer distance than that and the window was healthy.
const KUBELET_BACKOFF_MS = 300_000

/** The window passed while no operator was there to see it. */
function ranLong(seen: Seen, pod: PodFact): boolean {
  const before = parseTime(seen.stored.instance?.startedAt)
  const after = pod.main?.startedAtMs
  if (before === undefined || after === undefined) return false
  return after - before >= windowMs(seen) + KUBELET_BACKOFF_MS
}

/** The container has ended once more than it may be started. */
export function isLimitReached(seen: Seen, pod: PodFact): boolean {
  const { maxRestarts } = seen.resource.spec
  if (maxRestarts === undefined || wasTakenAway(pod) || isCompleting(seen, pod)) return false
  const restarts = recentRestarts(seen, pod)
  return restarts > maxRestarts || (restarts === maxRestarts && hasEndedAgain(pod))
}

function hasEndedAgain(pod: PodFact): boolean {
  if (pod.phase === 'Failed') return true
  return pod.main?.state === 'terminated' || pod.main?.reason === 'CrashLoopBackOff'
}

/**
 * Main has ended and is not started again in this pod. The phase says so a moment later: the kubelet changes it when it
 * has stopped everything else, such as sidecars.
 */
export function isFinishing(seen: Seen, pod: PodFact): boolean {
  const { restartPolicy } = seen.resource.spec
  if (pod.main?.state !== 'terminated' || wasTakenAway(pod)) return false
  return restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && pod.main.exitCode === 0)
}

function isCompleting(seen: Seen, pod: PodFact): boolean {
  return isFinishing(seen, pod) && pod.main?.exitCode === 0
}

/** Given up for this generation: remembered in the stored status, before the pod is removed. */
export function isGivenUp(seen: Seen): boolean {
  if (pendingRestart(seen) !== undefined) return false
  const ready = storedCondition(seen, 'Ready')
  return ready?.reason === 'RestartLimitReached' && ready.generation === seen.cr.generation
}

/** A pod that was taken away did not fail: it is replaced at once and counts for nothing. */
export function wasTakenAway(pod: PodFact): boolean {
  return pod.disruption !== undefined || pod.reason === 'Evicted' || pod.reason === 'NodeLost'
}

// Doubling ends long before numbers stop being exact.
const MOST_DOUBLINGS = 40

/** Time left until a failed pod may be replaced. A node's clock that runs ahead or behind must not hold it for ever. */
export function backoffLeftMs(seen: Seen, pod: PodFact): number {
  if (wasTakenAway(pod)) return 0
  const { backoff } = seen.resource.spec
  const initialMs = parseDurationMs(backoff.initial) ?? 1000
  const maxMs = parseDurationMs(backoff.max) ?? 300_000
  const waitMs = Math.min(initialMs * 2 ** Math.min(recentRestarts(seen, pod), MOST_DOUBLINGS), maxMs)
  const passedMs = Math.abs(seen.nowMs - (pod.main?.finishedAtMs ?? pod.createdAtMs))
  return Math.max(0, waitMs - passedMs)
}
