// Which part this cluster plays for its tenant: from what the lock shows, how long it has shown it, and what the fence
// remembers. PURE. Only the holder of the fence asks, so of one cluster only one process ever acts on the answer.
//
// It promises that a record which went back in time, an outage or a flush of the store never changes the part of a
// cluster by itself: only a record of a newer epoch, an acquire, or the memory of the fence does.
import type { Role } from '#api/ports.ts'
import type { LockRecord, Seen } from './lock-store.ts'

interface Self {
  readonly claim: string
  /** uid of the fence, and what tells this cluster from others; the name is for people and requests. */
  readonly fence: string
  readonly clusterId: string
  readonly cluster: string
}

/** On the fence: the last role that rested on the lock, and the lock's epoch then. */
export interface Remembered {
  readonly role: 'active' | 'passive'
  readonly epoch: bigint
}

export interface Shown {
  readonly seen: Seen | { readonly type: 'unreachable' }
  /** How long one and the same version was seen without a break, ms. */
  readonly unchangedMs: number
  /** Something of others was there, and it has not been absent for the lease duration yet. */
  readonly wasForeign: boolean
}

type Step =
  | { readonly type: 'wait' }
  | { readonly type: 'renew' }
  | { readonly type: 'acquire'; readonly expected: string; readonly minEpoch: bigint }
  /** Release it, drained: it had been given up before. */
  | { readonly type: 'give-up' }

type Warning = 'Unreachable' | 'ForeignLeader' | 'SecondInstallation'

export interface Part {
  /** Until the step has been answered. */
  readonly role: Role
  readonly step: Step
  readonly warning?: Warning
}

/** A lock that was drained for another cluster is left to it for so long. */
export const HAND_OVER_MS = 30_000

const WAIT: Step = { type: 'wait' }

interface Question extends Shown {
  readonly self: Self
  readonly remembered: Remembered | undefined
  readonly leaseDurationMs: number
}

export function partOf(asked: Question): Part {
  const { seen, remembered } = asked
  const known = remembered?.role ?? 'hands-off'
  switch (seen.type) {
    case 'unreachable':
      return { role: known, step: WAIT, warning: 'Unreachable' }
    case 'foreign':
      return { role: 'hands-off', step: WAIT, warning: 'ForeignLeader' }
    case 'absent':
      return partWithoutRecord(asked)
    case 'record':
      return partBeside(seen.record, seen.version, asked)
    default:
      return seen satisfies never
  }
}

function partWithoutRecord({ remembered, wasForeign, unchangedMs, leaseDurationMs }: Question): Part {
  if (wasForeign) return { role: 'hands-off', step: WAIT }
  switch (remembered?.role) {
    case 'active':
      // Flushed while we were active: nobody else has taken it, and taking it again changes nothing for anybody.
      return { role: 'active', step: take('', remembered) }
    case 'passive':
      return { role: 'passive', step: WAIT }
    case undefined:
      return { role: 'hands-off', step: unchangedMs < leaseDurationMs ? WAIT : take('', remembered) }
  }
}

function partBeside(record: LockRecord, version: string, asked: Question): Part {
  const { self, remembered } = asked
  if (record.clusterId !== self.clusterId) return partBesideAnother(record, version, asked)
  if (record.fence !== self.fence) return partBesideTwin(record, version, asked)
  const known = remembered?.role ?? 'hands-off'
  const isOurs = record.claim === self.claim && record.state === 'held'
  if (isOurs && hasGivenUp(record, remembered)) return { role: 'passive', step: { type: 'give-up' } }
  if (isOurs) return { role: 'active', step: { type: 'renew' } }
  if (isLeftToAnother(record, asked)) return { role: 'passive', step: WAIT }
  // Holding the fence proves that whoever held this for our cluster is silent.
  return { role: known, step: take(version, remembered) }
}

/** Our cluster under another fence: installed again somewhere else in it, or twice. */
function partBesideTwin(record: LockRecord, version: string, asked: Question): Part {
  const isFree = record.state === 'released' || asked.unchangedMs >= asked.leaseDurationMs
  if (!isFree) return { role: 'hands-off', step: WAIT, warning: 'SecondInstallation' }
  return { role: asked.remembered?.role ?? 'hands-off', step: take(version, asked.remembered) }
}

function partBesideAnother(record: LockRecord, version: string, asked: Question): Part {
  const { remembered } = asked
  // A copy or a backup from before our time: what came after it is ours.
  if (remembered?.role === 'active' && remembered.epoch > record.epoch)
    return { role: 'active', step: take(version, remembered) }
  const isDrained = record.state === 'released' && record.drained
  if (!isDrained || isLeftToAnother(record, asked)) return { role: 'passive', step: WAIT }
  return { role: 'passive', step: take(version, remembered) }
}

/** Passive is remembered for this epoch or a later one, so a record that says otherwise is older than that. */
function hasGivenUp(record: LockRecord, remembered: Remembered | undefined): boolean {
  return remembered?.role === 'passive' && remembered.epoch >= record.epoch
}

function isLeftToAnother(record: LockRecord, { self, unchangedMs }: Question): boolean {
  const isAsked = record.request !== '' && record.request !== self.cluster
  return record.state === 'released' && record.drained && isAsked && unchangedMs < HAND_OVER_MS
}

function take(expected: string, remembered: Remembered | undefined): Step {
  return { type: 'acquire', expected, minEpoch: (remembered?.epoch ?? 0n) + 1n }
}
