// A resource that two tenants lay claim to. One that has claimed it and is not named any more lets go; one that is named
// waits for that, and takes it after a minute of silence: the label is the user's word, a living claimant lets go within
// seconds, and that an instance is single does not rest on who writes. Children are touched by neither.
import type { CrFact } from '#api/facts.ts'
import type { Condition } from '#api/generated/kinds.ts'
import { keyOf, type Key } from '#api/key.ts'
import { API_VERSION } from '#api/labels.ts'
import type { EventRecorder, StatusPatch, Telemetry, Term, WorkloadEvent, Writer } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import { claimantOf, type Claim } from '#api/tenant.ts'
import type { Clock } from '#lib/clock.ts'
import { formatTime } from '#lib/time.ts'
import { parseStatus, type Stored } from './stored-status.ts'

const SILENCE_MS = 60_000

interface Contest {
  /** The incarnation and what its claimant last said of itself. */
  readonly mark: string
  /** Monotonic. */
  readonly sinceMs: number
}

/** Resources that another tenant has claimed, since when this process knows. Outlives terms. */
export type Contests = Map<Key, Contest>

export interface TenancyDeps {
  readonly writer: Pick<Writer, 'status'>
  readonly recorder: EventRecorder
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly contests: Contests
}

export type Heeded =
  | { readonly type: 'untouched' }
  | { readonly type: 'later'; readonly afterMs: number }
  /** Its claimant is silent: it is ours now. */
  | { readonly type: 'take' }

export function heedClaim(claim: Exclude<Claim, 'ours'>, cr: CrFact, deps: TenancyDeps, term: Term): Heeded {
  const key = keyOf(cr.kind, cr.namespace, cr.name)
  switch (claim) {
    case 'foreign':
      deps.contests.delete(key)
      return { type: 'untouched' }
    case 'let-go':
      deps.contests.delete(key)
      letGo(key, cr, deps, term)
      return { type: 'untouched' }
    case 'kept':
      contestOf(key, cr, deps)
      return { type: 'untouched' }
    case 'awaited':
      return awaitClaimant(key, cr, deps, term)
    default:
      return claim satisfies never
  }
}

/** Empties status.leader.tenant and leaves everything else as it is. */
function letGo(key: Key, cr: CrFact, { writer, telemetry }: TenancyDeps, term: Term): void {
  const stored = parseStatus(cr.kind, statusTextOf(cr))
  if (stored.leader === undefined) return
  const { tenant: _tenant, ...leader } = stored.leader
  writer.status(key, { ...unclaimed(stored), leader }, term)
  telemetry.metrics.workloadForgotten(cr.kind, cr.namespace, cr.name)
}

function awaitClaimant(key: Key, cr: CrFact, deps: TenancyDeps, term: Term): Heeded {
  const contest = contestOf(key, cr, deps)
  const leftMs = contest.sinceMs + SILENCE_MS - deps.clock.monotonicMs()
  if (leftMs <= 0) return { type: 'take' }
  const stored = parseStatus(cr.kind, statusTextOf(cr))
  if (stored.leader !== undefined) {
    const others = (stored.conditions ?? []).filter(({ type }) => type !== 'Accepted')
    const conditions = [...others, refusal(cr, deps.clock.now())]
    deps.writer.status(key, { ...unclaimed(stored), conditions, leader: stored.leader }, term)
  }
  return { type: 'later', afterMs: leftMs }
}

/** Counted from when this process first saw it so; told once. */
function contestOf(key: Key, cr: CrFact, { contests, clock, recorder }: TenancyDeps): Contest {
  const mark = `${cr.uid} ${JSON.stringify(parseStatus(cr.kind, statusTextOf(cr)).leader)}`
  const known = contests.get(key)
  if (known?.mark === mark) return known
  const contest = { mark, sinceMs: clock.monotonicMs() }
  contests.set(key, contest)
  const { kind, namespace, name, uid } = cr
  if (known?.mark.startsWith(`${uid} `) !== true)
    recorder.record({ apiVersion: API_VERSION, kind, namespace, name, uid }, eventOf(cr))
  return contest
}

function eventOf(cr: CrFact): WorkloadEvent {
  return { type: 'Warning', reason: 'ClaimedByOtherTenant', action: 'Waiting', note: sentenceOf(cr) }
}

function refusal(cr: CrFact, nowMs: number): Condition {
  return {
    type: 'Accepted',
    status: 'False',
    reason: 'ClaimedByOtherTenant',
    observedGeneration: cr.generation,
    lastTransitionTime: formatTime(nowMs),
    message: `${sentenceOf(cr)} It is taken over when that tenant lets go, or has been silent for 60 s.`,
  }
}

function sentenceOf(cr: CrFact): string {
  return `Tenant ${claimantOf(cr) ?? ''} has claimed this workload.`
}

/** The stored status as a wish; the grant has its own writer. */
function unclaimed(stored: Stored): StatusPatch {
  const { grant: _grant, leader: _leader, ...rest } = { grant: undefined, ...stored }
  return { observedGeneration: -1, active: false, healthy: false, ...rest }
}
