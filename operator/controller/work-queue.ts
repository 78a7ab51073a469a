// The work queue: each key at most once, never in two workers, nothing lost between add and done.
// It promises order inside a class and a share for the lowest class; every operation costs the same however many keys
// there are. It does not promise fairness between namespaces, and it remembers nothing across terms: the next term adds
// every known key again.
import type { Key } from '#api/key.ts'
import type { Metrics, QueueClass } from '#api/ports.ts'
import { onAbort } from '#lib/abort.ts'
import { backoffMs } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { AbortError } from '#lib/errors.ts'
import { DueKeys, type Wish } from './due-keys.ts'

export interface AddOptions {
  /** Left out: normal. */
  readonly class?: QueueClass
  readonly afterMs?: number
}

export interface WorkQueue extends Disposable {
  /** Of two adds of one key the higher class and the earlier time win. */
  add(key: Key, options?: AddOptions): void
  /** Waits; the key is busy until done. Throws AbortError when the signal fires, also when keys are ready. */
  take(signal: AbortSignal): Promise<Key>
  /** Hands the key out again if it was added meanwhile. */
  done(key: Key): void
  /** Adds the key again after its own back-off, at least `atLeastMs`; keeps its class. */
  retry(key: Key, atLeastMs?: number): void
  /** The back-off starts anew: on success and on a new generation. */
  forget(key: Key): void
  /** Keys that are ready, by class. */
  depth(): Readonly<Record<QueueClass, number>>
}

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'queueWaited' | 'queueRetried'>
  readonly random?: () => number
}

// 5 ms: a lost race is worth another look at once. 5 min: a resource that cannot be helped costs 12 looks an hour.
const BACKOFF = { initialMs: 5, maxMs: 300_000, factor: 2, jitter: 0.2 }
/** Every take with this number starts from the lowest class, so that a storm of events cannot starve it. */
const LOW_TURN = 16
// A day. Timers overflow at 24.8 days and would fire at once; waking up early costs one look.
const LONGEST_DELAY_MS = 86_400_000

const byRank: readonly QueueClass[] = ['urgent', 'normal', 'background']
const byRankReversed: readonly QueueClass[] = ['background', 'normal', 'urgent']

interface Busy {
  readonly class: QueueClass
  /** Added while in work. */
  readonly again?: Wish
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyQueue(options)
}

class KeyQueue implements WorkQueue {
  readonly #clock: Clock
  readonly #metrics: WorkQueueOptions['metrics']
  readonly #random: () => number
  readonly #ready: Readonly<Record<QueueClass, Line>> = {
    urgent: new Line(),
    normal: new Line(),
    background: new Line(),
  }
  readonly #waiting: DueKeys
  readonly #busy = new Map<Key, Busy>()
  readonly #failures = new Map<Key, number>()
  readonly #takers = new Set<(key: Key) => void>()
  #takes = 0

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock
    this.#metrics = options.metrics
    this.#random = options.random ?? Math.random
    this.#waiting = new DueKeys(options.clock, (key, wish) => this.#makeReady(key, wish.class))
  }

  add(key: Key, options: AddOptions = {}): void {
    const delayMs = Math.min(Math.max(options.afterMs ?? 0, 0), LONGEST_DELAY_MS)
    this.#wish(key, { class: options.class ?? 'normal', dueMs: this.#clock.monotonicMs() + delayMs })
  }

  take(signal: AbortSignal): Promise<Key> {
    if (signal.aborted) return Promise.reject(new AbortError())
    const key = this.#next()
    if (key !== undefined) return Promise.resolve(key)
    const { promise, resolve, reject } = Promise.withResolvers<Key>()
    const listener = onAbort(signal, () => {
      this.#takers.delete(hand)
      reject(new AbortError())
    })
    const hand = (found: Key): void => {
      listener[Symbol.dispose]()
      resolve(found)
    }
    this.#takers.add(hand)
    return promise
  }

  done(key: Key): void {
    const again = this.#busy.get(key)?.again
    this.#busy.delete(key)
    if (again !== undefined) this.#wish(key, again)
  }

  retry(key: Key, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#metrics.queueRetried()
    const afterMs = Math.max(backoffMs(failures, BACKOFF, this.#random), atLeastMs)
    this.add(key, { class: this.#busy.get(key)?.class ?? 'normal', afterMs: Math.min(afterMs, LONGEST_DELAY_MS) })
  }

  forget(key: Key): void {
    this.#failures.delete(key)
  }

  depth(): Readonly<Record<QueueClass, number>> {
    const { urgent, normal, background } = this.#ready
    return { urgent: urgent.size, normal: normal.size, background: background.size }
  }

  [Symbol.dispose](): void {
    this.#waiting[Symbol.dispose]()
  }

  #wish(key: Key, wish: Wish): void {
    const busy = this.#busy.get(key)
    if (busy !== undefined) {
      this.#busy.set(key, { class: busy.class, again: merge(busy.again, wish) })
      return
    }
    const readyClass = byRank.find((name) => this.#ready[name].has(key))
    if (readyClass !== undefined) return this.#raise(key, readyClass, wish.class)
    this.#place(key, merge(this.#waiting.get(key), wish))
  }

  /** A ready key goes to the end of the higher class; what it has waited so far still counts. */
  #raise(key: Key, from: QueueClass, to: QueueClass): void {
    if (higher(from, to) === from) return
    const sinceMs = this.#ready[from].remove(key) ?? this.#clock.monotonicMs()
    this.#ready[to].append(key, sinceMs)
  }

  #place(key: Key, wish: Wish): void {
    if (wish.dueMs > this.#clock.monotonicMs()) return this.#waiting.put(key, wish)
    this.#waiting.remove(key)
    this.#makeReady(key, wish.class)
  }

  #makeReady(key: Key, queueClass: QueueClass): void {
    this.#ready[queueClass].append(key, this.#clock.monotonicMs())
    const [taker] = this.#takers
    if (taker === undefined) return
    this.#takers.delete(taker)
    const next = this.#next()
    if (next !== undefined) taker(next)
  }

  /** Takes the next ready key into work. */
  #next(): Key | undefined {
    this.#takes += 1
    const order = this.#takes % LOW_TURN === 0 ? byRankReversed : byRank
    for (const name of order) {
      const first = this.#ready[name].shift()
      if (first !== undefined) return this.#start(first[0], first[1], name)
    }
    this.#takes -= 1
    return undefined
  }

  #start(key: Key, sinceMs: number, queueClass: QueueClass): Key {
    this.#busy.set(key, { class: queueClass })
    this.#metrics.queueWaited(queueClass, (this.#clock.monotonicMs() - sinceMs) / 1000)
    return key
  }
}

/** The ready keys of one class, each with the time it became ready; first in, first out. */
class Line {
  readonly #keys = new Map<Key, number>()
  // One iterator lives on: a new one would walk over the places of all keys that were taken since the Map last shrank.
  #walk = this.#keys.entries()

  get size(): number {
    return this.#keys.size
  }

  has(key: Key): boolean {
    return this.#keys.has(key)
  }

  append(key: Key, sinceMs: number): void {
    this.#keys.set(key, sinceMs)
  }

  remove(key: Key): number | undefined {
    const sinceMs = this.#keys.get(key)
    this.#keys.delete(key)
    return sinceMs
  }

  shift(): readonly [Key, number] | undefined {
    if (this.#keys.size === 0) return undefined
    let step = this.#walk.next()
    if (step.done === true) {
      // An iterator that has reached the end stays there; whatever is left was appended after that.
      this.#walk = this.#keys.entries()
      step = this.#walk.next()
    }
    if (step.done === true) return undefined
    this.#keys.delete(step.value[0])
    return step.value
  }
}

function merge(one: Wish | undefined, other: Wish): Wish {
  if (one === undefined) return { class: other.class, dueMs: other.dueMs }
  return { class: higher(one.class, other.class), dueMs: Math.min(one.dueMs, other.dueMs) }
}

function higher(one: QueueClass, other: QueueClass): QueueClass {
  return byRank.indexOf(one) <= byRank.indexOf(other) ? one : other
}
