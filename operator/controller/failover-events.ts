// The Events of a move that nobody asked for: it begins when the end of the old instance is known, and is complete when
// the new one has started. PURE.
import type { Failover } from '#api/generated/kinds.ts'
import type { WorkloadEvent } from '#api/ports.ts'
import type { EventReason } from '#api/reasons.ts'
import type { StatusChange } from './events.ts'

export function failoverEvents({ before, after }: Pick<StatusChange, 'before' | 'after'>): readonly WorkloadEvent[] {
  const [old, next] = [failoverOf(before), failoverOf(after)]
  if (next === undefined) return []
  const isAnother = old?.from !== next.from || (old.at !== undefined && old.at !== next.at)
  const hasArrived = next.at !== undefined && old?.at !== next.at
  return [...(isAnother ? [started(next)] : []), ...(hasArrived ? [completed(next)] : [])]
}

function started({ from, reason }: Failover): WorkloadEvent {
  return normal('FailoverStarted', `Pod ${from} has ended (${reason}); another one takes its place.`)
}

function completed({ from, to = '', takeover = '' }: Failover): WorkloadEvent {
  return normal('FailoverCompleted', `Pod ${to} follows pod ${from}, ${takeover} after its end.`)
}

function normal(reason: EventReason, note: string): WorkloadEvent {
  return { type: 'Normal', reason, action: 'Starting', note }
}

function failoverOf(status: StatusChange['before']): Failover | undefined {
  return 'lastFailover' in status ? status.lastFailover : undefined
}
