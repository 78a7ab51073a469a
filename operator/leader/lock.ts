// The arithmetic of a lock. Pure: moments and observations in, decisions out.
//
// A holder may act until R after it sent its last confirmed renewal; a rival may take a held record after it has itself
// seen one and the same version for D. With ρ · (R + T) ≤ D the two can never overlap while clock rates differ by at most
// the factor ρ. Nothing here compares the clock of one process with that of another.
import { formatDuration } from '#lib/time.ts'
import type { Seen } from './lock-store.ts'

export interface Timings {
  /** D: how long a rival must see one version before it may take a held record. */
  readonly leaseDurationMs: number
  /** R: validity after the send of the last confirmed renewal. */
  readonly renewDeadlineMs: number
  /** P: time between renewals, and the longest a try may take. */
  readonly retryPeriodMs: number
}

/** One point in time on the three clocks of a process. */
export interface Moment {
  readonly monotonicMs: number
  /** Counts suspend, unlike monotonic time. */
  readonly bootMs: number
  readonly wallMs: number
}

/** One version, and since when (own monotonic clock, from receipt) nothing else has been seen. */
export interface Observation {
  readonly seen: Seen
  readonly version: string
  readonly sinceMs: number
}

/** What a rival knows about itself when it asks whether it may take the record. */
export interface Rival {
  readonly claim: string
  readonly id: string
  /** Somebody has written for this tenant before, or has held this fence: an absent record may be a deleted one. */
  readonly traces: boolean
  /** The term that this process itself ended on request: others go first. */
  readonly steppedDownFrom?: bigint
}

/** T: deadline of every write, which starts only while this much validity is left. */
export function writeDeadlineMs(timings: Pick<Timings, 'leaseDurationMs'>): number {
  return timings.leaseDurationMs / 5
}

/** Why these timings would be unsafe or useless, as sentences; empty when they are fine. */
export function timingProblems(timings: Timings): readonly string[] {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = timings
  if (![leaseDurationMs, renewDeadlineMs, retryPeriodMs].every((ms) => Number.isFinite(ms) && ms > 0))
    return ['leader.leaseDuration, leader.renewDeadline and leader.retryPeriod must be longer than 0.']
  const problems: string[] = []
  // ρ(R + T) ≤ D with ρ = 1.05 and T = D/5, times 500 so that whole milliseconds are compared exactly.
  if (525 * renewDeadlineMs > 395 * leaseDurationMs) {
    const longest = formatDuration(Math.floor((395 * leaseDurationMs) / 525 / 100) * 100)
    problems.push(
      `leader.renewDeadline is ${renewDeadlineMs} ms, but 1.05 × (renewDeadline + leaseDuration/5) must not exceed ` +
        `leader.leaseDuration (${leaseDurationMs} ms). Set renewDeadline to ${longest} or less, or raise leaseDuration.`,
    )
  }
  if (2 * retryPeriodMs > renewDeadlineMs) {
    problems.push(
      `leader.retryPeriod is ${retryPeriodMs} ms, but 2 × retryPeriod must not exceed leader.renewDeadline ` +
        `(${renewDeadlineMs} ms). Set retryPeriod to ${formatDuration(renewDeadlineMs / 2)} or less.`,
    )
  }
  return problems
}

/**
 * Validity left at `now`; never more than R. The largest of the three elapsed times counts: boot time sees a suspend,
 * and a wall clock that ran ahead can only cost a term, never prolong one.
 */
export function validityLeftMs(sentAt: Moment, now: Moment, renewDeadlineMs: number): number {
  const elapsedMs = Math.max(
    0,
    now.monotonicMs - sentAt.monotonicMs,
    now.bootMs - sentAt.bootMs,
    now.wallMs - sentAt.wallMs,
  )
  return renewDeadlineMs - elapsedMs
}

/** '' for an absent record: absence counts as a version. */
function versionOf(seen: Seen): string {
  switch (seen.type) {
    case 'absent':
      return ''
    case 'foreign':
      return `foreign ${seen.holder}`
    case 'record':
      return seen.version
    default:
      return seen satisfies never
  }
}

/** Goes on for the same version (whose request may have changed), starts again for a new one. */
export function observe(before: Observation | undefined, seen: Seen, nowMs: number): Observation {
  const version = versionOf(seen)
  const sinceMs = before?.version === version ? before.sinceMs : nowMs
  return { seen, version, sinceMs }
}

/** 0 when the rival may try to take the record now; Infinity when only a change can make that so. */
export function eligibleInMs(seen: Observation, rival: Rival, timings: Timings, nowMs: number): number {
  const left = (neededMs: number): number => Math.max(0, seen.sinceMs + neededMs - nowMs)
  if (seen.seen.type === 'foreign') return Number.POSITIVE_INFINITY
  if (seen.seen.type === 'absent') return rival.traces ? left(timings.leaseDurationMs) : 0
  const { record } = seen.seen
  if (record.state === 'released')
    return letsOthersGoFirst(record.epoch, record.request, rival) ? left(2 * timings.retryPeriodMs) : 0
  // An earlier term of this process, all of whose writes have settled: nobody has to be waited for.
  if (record.claim === rival.claim) return 0
  return left(timings.leaseDurationMs)
}

export function isEligible(seen: Observation, rival: Rival, timings: Timings, nowMs: number): boolean {
  return eligibleInMs(seen, rival, timings, nowMs) === 0
}

/** `<epoch>[ <id>]`; undefined when the text asks for nothing that can be understood. */
export function parseStepDown(request: string): { readonly epoch: bigint; readonly successor: string } | undefined {
  const match = /^([0-9]{1,18})(?: +(\S+))?$/.exec(request.trim())
  if (match === null) return undefined
  return { epoch: BigInt(match[1] ?? '0'), successor: match[2] ?? '' }
}

function letsOthersGoFirst(epoch: bigint, request: string, rival: Rival): boolean {
  const asked = parseStepDown(request)
  const successor = asked?.epoch === epoch ? asked.successor : ''
  if (successor !== '') return successor !== rival.id
  return rival.steppedDownFrom === epoch
}
