// Standby and Claiming: waits until the fence may be taken, looks at it once more, and takes it by compare-and-swap on
// the version it has observed.
import { messageOf, TerminalError } from '#lib/errors.ts'
import { attempt, reasonOf } from './attempt.ts'
import { validityLeftMs, writeDeadlineMs } from './lock.ts'
import type { Moment } from './lock.ts'
import { momentOf } from './moment.ts'
import type { Replica } from './replica.ts'

export interface Won {
  readonly epoch: bigint
  /** The moment before the acquire was sent: validity counts from here. */
  readonly sentAt: Moment
  /** For people. */
  readonly reason: string
  /** Another process held the fence before. */
  readonly isTakeover: boolean
}

/** An acquire whose answer was lost. */
interface Pending {
  readonly seq: bigint
  readonly sentAt: Moment
  readonly won: Pick<Won, 'reason' | 'isTakeover'>
}

/** A failed call is tried again after this, spread by a fifth. */
const RETRY_MS = 250

export class Campaign {
  readonly #self: Replica
  #pending: Pending | undefined
  #isUnreachable = false
  /** Why the fence may not be taken, as it was said last. */
  #refusal = ''

  constructor(self: Replica) {
    this.#self = self
  }

  /** The fence may be ours: an acquire is unanswered, or an earlier term ended without a release. */
  mayHold(): boolean {
    const record = this.#self.record()
    const isOwn = record?.state === 'held' && record.claim === this.#self.options.settings.claim
    return isOwn || this.#pending !== undefined
  }

  /** Undefined when the signal has fired. May return a win after the signal has fired: whoever acquires, releases. */
  async win(signal: AbortSignal): Promise<Won | undefined> {
    const { settings } = this.#self.options
    while (!signal.aborted) {
      const waitMs = this.#self.waitMs()
      if (waitMs > 0) {
        await this.#self.alarm.wait(Math.min(waitMs, settings.leaseDurationMs), signal)
        continue
      }
      const won = await this.#tryToWin(signal)
      if (won !== undefined) return won
    }
    return undefined
  }

  async #tryToWin(signal: AbortSignal): Promise<Won | undefined> {
    if (!(await this.#look(signal))) return undefined
    const resumed = this.#findLostAnswer()
    this.#pending = undefined
    if (resumed !== undefined) return resumed
    return this.#self.waitMs() > 0 || signal.aborted ? undefined : await this.#take(signal)
  }

  /** A live read. False when it failed; then it has waited a little. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { clock, fence, settings, telemetry } = this.#self.options
    try {
      const seen = await attempt({ clock, ms: settings.retryPeriodMs, signal }, (limit) => fence.read(limit))
      this.#self.isInDoubt = false
      this.#self.note(seen)
      if (this.#isUnreachable) telemetry.log.info('fence can be read again', this.#self.fields())
      this.#isUnreachable = false
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!this.#isUnreachable)
        telemetry.log.warn('fence cannot be read, trying on', this.#self.fields({ reason: messageOf(error) }))
      this.#isUnreachable = true
      await this.#pause(signal)
      return false
    }
  }

  /** The read showed our own write, so it did commit, and its send time counts; unless too little is left to use it. */
  #findLostAnswer(): Won | undefined {
    const { settings } = this.#self.options
    const record = this.#self.record()
    const pending = this.#pending
    if (pending === undefined || record === undefined) return undefined
    if (record.state !== 'held' || record.claim !== settings.claim || record.seq !== pending.seq) return undefined
    if (!this.#isUsable(pending.sentAt)) return undefined
    return { ...pending.won, epoch: record.epoch, sentAt: pending.sentAt }
  }

  async #take(signal: AbortSignal): Promise<Won | undefined> {
    const { clock, fence, settings, telemetry } = this.#self.options
    const won = this.#describe()
    const want = { expected: this.#self.version(), minEpoch: this.#self.minEpoch() }
    this.#self.view.noteClaiming(true)
    const seq = this.#self.nextSeq()
    const sentAt = momentOf(clock)
    try {
      // Not bound to the signal: a replica that leaves now must know whether it has something to release.
      const limit = { clock, ms: settings.retryPeriodMs }
      const acquired = await attempt(limit, (end) => fence.acquire(this.#self.claimWith(seq), want, end))
      if (acquired.type === 'acquired' && this.#isUsable(sentAt)) return { ...won, epoch: acquired.epoch, sentAt }
      // Acquired too long ago (this process was paused in the call): a rival may have been there since, so look again.
      if (acquired.type === 'acquired') this.#pending = { seq, sentAt, won }
      telemetry.log.debug('fence not acquired', this.#self.fields({ version: want.expected, outcome: acquired.type }))
    } catch (error) {
      this.#pending = { seq, sentAt, won }
      this.#complain(error)
    }
    this.#self.view.noteClaiming(false)
    this.#self.isInDoubt = true
    telemetry.metrics.acquireFailed()
    await this.#pause(signal)
    return undefined
  }

  /** A refusal is for people to mend, so it is said, once. */
  #complain(error: unknown): void {
    const { log } = this.#self.options.telemetry
    if (!(error instanceof TerminalError))
      return log.debug('acquire failed, its outcome is unknown', this.#self.fields({ reason: reasonOf(error) }))
    const reason = messageOf(error)
    if (reason !== this.#refusal) log.warn('fence may not be taken, trying on', this.#self.fields({ reason }))
    this.#refusal = reason
  }

  #isUsable(sentAt: Moment): boolean {
    const { clock, settings } = this.#self.options
    return validityLeftMs(sentAt, momentOf(clock), settings.renewDeadlineMs) >= writeDeadlineMs(settings)
  }

  #describe(): Pick<Won, 'reason' | 'isTakeover'> {
    const { settings } = this.#self.options
    const record = this.#self.record()
    if (record === undefined) {
      const isFirst = this.#self.minEpoch() === 1n
      return { reason: isFirst ? 'first leader' : 'fence was gone', isTakeover: false }
    }
    if (record.state === 'held' && record.claim === settings.claim)
      return { reason: 'own claim resumed', isTakeover: false }
    const isOwnRelease = record.state === 'released' && record.epoch === this.#self.lastEpoch
    const reason = record.state === 'released' ? 'released' : 'holder silent'
    return { reason, isTakeover: !isOwnRelease && record.holder !== '' }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const spread = 0.8 + 0.4 * this.#self.options.random()
    await this.#self.alarm.wait(RETRY_MS * spread, signal)
  }
}
