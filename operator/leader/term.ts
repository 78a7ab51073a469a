// The time in which this replica may write. It ends by itself when no renewal was confirmed for R, and early when the
// elector says so. In good order (shutdown, step-down) it drains first; every other end is immediate.
//
// It promises that remainingMs never exceeds R and is never positive once the signal has fired. It does not promise that
// the signal fires in time: a paused process wakes its timers late. The synchronous check is the proof.
import type { Role, Term, TermEnd, TermFacts } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { AbortError } from '#lib/errors.ts'
import { validityLeftMs } from './lock.ts'
import type { Moment } from './lock.ts'
import { momentOf } from './moment.ts'

/** Running reconciles get this long to finish before the signal fires. */
export const DRAIN_MS = 5000

/** Instances that one term may start: tokens of two epochs must not meet. */
const TOKENS = 2n ** 20n

export interface TermStart {
  readonly facts: TermFacts
  /** The moment before the acquire was sent. */
  readonly sentAt: Moment
  readonly renewDeadlineMs: number
  readonly clock: Clock
  readonly role: () => Role
  /** Called once, in the tick in which the signal fires. */
  readonly onOver: (reason: TermEnd) => void
  readonly onNewerEpoch: (epoch: bigint) => void
}

/** A term, and the levers that only the elector has. */
export interface HeldTerm {
  readonly term: Term
  /** A renewal that was sent at `sentAt` has been confirmed. An older one than the last changes nothing; a late one ends the term. */
  confirm(sentAt: Moment): void
  /** Drains, then ends; nothing when the term already drains. */
  drain(reason: 'shutdown' | 'step-down'): void
  /** Ends now. The reason of a drain that is under way stays. */
  end(reason: TermEnd): void
  /** Why the term drains or has ended. */
  reason(): TermEnd | undefined
}

export type OpenTerm = (start: TermStart) => HeldTerm

export const openTerm: OpenTerm = (start) => new RunningTerm(start)

class RunningTerm implements HeldTerm {
  readonly term: Term
  readonly #start: TermStart
  readonly #over = new AbortController()
  readonly #draining = new AbortController()
  #sentAt: Moment
  #reason: TermEnd | undefined
  #started = 0n
  #expiry: Disposable
  #drainLimit: Disposable | undefined

  constructor(start: TermStart) {
    this.#start = start
    this.#sentAt = start.sentAt
    this.term = {
      ...start.facts,
      signal: this.#over.signal,
      draining: this.#draining.signal,
      remainingMs: () => this.#remainingMs(),
      nextToken: () => this.#nextToken(),
      role: start.role,
      sawNewerEpoch: (epoch) => this.#sawNewerEpoch(epoch),
    }
    this.#expiry = this.#watchExpiry()
  }

  confirm(sentAt: Moment): void {
    // Once validity is over the term is over, also when a pause let the answer overtake the timer.
    if (this.#remainingMs() <= 0) return this.end('expired')
    if (sentAt.monotonicMs > this.#sentAt.monotonicMs) this.#sentAt = sentAt
  }

  drain(reason: 'shutdown' | 'step-down'): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#drainLimit = this.#start.clock.schedule(DRAIN_MS, () => this.end(reason))
    this.#draining.abort()
  }

  end(reason: TermEnd): void {
    if (this.#over.signal.aborted) return
    this.#reason ??= reason
    this.#expiry[Symbol.dispose]()
    this.#drainLimit?.[Symbol.dispose]()
    this.#draining.abort()
    this.#over.abort()
    this.#start.onOver(this.#reason)
  }

  reason(): TermEnd | undefined {
    return this.#reason
  }

  #remainingMs(): number {
    const { clock, renewDeadlineMs } = this.#start
    const leftMs = validityLeftMs(this.#sentAt, momentOf(clock), renewDeadlineMs)
    return this.#over.signal.aborted ? Math.min(0, leftMs) : leftMs
  }

  /** The timer may fire early in real time (a renewal came in between) or late (a pause): it looks, and waits again. */
  #watchExpiry(): Disposable {
    return this.#start.clock.schedule(Math.max(1, this.#remainingMs()), () => {
      if (this.#remainingMs() <= 0) return this.end('expired')
      this.#expiry = this.#watchExpiry()
    })
  }

  #nextToken(): bigint {
    if (this.#started >= TOKENS - 1n) throw new AbortError('the fencing tokens of this term are used up')
    this.#started += 1n
    if (this.#started === TOKENS - 1n) this.drain('step-down')
    return this.#start.facts.epoch * TOKENS + this.#started
  }

  #sawNewerEpoch(epoch: bigint): void {
    if (epoch <= this.#start.facts.epoch || this.#over.signal.aborted) return
    this.#start.onNewerEpoch(epoch)
    this.end('newer-epoch')
  }
}
