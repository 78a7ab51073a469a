// What is known of the last n uids that were added. A uid is never used twice, so forgetting the oldest is safe: it only
// means "not known", and whoever needs to know then asks the server.

export class UidRing<V> {
  readonly #values = new Map<string, V>()
  readonly #order: string[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(uid: string, value: V): void {
    if (this.#values.has(uid)) return
    const oldest = this.#order[this.#next]
    if (oldest !== undefined) this.#values.delete(oldest)
    this.#order[this.#next] = uid
    this.#values.set(uid, value)
    this.#next = (this.#next + 1) % this.#capacity
  }

  get(uid: string): V | undefined {
    return this.#values.get(uid)
  }

  forget(uid: string): void {
    this.#values.delete(uid)
  }
}
