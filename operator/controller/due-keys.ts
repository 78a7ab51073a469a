// Keys that are wanted later, by the time at which they fall due: a binary heap and one timer, for the earliest of them.
// A timer of its own for each key costs a KiB of heap. Keys that fall due together come in the order of their adds.
// It promises that no key comes early, and O(log n) for each operation.
import type { Key } from '#api/key.ts'
import type { QueueClass } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'

/** When a key is wanted: not before dueMs of the monotonic clock. */
export interface Wish {
  readonly class: QueueClass
  readonly dueMs: number
}

interface Place {
  readonly key: Key
  readonly wish: Wish
  readonly order: number
  /** Index in the heap. */
  at: number
}

export class DueKeys implements Disposable {
  readonly #clock: Clock
  readonly #onDue: (key: Key, wish: Wish) => void
  readonly #places = new Map<Key, Place>()
  readonly #heap: Place[] = []
  #timer: { readonly dueMs: number; readonly handle: Disposable } | undefined
  #puts = 0

  constructor(clock: Clock, onDue: (key: Key, wish: Wish) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  get(key: Key): Wish | undefined {
    return this.#places.get(key)?.wish
  }

  /** Takes the place of what the key had before. */
  put(key: Key, wish: Wish): void {
    this.#take(key)
    const place = { key, wish, order: this.#puts, at: this.#heap.length }
    this.#puts += 1
    this.#places.set(key, place)
    this.#heap.push(place)
    this.#rise(place)
    this.#arm()
  }

  remove(key: Key): void {
    if (this.#take(key)) this.#arm()
  }

  [Symbol.dispose](): void {
    this.#places.clear()
    this.#heap.length = 0
    this.#arm()
  }

  #take(key: Key): boolean {
    const place = this.#places.get(key)
    if (place === undefined) return false
    this.#places.delete(key)
    const last = this.#heap.pop()
    if (last === undefined || last === place) return true
    this.#set(last, place.at)
    this.#rise(last)
    this.#sink(last)
    return true
  }

  /** A timer that would wake too early stays: one look too many is cheaper than a new timer for each key. */
  #arm(): void {
    const [first] = this.#heap
    if (this.#timer !== undefined && first !== undefined && this.#timer.dueMs <= first.wish.dueMs) return
    this.#timer?.handle[Symbol.dispose]()
    this.#timer = undefined
    if (first === undefined) return
    const { dueMs } = first.wish
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs())
    this.#timer = { dueMs, handle: this.#clock.schedule(delayMs, () => this.#wake()) }
  }

  #wake(): void {
    this.#timer = undefined
    const nowMs = this.#clock.monotonicMs()
    for (let [first] = this.#heap; first !== undefined && first.wish.dueMs <= nowMs; [first] = this.#heap) {
      this.#take(first.key)
      this.#onDue(first.key, first.wish)
    }
    this.#arm()
  }

  #rise(place: Place): void {
    while (place.at > 0) {
      const above = this.#heap[(place.at - 1) >> 1]
      if (above === undefined || !isBefore(place, above)) return
      this.#swap(place, above)
    }
  }

  #sink(place: Place): void {
    for (;;) {
      const left = this.#heap[2 * place.at + 1]
      const right = this.#heap[2 * place.at + 2]
      const least = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (least === undefined || !isBefore(least, place)) return
      this.#swap(place, least)
    }
  }

  #swap(one: Place, other: Place): void {
    const at = one.at
    this.#set(one, other.at)
    this.#set(other, at)
  }

  #set(place: Place, at: number): void {
    place.at = at
    this.#heap[at] = place
  }
}

function isBefore(one: Place, other: Place): boolean {
  return one.wish.dueMs < other.wish.dueMs || (one.wish.dueMs === other.wish.dueMs && one.order < other.order)
}
