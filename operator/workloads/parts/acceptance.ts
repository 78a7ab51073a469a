// Is the spec accepted: by our own check, by the API server, and by whoever holds the names we need.
import type { ChildKind } from '#api/generated/kinds.ts'
import type { RefusedReason } from '#api/reasons.ts'
import type { Observed } from '../workload.ts'
import type { Acceptance } from './conditions.ts'
import { describeStranger, judge, sameName, type Owner } from './owner.ts'
import { unended } from './proof.ts'
import type { State } from './state.ts'

type Refused = NonNullable<Observed['findings']['refused']>

/** `needs`: the names this workload wants to own. */
export function acceptanceOf(
  seen: Observed,
  owner: Owner,
  needs: readonly { readonly kind: ChildKind; readonly name: string }[],
  warnings: readonly string[],
): Acceptance {
  const { refused, taken } = seen.findings
  if (taken !== undefined) return nameConflict(taken.kind, taken.name, taken.by)
  const stranger = needs
    .flatMap((child) => sameName(child, seen.others) ?? [])
    .find((fact) => judge(fact, owner) === 'stranger')
  if (stranger !== undefined) return nameConflict(stranger.kind, stranger.name, describeStranger(stranger))
  if (refused === undefined || mayBeAllowedLater(refused)) return { type: 'accepted', warnings }
  return { type: 'refused', reason: refusedReason(refused), message: refused.sentence }
}

/** By a quota or a storage class: the spec is fine, and a state says what is waited for. */
function mayBeAllowedLater({ reason, kind }: Refused): boolean {
  return reason === 'quota' || kind === 'PersistentVolumeClaim'
}

function nameConflict(kind: ChildKind, name: string, by: string): Acceptance {
  const step = 'Nothing was changed. Delete or rename that object, or give this workload another name.'
  const message = `The name ${kind} ${name} is taken by an object that is ${by}. ${step}`
  return { type: 'refused', reason: 'NameConflict', message }
}

function refusedReason(refused: Refused): RefusedReason {
  if (refused.reason === 'forbidden') return 'Forbidden'
  if (refused.kind === 'Service') return 'InvalidSpec'
  if (refused.kind !== 'CronJob') return 'InvalidPodTemplate'
  if (refused.sentence.includes('spec.timeZone')) return 'UnknownTimeZone'
  return refused.sentence.includes('spec.schedule') ? 'InvalidSchedule' : 'InvalidPodTemplate'
}

// Quotas change without an event of ours; 30 s is soon enough for people and rare enough for the server.
const QUOTA_RETRY_MS = 30_000

/** A quota holds back the child: the spec is fine, so this is a state and not a refusal. */
export function quotaState(seen: Observed): State | undefined {
  const { refused } = seen.findings
  if (refused?.reason !== 'quota' || refused.kind === 'PersistentVolumeClaim') return undefined
  // Another child may be held back than the one that makes pods.
  const active = unended(seen.pods, seen.gone).some((pod) => !pod.gated)
  return { ...quotaExceeded(refused.sentence), active }
}

export function quotaExceeded(sentence: string): State {
  const message = `A quota of the namespace holds this workload back: ${sentence}`
  return {
    reason: 'QuotaExceeded',
    message,
    active: false,
    healthy: false,
    progress: 'moving',
    lookAgainMs: QUOTA_RETRY_MS,
  }
}
