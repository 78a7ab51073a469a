// A lock record in memory with the semantics of the port, word for word: what every real store is compared with.
// `before` and `after` stand around each call, so that a test can lose a request or an answer, or make it wait.
import type { TermRecord } from '#api/ports.ts'
import type { Acquired, Claim, Fence, LockRecord, Release, Renewed, Seen, Want } from '#leader/lock-store.ts'

export type Operation = 'read' | 'acquire' | 'renew' | 'release' | 'ask'

export interface FakeLockStore extends Fence {
  /** Runs before the step; throwing loses the request. */
  before: (operation: Operation, signal: AbortSignal) => Promise<void>
  /** Runs after the step; throwing loses the answer. */
  after: (operation: Operation, signal: AbortSignal) => Promise<void>
  record(): LockRecord | undefined
  /** What somebody else does to the record; watchers are told. */
  put(record: LockRecord | undefined): void
  readonly operations: readonly Operation[]
}

export function createFakeLockStore(): FakeLockStore {
  return new MemoryLockStore()
}

class MemoryLockStore implements FakeLockStore {
  readonly kind = 'lease'
  readonly operations: Operation[] = []
  before = async (_operation: Operation, _signal: AbortSignal): Promise<void> => undefined
  after = async (_operation: Operation, _signal: AbortSignal): Promise<void> => undefined
  readonly #watchers = new Set<(seen?: Seen) => void>()
  #record: LockRecord | undefined

  record(): LockRecord | undefined {
    return this.#record
  }

  put(record: LockRecord | undefined): void {
    this.#record = record
    for (const watcher of this.#watchers) queueMicrotask(() => watcher(seenOf(record)))
  }

  history(): readonly TermRecord[] {
    return []
  }

  async read(signal: AbortSignal): Promise<Seen> {
    return await this.#step('read', signal, () => seenOf(this.#record))
  }

  async acquire(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired> {
    return await this.#step('acquire', signal, () => {
      const stored = this.#record
      const isOwn = stored?.state === 'held' && stored.claim === claim.claim
      if (!isOwn && versionOf(stored) !== want.expected) return { type: 'changed' }
      const next = isOwn ? stored.epoch : (stored?.epoch ?? 0n) + 1n
      const epoch = next > want.minEpoch ? next : want.minEpoch
      this.put({ ...claim, epoch, state: 'held', drained: false, request: '' })
      return { type: 'acquired', epoch }
    })
  }

  async renew(mine: { readonly claim: string; readonly seq: bigint }, signal: AbortSignal): Promise<Renewed> {
    return await this.#step('renew', signal, () => {
      const stored = this.#record
      if (stored === undefined) return { type: 'missing' }
      if (stored.claim !== mine.claim || stored.state !== 'held') return { type: 'lost' }
      if (mine.seq <= stored.seq) return { type: 'stale' }
      this.put({ ...stored, seq: mine.seq })
      return { type: 'renewed', request: stored.request }
    })
  }

  async release(mine: Release, signal: AbortSignal): Promise<'released' | 'lost'> {
    return await this.#step('release', signal, () => {
      const stored = this.#record
      if (stored === undefined || stored.claim !== mine.claim || stored.state !== 'held') return 'lost'
      const seq = mine.seq > stored.seq ? mine.seq : stored.seq + 1n
      const request = mine.request === '' ? stored.request : mine.request
      this.put({ ...stored, seq, state: 'released', drained: mine.drained, request })
      return 'released'
    })
  }

  async ask(expected: string, cluster: string, signal: AbortSignal): Promise<'asked' | 'changed'> {
    return await this.#step('ask', signal, () => {
      const stored = this.#record
      if (stored === undefined || versionOf(stored) !== expected) return 'changed'
      this.put({ ...stored, request: cluster })
      return 'asked'
    })
  }

  changes(onChange: (seen?: Seen) => void): Disposable {
    this.#watchers.add(onChange)
    return { [Symbol.dispose]: () => void this.#watchers.delete(onChange) }
  }

  async #step<T>(operation: Operation, signal: AbortSignal, act: () => T): Promise<T> {
    await this.before(operation, signal)
    signal.throwIfAborted()
    this.operations.push(operation)
    const outcome = act()
    await this.after(operation, signal)
    return outcome
  }
}

function versionOf(record: LockRecord | undefined): string {
  return record === undefined ? '' : `${record.claim}:${record.seq}`
}

function seenOf(record: LockRecord | undefined): Seen {
  return record === undefined ? { type: 'absent' } : { type: 'record', version: versionOf(record), record }
}
