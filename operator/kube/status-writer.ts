// Writes statuses: the latest one per workload wins, eight at a time, what somebody may wait for at once and everything
// else within 200 ms, so that changes which come together are written together. It promises that a status is written
// over the version it was compared with, and never outside its term. It does not promise that each status is written:
// one that equals the stored one, or was overtaken, is dropped; one that could not be written requeues its workload,
// later with each failure, since nothing else may ever look at that workload again.
import type { CrFact } from '#api/facts.ts'
import type { Leader } from '#api/generated/kinds.ts'
import type { Key } from '#api/key.ts'
import { partsOf } from '#api/key.ts'
import type { StatusPatch, Stores, Telemetry, Term } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import { orAbort } from '#lib/abort.ts'
import { backoffMs } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { isAbort, messageOf, TransientError } from '#lib/errors.ts'
import { formatTime } from '#lib/time.ts'
import type { Fence } from './fence.ts'
import { isObject } from '#lib/json.ts'
import type { StatusChange } from './status-patch.ts'
import { statusChange } from './status-patch.ts'
import { crTarget, storeCr } from './targets.ts'
import { statusCall } from './write-calls.ts'

export interface StatusWriterOptions {
  readonly fence: Fence
  readonly stores: Stores
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly requeue: (key: Key, afterMs: number) => void
}

export interface StatusWriter {
  set(key: Key, wish: StatusPatch, term: Term): void
  /** Resolves when few statuses wait for a connection, and after 250 ms in any case; AbortError when the signal fires. */
  room(signal: AbortSignal): Promise<void>
  /** Hurries what waits for company. Resolves when nothing waits or is in flight; AbortError when the signal fires. */
  flush(signal: AbortSignal): Promise<void>
}

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new CoalescingWriter(options)
}

const IN_FLIGHT = 8
const COMPANY_MS = 200
// Enough for the connections never to idle; a status that waits costs 4 KiB.
const ROOM = 64
// Statuses that cannot be written at all slow the other work down, but do not stop it.
const ROOM_MS = 250
// The event about the newer version comes first; this is for the case that the watch is slow.
const MOVED_MS = 1000
const RETRY = { initialMs: 500, maxMs: 60_000, factor: 2, jitter: 0.2 } as const
// A right or a CRD is mended by people, and no event tells of it.
const REFUSED_MS = 60_000
// Workloads in trouble whose failures are counted; beyond that, all begin anew.
const FAILURES_KEPT = 10_000

interface Entry {
  readonly wish: StatusPatch
  readonly term: Term
  /** The version it was compared with, and the outcome: good as long as the store still has that version. */
  readonly over: CrFact
  readonly change: StatusChange
}

class CoalescingWriter implements StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #entries = new Map<Key, Entry>()
  /** Keys of entries that may be sent now, and those that wait, by their due time. Both in order of arrival. */
  readonly #ready = new Set<Key>()
  readonly #waiting = new Map<Key, number>()
  readonly #inFlight = new Set<Key>()
  /** The latest wish for what is in flight, and what it was computed from. */
  readonly #held = new Map<Key, Pick<Entry, 'wish' | 'term'> & { readonly over: CrFact | undefined }>()
  readonly #onIdle = new Set<() => void>()
  readonly #onRoom = new Set<() => void>()
  /** How often in a row a status could not be written. */
  readonly #failures = new Map<Key, number>()
  #timer: Disposable | undefined

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  set(key: Key, wish: StatusPatch, term: Term): void {
    // While a write is in flight the stored status is not the last word: compared after it.
    if (this.#inFlight.has(key)) this.#held.set(key, { wish, term, over: this.#stored(key) })
    else this.#place(key, wish, term)
    this.#pump()
  }

  #place(key: Key, wish: StatusPatch, term: Term): void {
    const over = this.#stored(key)
    const change = over === undefined ? undefined : changeOf(over, wish, term)
    if (over === undefined || change === undefined) return this.#drop(key)
    this.#entries.set(key, { wish, term, over, change })
    if (change.isUrgent || this.#onIdle.size > 0) {
      this.#waiting.delete(key)
      this.#ready.add(key)
    } else if (!this.#ready.has(key) && !this.#waiting.has(key)) {
      this.#waiting.set(key, this.#options.clock.monotonicMs() + COMPANY_MS)
    }
  }

  async room(signal: AbortSignal): Promise<void> {
    if (this.#ready.size < ROOM) return
    const { promise, resolve } = Promise.withResolvers<void>()
    using _limit = this.#options.clock.schedule(ROOM_MS, resolve)
    this.#onRoom.add(resolve)
    await orAbort(promise, signal).finally(() => this.#onRoom.delete(resolve))
  }

  async flush(signal: AbortSignal): Promise<void> {
    for (const key of this.#waiting.keys()) this.#ready.add(key)
    this.#waiting.clear()
    this.#pump()
    if (this.#isIdle()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onIdle.add(resolve)
    await orAbort(promise, signal).finally(() => this.#onIdle.delete(resolve))
  }

  #stored(key: Key): CrFact | undefined {
    const { kind, namespace, name } = partsOf(key)
    return this.#options.stores.crs[kind].get(namespace, name)
  }

  #drop(key: Key): void {
    this.#entries.delete(key)
    this.#ready.delete(key)
    this.#waiting.delete(key)
    this.#tellIdle()
  }

  #pump(): void {
    this.#ripen()
    for (const key of this.#ready) {
      if (this.#inFlight.size >= IN_FLIGHT) return
      const entry = this.#entries.get(key)
      this.#ready.delete(key)
      this.#entries.delete(key)
      if (entry !== undefined) void this.#send(key, entry)
    }
    this.#tellIdle()
  }

  /** All wait equally long, so the first is always the next to fall due. */
  #ripen(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [key, dueMs] of this.#waiting) {
      if (dueMs > nowMs) {
        this.#arm(dueMs - nowMs)
        return
      }
      this.#waiting.delete(key)
      this.#ready.add(key)
    }
  }

  #arm(afterMs: number): void {
    if (this.#timer !== undefined) return
    this.#timer = this.#options.clock.schedule(afterMs, () => {
      this.#timer = undefined
      this.#pump()
    })
  }

  /** Never rejects. */
  async #send(key: Key, entry: Entry): Promise<void> {
    this.#inFlight.add(key)
    try {
      await this.#write(key, entry)
      this.#failures.delete(key)
    } catch (error) {
      this.#failed(key, error, entry.term)
    }
    this.#inFlight.delete(key)
    this.#placeHeld(key)
    this.#pump()
    if (this.#ready.size < ROOM) for (const resolve of this.#onRoom) resolve()
  }

  /**
   * A status tells of the one before it (history, counters), so a wish that knows nothing of what was written meanwhile
   * would take that back: the workload is looked at again. In a flush there is no other look, and the state matters more.
   */
  #placeHeld(key: Key): void {
    const held = this.#held.get(key)
    this.#held.delete(key)
    if (held === undefined) return
    if (held.over === this.#stored(key) || this.#onIdle.size > 0) this.#place(key, held.wish, held.term)
    else this.#options.requeue(key, 0)
  }

  async #write(key: Key, { wish, term, over, change }: Entry): Promise<void> {
    const { fence, stores, requeue } = this.#options
    const current = this.#stored(key)
    if (current === undefined) return
    const currentChange = current === over ? change : changeOf(current, wish, term)
    if (currentChange === undefined) return
    const answer = await fence.send(statusCall(current, currentChange.patch), crTarget(stores, current), term)
    if (answer.type === 'ok') storeCr(stores, current, answer.object)
    // At once only when the newer version is here: else the next look would meet the same answer.
    if (answer.type === 'conflict') requeue(key, this.#stored(key) === current ? MOVED_MS : 0)
  }

  #failed(key: Key, error: unknown, term: Term): void {
    if (term.signal.aborted) return
    const { requeue, telemetry } = this.#options
    const { kind, namespace, name } = partsOf(key)
    const fields = { kind, namespace, name, error: messageOf(error) }
    const failures = this.#failures.get(key) ?? 0
    const afterMs = backoffMs(failures, RETRY, Math.random)
    if (this.#failures.size >= FAILURES_KEPT) this.#failures.clear()
    this.#failures.set(key, failures + 1)
    // Not sent, because a renewal was late, and the term goes on.
    if (isAbort(error)) return requeue(key, afterMs)
    if (error instanceof TransientError) {
      telemetry.log.warn('status not written', fields)
      return requeue(key, Math.max(afterMs, error.retryAfterMs ?? 0))
    }
    telemetry.log[failures === 0 ? 'error' : 'debug']('status refused', fields)
    requeue(key, REFUSED_MS)
  }

  #isIdle(): boolean {
    return this.#entries.size === 0 && this.#inFlight.size === 0 // What is held is in flight.
  }

  #tellIdle(): void {
    if (!this.#isIdle()) return
    for (const resolve of this.#onIdle) resolve()
  }
}

function changeOf(over: CrFact, wish: StatusPatch, term: Term): StatusChange | undefined {
  const stored: unknown = JSON.parse(statusTextOf(over))
  return statusChange(isObject(stored) ? stored : {}, wish, leaderOf(term))
}

function leaderOf(term: Term): Leader {
  const { holder, cluster, tenant } = term
  return { holder, cluster, tenant, term: Number(term.epoch), since: formatTime(term.sinceMs) }
}
