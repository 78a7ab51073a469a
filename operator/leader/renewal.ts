// The renewal loop of one term. It runs on its own, awaits nothing but the fence, and ends with the term's signal.
// Only an answer that arrives in time confirms a renewal, and what it confirms is the moment before it was sent.
import { attempt, reasonOf } from './attempt.ts'
import { parseStepDown } from './lock.ts'
import type { Moment } from './lock.ts'
import type { Renewed } from './lock-store.ts'
import { momentOf } from './moment.ts'
import type { Replica } from './replica.ts'
import type { HeldTerm } from './term.ts'

/** A failed renewal is tried again after this. */
const RETRY_MS = 250

export class Renewal {
  readonly #self: Replica
  readonly #held: HeldTerm
  #dueMs: number
  /** The version that the watch showed when the fence was last written: an other one is looked at once. */
  #knownVersion: string

  constructor(self: Replica, held: HeldTerm, sentAt: Moment) {
    this.#self = self
    this.#held = held
    this.#dueMs = sentAt.monotonicMs + self.options.settings.retryPeriodMs
    this.#knownVersion = self.version()
  }

  /** Resolves when the term's signal has fired and no call is under way; never rejects. */
  async run(): Promise<void> {
    const { clock, settings } = this.#self.options
    const { signal } = this.#held.term
    while (!signal.aborted) {
      const waitMs = this.#dueMs - clock.monotonicMs()
      if (waitMs > 0 && !this.#looksLost()) {
        await this.#self.alarm.wait(waitMs, signal)
        this.#obey(this.#self.record()?.request ?? '')
        continue
      }
      this.#knownVersion = this.#self.version()
      const startedMs = clock.monotonicMs()
      const isConfirmed = await this.#renew()
      this.#dueMs = isConfirmed ? startedMs + settings.retryPeriodMs : clock.monotonicMs() + RETRY_MS
    }
  }

  async #renew(): Promise<boolean> {
    const { clock, fence, settings, telemetry } = this.#self.options
    const { signal } = this.#held.term
    const mine = { claim: settings.claim, seq: this.#self.nextSeq() }
    const sentAt = momentOf(clock)
    try {
      const limit = { clock, ms: settings.retryPeriodMs, signal }
      const renewed = await attempt(limit, (end) => fence.renew(mine, end))
      return await this.#settle(renewed, sentAt)
    } catch (error) {
      if (signal.aborted) return false
      const reason = reasonOf(error)
      const remainingMs = Math.round(this.#held.term.remainingMs())
      telemetry.metrics.renewFailed(fence.kind, reason)
      telemetry.log.debug('renewal failed', this.#self.fields({ reason, remainingMs }))
      return false
    }
  }

  async #settle(renewed: Renewed, sentAt: Moment): Promise<boolean> {
    const { clock, fence, telemetry } = this.#self.options
    switch (renewed.type) {
      case 'renewed': {
        this.#held.confirm(sentAt)
        const afterMs = clock.monotonicMs() - sentAt.monotonicMs
        telemetry.metrics.renewed(fence.kind, afterMs / 1000)
        telemetry.log.debug('renewed', this.#self.fields({ epoch: this.#held.term.epoch, afterMs }))
        this.#obey(renewed.request)
        return true
      }
      case 'lost':
      case 'foreign':
        this.#held.end('lost')
        return false
      case 'missing':
        return await this.#recreate()
      case 'stale':
        return await this.#catchUp()
      default:
        return renewed satisfies never
    }
  }

  /** Somebody deleted the fence. While the term is valid nobody else may have taken it: it is posted with its epoch. */
  async #recreate(): Promise<boolean> {
    const { clock, fence, settings, telemetry } = this.#self.options
    const { term } = this.#held
    if (term.remainingMs() <= 0) return false
    const claim = this.#self.claimWith(this.#self.nextSeq())
    const sentAt = momentOf(clock)
    const limit = { clock, ms: settings.retryPeriodMs, signal: term.signal }
    const want = { expected: '', minEpoch: term.epoch }
    const acquired = await attempt(limit, (end) => fence.acquire(claim, want, end))
    if (acquired.type !== 'acquired' || acquired.epoch !== term.epoch) {
      this.#held.end('lost')
      return false
    }
    this.#held.confirm(sentAt)
    telemetry.log.warn('fence was deleted, created again', this.#self.fields({ epoch: term.epoch }))
    this.#self.event('FenceRecreated', `The Lease of the fence was deleted; created again with epoch ${term.epoch}.`)
    return true
  }

  /** The stored seq is ahead of ours (edited by hand): learn it, the next renewal goes above it. */
  async #catchUp(): Promise<boolean> {
    const { clock, fence, settings } = this.#self.options
    const limit = { clock, ms: settings.retryPeriodMs, signal: this.#held.term.signal }
    this.#self.note(await attempt(limit, (end) => fence.read(end)))
    return false
  }

  /** The watch shows no fence, or one of somebody else: do not wait for the next renewal to learn the truth. */
  #looksLost(): boolean {
    return (
      this.#self.version() !== this.#knownVersion && this.#self.record()?.claim !== this.#self.options.settings.claim
    )
  }

  #obey(request: string): void {
    if (parseStepDown(request)?.epoch === this.#held.term.epoch) this.#held.drain('step-down')
  }
}
