// The condition Exclusive: what can be said about the promise "at most one".
import type { PodFact } from '#api/facts.ts'
import type { ExclusiveReason } from '#api/reasons.ts'
import type { Observed } from '../workload.ts'
import type { Statement } from './conditions.ts'
import { waivedSentence, type Policied } from './force.ts'
import { unended } from './proof.ts'
import { storedCondition, type State } from './state.ts'

export interface ExclusiveInput {
  readonly strict: boolean
  readonly state: State
  /** What this kind rests on, as a sentence. */
  readonly because: string
}

export function exclusiveOf(input: ExclusiveInput, seen: Policied): Statement<ExclusiveReason> {
  if (!input.strict) return unknown('NotGuaranteed', 'Mode BestEffort allows more than one instance for a while.')
  const running = seen.pods.filter((pod) => pod.anyRunning)
  if (running.length > 1) return overlap(running, seen)
  if (isStillLoose(seen)) return loose()
  const waived = waivedSentence(seen)
  if (waived !== undefined) return unknown('AtMostOneWaived', waived)
  if (input.state.reason === 'NodeUnreachable') return unknown('OldInstanceUnreachable', input.state.message)
  return { status: 'True', reason: 'Verified', message: input.because }
}

function overlap(running: readonly PodFact[], seen: Observed): Statement<ExclusiveReason> {
  if (isStillLoose(seen)) return loose()
  const names = running.map((pod) => pod.name).toSorted()
  const step = 'Find out who made the extra pod and delete it; no successor is started before.'
  return { status: 'False', reason: 'OverlapDetected', message: `Pods ${names.join(' and ')} run at once. ${step}` }
}

/** Mode Strict was switched on while more than one instance was allowed: those are removed, that is no alarm. */
function isStillLoose(seen: Observed): boolean {
  return storedCondition(seen, 'Exclusive')?.reason === 'NotGuaranteed' && unended(seen.pods, seen.gone).length > 1
}

function loose(): Statement<ExclusiveReason> {
  return unknown('NotGuaranteed', 'Mode Strict was switched on; further instances from before still end.')
}

function unknown(reason: ExclusiveReason, message: string): Statement<ExclusiveReason> {
  return { status: 'Unknown', reason, message }
}
