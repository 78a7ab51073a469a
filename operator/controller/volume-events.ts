// Which Events the claims of a persistent workload make: growth that was asked for, reached, or failed. PURE.
import type { KindName, Statuses, VolumeStatus } from '#api/generated/kinds.ts'
import type { StatusPatch, WorkloadEvent } from '#api/ports.ts'
import { parseQuantity } from '#api/quantity.ts'
import type { EventReason } from '#api/reasons.ts'

interface VolumeChange {
  readonly before: Partial<Statuses[KindName]> | StatusPatch
  readonly after: StatusPatch
}

export function volumeEvents({ before, after }: VolumeChange): readonly WorkloadEvent[] {
  const [old, next] = [volumesOf(before), volumesOf(after)]
  const growth = next.flatMap((volume) => growthEvents(old.find(({ claim }) => claim === volume.claim) ?? {}, volume))
  const [reason, message] = troubleOf(after)
  // A claim that waits for its first volume has not failed.
  const isWaiting = next.length === 0 || next.some(({ phase }) => phase === 'Pending')
  if (reason !== 'VolumePending' || troubleOf(before)[0] === reason || isWaiting) return growth
  return [...growth, { type: 'Warning', reason: 'VolumeFailed', action: 'Expanding', note: message }]
}

type Sizes = Pick<VolumeStatus, 'requested' | 'capacity'>

function growthEvents(old: Sizes, { claim, requested, capacity }: VolumeStatus): readonly WorkloadEvent[] {
  const expanding = isLarger(requested, old.requested)
  const expanded = isLarger(capacity, old.capacity) && !isLarger(requested, capacity)
  return [
    ...(expanding ? [normal('VolumeExpanding', `Claim ${claim} is enlarged to ${requested ?? ''}.`)] : []),
    ...(expanded ? [normal('VolumeExpanded', `Claim ${claim} has ${capacity ?? ''} now.`)] : []),
  ]
}

function normal(reason: EventReason, note: string): WorkloadEvent {
  return { type: 'Normal', reason, action: 'Expanding', note }
}

/** Nothing is larger than what is not known. */
function isLarger(one: string | undefined, than: string | undefined): boolean {
  const [size, limit] = [parseQuantity(one ?? ''), parseQuantity(than ?? '')]
  return size !== undefined && limit !== undefined && size > limit
}

function volumesOf(status: VolumeChange['before']): readonly VolumeStatus[] {
  return ('volumes' in status ? status.volumes : undefined) ?? []
}

function troubleOf(status: VolumeChange['before']): readonly [string, string] {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return [ready?.reason ?? '', ready?.message ?? '']
}
