// What people are shown about leadership. It is told of everything and decides nothing.
import type { LeadershipView, Term, TermEnd, TermRecord } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { mergeTerms } from './lease-record.ts'
import type { Fence, LockRecord, Seen } from './lock-store.ts'

export interface ViewSources {
  readonly id: string
  readonly cluster: string
  readonly clock: Clock
  readonly fence: Fence
  /** Time until the fence could be taken, as far as this replica has seen. */
  readonly eligibleInMs: () => number
}

export class LeadershipRecord implements LeadershipView {
  readonly #sources: ViewSources
  #state: 'standby' | 'claiming' | 'leading' = 'standby'
  #term: Term | undefined
  #isSettled = true
  #seen: LockRecord | undefined
  #seenTerms: readonly TermRecord[] = []
  #holder: string | undefined
  #lastHolder = ''
  #lastTransitionMs: number | undefined
  #reason = ''
  #transitions = 0
  #failovers = 0

  constructor(sources: ViewSources) {
    this.#sources = sources
  }

  isLeader(): boolean {
    const term = this.#term
    return term !== undefined && !term.signal.aborted && term.remainingMs() > 0 && term.role() === 'active'
  }

  state(): 'standby' | 'claiming' | 'leading' | 'ending' {
    const isEnding = this.#term !== undefined && this.#term.draining.aborted && !this.#isSettled
    return isEnding ? 'ending' : this.#state
  }

  holder(): string {
    return this.#holder ?? ''
  }

  epoch(): bigint {
    return this.#isHeldHere() ? (this.#term?.epoch ?? 0n) : (this.#seen?.epoch ?? 0n)
  }

  lastTransitionMs(): number | undefined {
    return this.#lastTransitionMs
  }

  leaderSinceMs(): number | undefined {
    if (this.#isHeldHere()) return this.#term?.sinceMs
    if (this.holder() === '') return undefined
    return this.history().find((term) => term.epoch === this.epoch())?.sinceMs
  }

  validForMs(): number {
    if (this.#isHeldHere()) return Math.max(0, this.#term?.remainingMs() ?? 0)
    const ms = this.#sources.eligibleInMs()
    return Number.isFinite(ms) ? ms : 0
  }

  transitions(): number {
    return this.#transitions
  }

  failovers(): number {
    return this.#failovers
  }

  lastHolder(): string {
    return this.#lastHolder
  }

  lastChangeReason(): string {
    return this.#reason
  }

  history(): readonly TermRecord[] {
    // What the holder wrote about a term is better than the moment at which it was first seen here.
    return mergeTerms(this.#seenTerms, this.#sources.fence.history())
  }

  noteClaiming(isClaiming: boolean): void {
    this.#state = isClaiming ? 'claiming' : 'standby'
  }

  noteWon(term: Term, won: { readonly reason: string; readonly isTakeover: boolean }): void {
    this.#term = term
    this.#isSettled = false
    this.#state = 'leading'
    this.#transitions += 1
    if (won.isTakeover) this.#failovers += 1
    this.#changeHolder(this.#sources.id, won.reason)
  }

  noteOver(reason: TermEnd): void {
    this.#reason = reason
  }

  noteSettled(): void {
    this.#isSettled = true
    this.#state = 'standby'
  }

  /** The fence as read or watched. While this replica leads, what it holds itself is newer than any of that. */
  noteSeen(seen: Seen): void {
    const record = seen.type === 'record' ? seen.record : undefined
    if (this.#isHeldHere() && (record?.epoch ?? 0n) <= this.epoch()) return
    this.#seen = record
    if (record === undefined || record.state === 'released') return this.#changeHolder('', 'released')
    if (this.#seenTerms.at(-1)?.epoch !== record.epoch) {
      const { epoch, holder, cluster } = record
      this.#seenTerms = mergeTerms(this.#seenTerms, [{ epoch, holder, cluster, sinceMs: this.#sources.clock.now() }])
    }
    this.#changeHolder(record.holder, 'taken by another replica')
  }

  #isHeldHere(): boolean {
    return this.#term !== undefined && !this.#term.signal.aborted
  }

  #changeHolder(holder: string, reason: string): void {
    const before = this.#holder
    if (before === holder) return
    this.#holder = holder
    if (before !== undefined && before !== '') this.#lastHolder = before
    // The first look at a fence that others hold is no change.
    if (before === undefined && holder !== this.#sources.id) return
    this.#lastTransitionMs = this.#sources.clock.now()
    this.#reason = reason
  }
}
