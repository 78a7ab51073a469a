// What one replica knows from one term to the next: its claim, the fence as it has observed it, the highest epoch it
// has met, and when it has to stay out. It decides nothing but whether it may try to take the fence.
import type { EventContent, Telemetry } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { createAlarm } from './alarm.ts'
import type { Alarm } from './alarm.ts'
import { LeadershipRecord } from './leadership-view.ts'
import { eligibleInMs, observe } from './lock.ts'
import type { Observation, Rival, Timings } from './lock.ts'
import type { Claim, Fence, LockRecord, Seen } from './lock-store.ts'

export interface ElectorSettings extends Timings {
  /** Name of this replica, for people. */
  readonly id: string
  /** Random UUID of this process: what comparisons use. */
  readonly claim: string
  readonly cluster: string
  readonly tenant: string
  /** Watches, never campaigns. */
  readonly remainsFollower: boolean
}

type LeaderReason =
  'LeaderElected' | 'LeaderLost' | 'LeaderReleased' | 'FenceRecreated' | 'DuplicateID' | 'SecondInstallation'

export interface LeaderEvent extends EventContent {
  readonly reason: LeaderReason
}

const eventKinds: Readonly<Record<LeaderReason, Pick<EventContent, 'type' | 'action'>>> = {
  LeaderElected: { type: 'Normal', action: 'Electing' },
  LeaderLost: { type: 'Warning', action: 'Leaving' },
  LeaderReleased: { type: 'Normal', action: 'Leaving' },
  FenceRecreated: { type: 'Warning', action: 'Creating' },
  DuplicateID: { type: 'Warning', action: 'Watching' },
  SecondInstallation: { type: 'Warning', action: 'Waiting' },
}

export interface ElectorOptions {
  readonly fence: Fence
  readonly settings: ElectorSettings
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** From 0 to 1; spreads the retries of replicas that fail together. */
  readonly random: () => number
  /** The largest epoch stamp on any object of the tenant, 0n when there is none. */
  readonly highestEpoch: () => bigint
  /** Resolves when this replica is fit to lead. */
  readonly synced: (signal: AbortSignal) => Promise<void>
  /** Transitions only. Must not throw. */
  readonly onEvent?: (event: LeaderEvent) => void
}

/** Two ends by a newer epoch within this time mean that another installation writes for this tenant; then stay out as long. */
const SECOND_INSTALLATION_MS = 60_000

export class Replica {
  readonly options: ElectorOptions
  readonly view: LeadershipRecord
  /** Rings when something about the fence may have changed. */
  readonly alarm: Alarm
  /** The term that this process ended on request, or left without a reason. */
  steppedDownFrom: bigint | undefined
  /** Epoch of the last term of this process. */
  lastEpoch: bigint | undefined
  /** The fence may not be what the last look showed. */
  isInDoubt = true
  #observation: Observation | undefined
  #seq = 0n
  #floor = 0n
  #newerEpochAtMs = Number.NEGATIVE_INFINITY
  #staysOutUntilMs = Number.NEGATIVE_INFINITY
  #duplicate = ''

  constructor(options: ElectorOptions) {
    const { clock, fence, settings } = options
    this.options = options
    this.alarm = createAlarm(clock)
    this.view = new LeadershipRecord({
      id: settings.id,
      cluster: settings.cluster,
      clock,
      fence,
      eligibleInMs: () => this.eligibleInMs(),
    })
  }

  /** The record as last seen; undefined when absent, foreign or never seen. */
  record(): LockRecord | undefined {
    return this.#observation?.seen.type === 'record' ? this.#observation.seen.record : undefined
  }

  version(): string {
    return this.#observation?.version ?? ''
  }

  /** What a read has shown, at the moment of its receipt. */
  note(seen: Seen): void {
    const before = this.record()
    this.#observation = observe(this.#observation, seen, this.options.clock.monotonicMs())
    const record = this.record()
    if (record !== undefined) {
      if (record.seq > this.#seq) this.#seq = record.seq
      this.raiseFloor(record.epoch)
      this.#lookForDuplicate(before, record)
    }
    this.view.noteSeen(seen)
  }

  /** A hint of the store that the fence has changed, with what it has changed to when the store knows. */
  hint(seen: Seen | undefined): void {
    if (seen !== undefined) this.note(seen)
    if (seen === undefined) this.isInDoubt = true
    this.alarm.ring()
  }

  /** 0 when the fence should be looked at, and taken if the look shows the same. */
  waitMs(): number {
    if (this.isInDoubt || this.#observation === undefined) return 0
    return this.options.settings.remainsFollower ? Number.POSITIVE_INFINITY : this.eligibleInMs()
  }

  eligibleInMs(): number {
    if (this.#observation === undefined) return Number.POSITIVE_INFINITY
    const nowMs = this.options.clock.monotonicMs()
    const ms = eligibleInMs(this.#observation, this.#rival(), this.options.settings, nowMs)
    return Math.max(ms, this.#staysOutUntilMs - nowMs)
  }

  claimWith(seq: bigint): Claim {
    const { claim, id, cluster } = this.options.settings
    return { claim, seq, holder: id, cluster, clusterId: '', fence: '' }
  }

  /** Larger than every seq this replica has used or seen, so that a version never comes back. */
  nextSeq(): bigint {
    this.#seq += 1n
    return this.#seq
  }

  /** Above every epoch that this replica has met on the fence, on objects, or in its own terms. */
  minEpoch(): bigint {
    this.raiseFloor(this.options.highestEpoch())
    return this.#floor + 1n
  }

  raiseFloor(epoch: bigint): void {
    if (epoch > this.#floor) this.#floor = epoch
  }

  /** A term ended because an object shows a newer epoch. */
  metNewerEpoch(epoch: bigint): void {
    const { clock, telemetry } = this.options
    this.raiseFloor(epoch)
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#newerEpochAtMs < SECOND_INSTALLATION_MS) {
      this.#staysOutUntilMs = nowMs + SECOND_INSTALLATION_MS
      telemetry.log.warn('another installation writes for this tenant, staying out', this.fields({ epoch }))
      this.event('SecondInstallation', `Another installation writes for this tenant: epoch ${epoch} is not ours.`)
    }
    this.#newerEpochAtMs = nowMs
  }

  event(reason: LeaderReason, note: string): void {
    this.options.onEvent?.({ ...eventKinds[reason], reason, note })
  }

  fields(more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    const { tenant, cluster, id, claim } = this.options.settings
    return { tenant, cluster, id, claim, store: this.options.fence.kind, ...more }
  }

  #rival(): Rival {
    const { claim, id } = this.options.settings
    const traces = this.#floor > 0n || this.options.highestEpoch() > 0n
    const rival = { claim, id, traces }
    return this.steppedDownFrom === undefined ? rival : { ...rival, steppedDownFrom: this.steppedDownFrom }
  }

  /** A record of a dead process under our name is normal after a restart; one that is still being renewed is not. */
  #lookForDuplicate(before: LockRecord | undefined, record: LockRecord): void {
    const { id, claim } = this.options.settings
    if (record.state === 'released' || record.holder !== id || record.claim === claim) return
    if (before?.claim !== record.claim || before.seq >= record.seq || this.#duplicate === record.claim) return
    this.#duplicate = record.claim
    this.options.telemetry.log.warn('another replica uses the same id', this.fields({ rival: record.claim }))
    this.event('DuplicateID', `Another replica also calls itself ${id}. Give each replica its own id.`)
  }
}
