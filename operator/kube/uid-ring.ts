// The last n uids that were added. A uid is never used twice, so forgetting the oldest is safe: it only means
// "not known", and whoever needs to know then asks the server.

export class UidRing {
  readonly #uids = new Set<string>()
  readonly #order: string[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(uid: string): void {
    if (this.#uids.has(uid)) return
    const oldest = this.#order[this.#next]
    if (oldest !== undefined) this.#uids.delete(oldest)
    this.#order[this.#next] = uid
    this.#uids.add(uid)
    this.#next = (this.#next + 1) % this.#capacity
  }

  has(uid: string): boolean {
    return this.#uids.has(uid)
  }
}
