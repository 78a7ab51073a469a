// What a workload is doing, as one value from which the booleans and all conditions follow.
import { parseTime } from '#lib/time.ts'
import type { Condition } from '#api/generated/kinds.ts'
import type { ReadyReason } from '#api/reasons.ts'
import type { Observed } from '../workload.ts'
import { isSuspensionInForce } from './pause.ts'

/** settled: as asked for. moving: Reconciling, and Stalled when it takes too long. stuck: Stalled at once. */
type Progress = 'settled' | 'moving' | 'stuck'

export interface State {
  readonly reason: ReadyReason
  /** A sentence, with the next step when one is needed. No durations: an idle workload causes no write. */
  readonly message: string
  readonly active: boolean
  readonly healthy: boolean
  readonly progress: Progress
  /** It ends by itself: Reconciling all the time, however long it takes. */
  readonly isPatient?: true
  /** When nothing else happens, look again after this time: the state changes by itself. */
  readonly lookAgainMs?: number
}

export function isReady(state: State): boolean {
  return state.progress === 'settled'
}

/** An instance exists, and is not as it should be. */
export function troubled(reason: ReadyReason, message: string): State {
  return { reason, message, active: true, healthy: false, progress: 'moving' }
}

/** Nothing runs, and nothing should. */
export function resting(reason: 'Suspended' | 'Standby' | 'Completed', message: string): State {
  return { reason, message, active: false, healthy: true, progress: 'settled' }
}

/** What makes a running instance healthy, for the condition Healthy. */
export function runningHealth(
  state: State,
  hasProbe: boolean,
): { readonly reason: ReadyReason; readonly message: string } | undefined {
  if (state.reason !== 'Running') return undefined
  return { reason: 'Running', message: hasProbe ? 'The readiness probe succeeds.' : 'The container runs.' }
}

/** Why nothing may run now; undefined when something should. */
export type Stop = 'suspended' | 'standby'

export function stopOf(seen: Observed, suspended: boolean): Stop | undefined {
  if (isSuspensionInForce(seen, suspended)) return 'suspended'
  return seen.role === 'active' ? undefined : 'standby'
}

export function stopped(stop: Stop): State {
  return stop === 'suspended'
    ? resting('Suspended', 'Suspended by the user. Nothing runs until the workload is resumed.')
    : resting('Standby', 'Another cluster is active; this cluster is on standby.')
}

/** A condition as stored, with its time as a number. */
export interface StoredCondition {
  readonly status: string
  readonly reason: string
  readonly sinceMs: number | undefined
  readonly generation: number | undefined
}

export function storedCondition(seen: Observed, type: string): StoredCondition | undefined {
  const found = storedConditions(seen).find((condition) => condition.type === type)
  if (found === undefined) return undefined
  return {
    status: found.status,
    reason: found.reason,
    sinceMs: parseTime(found.lastTransitionTime),
    generation: found.observedGeneration,
  }
}

function storedConditions(seen: Observed): readonly Condition[] {
  return seen.stored.conditions ?? []
}
