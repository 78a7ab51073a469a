// A spec that our own check refuses. Nothing is made of it and what runs is left as it is, except for pods that count as
// dead by somebody's word: those are not started by us, and whoever vouches for their end does so whatever the spec says.
import type { PodFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import type { StatusPatch } from '#api/ports.ts'
import type { ExclusiveReason, RefusedReason } from '#api/reasons.ts'
import type { Problem } from '#api/validate.ts'
import type { Acceptance, Statement } from './parts/conditions.ts'
import { exclusiveOf } from './parts/exclusive.ts'
import type { Policied } from './parts/force.ts'
import { wasSuspended } from './parts/pause.ts'
import { podState } from './parts/pod-state.ts'
import { isUnreachable, unended } from './parts/proof.ts'
import { askedFor, isRecordedOnly, restartFields } from './parts/restart.ts'
import type { State } from './parts/state.ts'
import { buildHead, newest, resourceRef } from './parts/status.ts'
import type { Desired, Observed, Reported } from './workload.ts'

export interface Refusal {
  readonly reason: RefusedReason
  readonly problems: readonly Problem[]
  readonly policy: Policied['resource']['spec']
}

/** No child is made, changed or removed: all are on hold. */
export function heldAsTheyAre({ children }: Observed): Desired {
  return { children: [], onHold: children.map(({ kind, name }) => ({ kind, name })) }
}

/** What ran runs on, and is told as it is seen; the rest of the stored status stays. */
export function reportRefused(refusal: Refusal, seen: Policied): Reported {
  const pods = unended(seen.pods, seen.gone).filter((pod) => !pod.gated)
  const acceptance: Acceptance = { type: 'refused', reason: refusal.reason, message: sentenceOf(refusal.problems) }
  const verdict = {
    state: asSeen(seen, pods),
    acceptance,
    exclusive: exclusiveWhileRefused(seen, pods),
    suspended: wasSuspended(seen),
    timeoutMs: 0,
  }
  const resources = seen.children.map((fact) => resourceRef(fact, fact.kind !== 'Pod' || fact.ready))
  const { head } = buildHead({ verdict, pod: newest(pods), resources }, seen)
  const stored: StatusPatch = unstamped(seen)
  return { status: { ...stored, ...recorded(seen), ...head } }
}

function sentenceOf(problems: readonly Problem[]): string {
  const found = problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return `${found}. What runs is left as it is; correct the spec.`
}

function asSeen(seen: Observed, pods: readonly PodFact[]): State {
  const schedule = seen.children.find((fact) => fact.kind === 'CronJob')
  const active = schedule?.kind === 'CronJob' ? !schedule.suspended : pods.length > 0
  const isKept = schedule !== undefined || (pods.length === 0 && isAtRest(seen))
  const healthy = isKept ? seen.stored.healthy === true : pods.some((pod) => pod.ready)
  return { reason: 'NotAccepted', message: '', active, healthy, progress: 'stuck' }
}

/** Nothing runs, and nothing should: a refused edit changes that as little as it does what runs. */
function isAtRest(seen: Observed): boolean {
  return wasSuspended(seen) || ('completion' in seen.stored && seen.stored.completion !== undefined)
}

/** Nothing new is started, so what was true of what runs stays true, unless the world speaks against it, or did. */
function exclusiveWhileRefused(seen: Policied, pods: readonly PodFact[]): Statement {
  const stored = seen.stored.conditions?.find((condition) => condition.type === 'Exclusive')
  const strict = seen.resource.spec.exclusivity.mode !== 'BestEffort'
  const silent = pods.find((pod) => isUnreachable(pod, seen))
  const state = silent === undefined ? asSeen(seen, pods) : podState(silent, seen)
  const judged = exclusiveOf({ strict, state, because: 'What put it in doubt is over.' }, seen)
  if (inDoubt.has(judged.reason) || (stored !== undefined && inDoubt.has(stored.reason))) return judged
  return stored ?? { status: 'Unknown', reason: 'NotGuaranteed', message: 'The spec is not accepted.' }
}

const inDoubt: ReadonlySet<string> = new Set<ExclusiveReason>([
  'OverlapDetected',
  'OldInstanceUnreachable',
  'AtMostOneWaived',
])

/** A request that was there at creation is none: recorded at the first look, whatever that look makes of the spec. */
function recorded(seen: Observed): Partial<StatusPatch> {
  if (!isRecordedOnly(seen)) return {}
  if (seen.cr.kind !== 'WorkloadCronJob') return restartFields(seen, () => false)
  const asked = askedFor(seen, annotation.runNow)
  return asked === undefined ? {} : { lastHandledRunNow: asked }
}

/** The grant has its own writer, and the leader is stamped. */
function unstamped({ stored }: Observed): StatusPatch {
  const { grant: _grant, leader: _leader, ...rest } = { grant: undefined, ...stored }
  return { observedGeneration: -1, active: false, healthy: false, ...rest }
}
