// Builds the conditions of a workload, so that kstatus, `kubectl wait` and people read the same thing from them.
// The time of each condition is now; the status writer keeps the stored time of one whose status did not move.
import type { Condition } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import type { AcceptedReason, ConditionReason, ReadyReason, RefusedReason, RunReason } from '#api/reasons.ts'
import { formatTime } from '#lib/time.ts'
import type { Observed } from '../workload.ts'
import { isPaused, isSuspensionInForce } from './pause.ts'
import { unended } from './proof.ts'
import { isReady, storedCondition, type State } from './state.ts'

/** What a condition says, without its type and time. */
export interface Statement<Reason extends string = string> {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: Reason
  readonly message: string
}

export type Acceptance =
  | { readonly type: 'accepted'; readonly warnings: readonly string[] }
  | { readonly type: 'refused'; readonly reason: RefusedReason; readonly message: string }

export interface Verdict {
  readonly state: State
  readonly acceptance: Acceptance
  readonly exclusive: Statement
  /** Where Healthy says more than Ready: the last run of a CronJob, the probe of a server. */
  readonly health?: { readonly reason: ReadyReason | RunReason; readonly message: string }
  readonly suspended: boolean
  /** How to end the suspension, where that is known. */
  readonly resume?: string | undefined
  /** How long a state may take before it counts as stalled. */
  readonly timeoutMs: number
}

/** For the kinds without `readinessTimeout`. */
export const DEFAULT_TIMEOUT_MS = 300_000

export interface Conditions {
  readonly conditions: readonly Condition[]
  readonly requeueAfterMs?: number
}

export function buildConditions(verdict: Verdict, seen: Observed): Conditions {
  const state = shown(verdict)
  const progress = progressOf(state, verdict.timeoutMs, seen)
  const paused = isPaused(seen)
  const suspended = isSuspensionInForce(seen, verdict.suspended)
  const statements: readonly (readonly [string, Statement | undefined])[] = [
    ['Ready', statement(isReady(state), state.reason, state.message)],
    ['Accepted', accepted(verdict.acceptance)],
    ['Active', statement(state.active, state.reason, activeSentence(state, seen))],
    ['Healthy', healthy(verdict, state)],
    ['Exclusive', verdict.exclusive],
    ['Reconciling', progress.reconciling ? statement(true, state.reason, state.message) : undefined],
    ['Stalled', progress.stalled ? statement(true, state.reason, state.message) : undefined],
    ['Suspended', suspended ? statement(true, 'SuspendedByUser', suspendedSentence(verdict)) : undefined],
    ['Paused', paused ? statement(true, 'PausedByAnnotation', PAUSED) : undefined],
  ]
  const conditions = statements.flatMap(([type, said]) => (said === undefined ? [] : [conditionOf(type, said, seen)]))
  const requeueAfterMs = soonest([progress.stalledInMs, state.lookAgainMs])
  return { conditions, ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }) }
}

function suspendedSentence({ resume = 'Set suspend to false, or replicas to 1, to resume.' }: Verdict): string {
  return `The user asked for suspension. ${resume}`
}

const PAUSED = `Changes are not applied. Remove the annotation ${annotation.reconcile} to go on.`

/** A newer generation is not observed while paused: what is described was made from the older one. */
export function observedGeneration(seen: Observed): number {
  return isPaused(seen) ? (seen.stored.observedGeneration ?? -1) : seen.cr.generation
}

/** A refused spec shows as such, whatever still runs; what runs keeps its booleans. */
function shown(verdict: Verdict): State {
  const { state, acceptance } = verdict
  if (acceptance.type === 'accepted') return state
  return { ...state, reason: 'NotAccepted', message: acceptance.message, progress: 'stuck' }
}

function accepted(acceptance: Acceptance): Statement<RefusedReason | AcceptedReason> {
  if (acceptance.type === 'refused') return { status: 'False', reason: acceptance.reason, message: acceptance.message }
  const { warnings } = acceptance
  if (warnings.length === 0) return { status: 'True', reason: 'Accepted', message: 'The spec is accepted.' }
  return { status: 'True', reason: 'AcceptedWithWarnings', message: warnings.join(' ') }
}

function activeSentence(state: State, { cr, pods, gone }: Observed): string {
  if (state.reason === 'Scheduled') return state.active ? 'The schedule is in force.' : 'The schedule is not in force.'
  if (!state.active) return 'No instance exists.'
  const found = cr.kind === 'WorkloadCronJob' ? 1 : unended(pods, gone).filter((pod) => !pod.gated).length
  return found > 1 ? `${found} instances exist.` : 'One instance exists.'
}

function healthy({ health, acceptance }: Verdict, state: State): Statement {
  // A refused spec is the story of every condition.
  const said = acceptance.type === 'refused' ? undefined : health
  return statement(state.healthy, said?.reason ?? state.reason, said?.message ?? state.message)
}

interface ProgressShown {
  readonly reconciling: boolean
  readonly stalled: boolean
  readonly stalledInMs?: number
}

const NEITHER: ProgressShown = { reconciling: false, stalled: false }
const STALLED: ProgressShown = { reconciling: false, stalled: true }

/** Reconciling for the time-out, counted from when it was first written for this spec; then Stalled until the state changes. */
function progressOf(state: State, timeoutMs: number, seen: Observed): ProgressShown {
  if (state.progress === 'settled') return NEITHER
  if (state.progress === 'stuck') return STALLED
  if (state.isPatient === true) return { reconciling: true, stalled: false }
  if (hasStalled(state, seen)) return STALLED
  const stored = storedCondition(seen, 'Reconciling')
  const isOfThisSpec = stored?.status === 'True' && stored.generation === observedGeneration(seen)
  const sinceMs = isOfThisSpec ? stored.sinceMs : undefined
  const leftMs = (sinceMs ?? seen.nowMs) + timeoutMs - seen.nowMs
  // A stored time in the future (another clock) must not keep it from ever stalling.
  return leftMs <= 0 ? STALLED : { reconciling: true, stalled: false, stalledInMs: Math.min(leftMs, timeoutMs) }
}

/** In this very state, and for this spec. */
function hasStalled(state: State, seen: Observed): boolean {
  const stored = storedCondition(seen, 'Stalled')
  return stored?.status === 'True' && stored.reason === state.reason && stored.generation === observedGeneration(seen)
}

function statement(holds: boolean, reason: ConditionReason, message: string): Statement<ConditionReason> {
  return { status: holds ? 'True' : 'False', reason, message }
}

function conditionOf(type: string, said: Statement, seen: Observed): Condition {
  return {
    type,
    status: said.status,
    reason: said.reason,
    observedGeneration: observedGeneration(seen),
    lastTransitionTime: formatTime(seen.nowMs),
    message: said.message,
  }
}

export function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
