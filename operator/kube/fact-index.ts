// Facts by one of their fields. Most values have one to three facts, so a bucket is a plain array.

export class FactIndex<V> {
  readonly #buckets = new Map<string, V[]>()
  readonly #valueOf: (fact: V) => string | undefined

  constructor(valueOf: (fact: V) => string | undefined) {
    this.#valueOf = valueOf
  }

  /** A copy: the caller may keep it while the store moves on. */
  get(value: string): readonly V[] {
    return this.#buckets.get(value)?.slice() ?? []
  }

  add(fact: V): void {
    const value = this.#valueOf(fact)
    if (value === undefined) return
    const bucket = this.#buckets.get(value)
    if (bucket === undefined) this.#buckets.set(value, [fact])
    else bucket.push(fact)
  }

  remove(fact: V): void {
    const value = this.#valueOf(fact)
    const bucket = value === undefined ? undefined : this.#buckets.get(value)
    if (value === undefined || bucket === undefined) return
    const at = bucket.indexOf(fact)
    if (at === -1) return
    // Order means nothing here: the last one fills the gap.
    const last = bucket.pop()
    if (last !== undefined && at < bucket.length) bucket[at] = last
    if (bucket.length === 0) this.#buckets.delete(value)
  }
}
