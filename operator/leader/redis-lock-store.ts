// The lock between clusters in Redis. Every call is one script, so each is one step whatever others do.
// It promises that a call whose answer did not come in time is never sent again by itself and that its connection is
// gone by then. It does not promise that Redis keeps what it acknowledged: a lost write shows as a version that went
// back in time, and the role table lives with that.
import type { Clock } from '#lib/clock.ts'
import { TransientError } from '#lib/errors.ts'
import { formatTime } from '#lib/time.ts'
import type { Acquired, Claim, LockRecord, LockStore, Release, Renewed, Seen, Want } from './lock-store.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Of the tenant's lock, shared with the Go version: it then refuses to start beside us, and we beside it. */
export function redisLockKey(tenant: string): string {
  return `highlander-leader-lock:${tenant}`
}

export function createRedisLockStore(connection: RedisConnection, tenant: string, clock: Clock): LockStore {
  return new RedisLockStore(connection, redisLockKey(tenant), clock)
}

class RedisLockStore implements LockStore {
  readonly kind = 'redis'
  readonly #connection: RedisConnection
  readonly #key: string
  readonly #clock: Clock

  constructor(connection: RedisConnection, key: string, clock: Clock) {
    this.#connection = connection
    this.#key = key
    this.#clock = clock
  }

  async read(signal: AbortSignal): Promise<Seen> {
    const [word = '', ...rest] = await this.#connection.run('read', this.#key, [], signal)
    switch (word) {
      case 'ABSENT':
        return { type: 'absent' }
      case 'FOREIGN':
        return { type: 'foreign', holder: rest[0] ?? '' }
      case 'RECORD':
        return recordIn(rest)
      default:
        throw surprise(word)
    }
  }

  async acquire(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired> {
    const { holder, cluster, clusterId, fence } = claim
    const words = [claim.claim, String(claim.seq), holder, cluster, clusterId, fence]
    const wish = [want.expected, String(want.minEpoch), this.#now()]
    const [word = '', epoch = ''] = await this.#connection.run('acquire', this.#key, [...words, ...wish], signal)
    switch (word) {
      case 'ACQUIRED':
        return { type: 'acquired', epoch: BigInt(epoch) }
      case 'CHANGED':
        return { type: 'changed' }
      case 'FOREIGN':
        return { type: 'foreign' }
      default:
        throw surprise(word)
    }
  }

  async renew(mine: { readonly claim: string; readonly seq: bigint }, signal: AbortSignal): Promise<Renewed> {
    const words = [mine.claim, String(mine.seq), this.#now()]
    const [word = '', request = ''] = await this.#connection.run('renew', this.#key, words, signal)
    switch (word) {
      case 'RENEWED':
        return { type: 'renewed', request }
      case 'LOST':
        return { type: 'lost' }
      case 'MISSING':
        return { type: 'missing' }
      case 'STALE':
        return { type: 'stale' }
      case 'FOREIGN':
        return { type: 'foreign' }
      default:
        throw surprise(word)
    }
  }

  async release({ claim, seq, drained, request }: Release, signal: AbortSignal): Promise<'released' | 'lost'> {
    const words = [claim, String(seq), drained ? '1' : '0', request]
    const [word] = await this.#connection.run('release', this.#key, words, signal)
    return word === 'RELEASED' ? 'released' : 'lost'
  }

  async ask(expected: string, cluster: string, signal: AbortSignal): Promise<'asked' | 'changed'> {
    const [word] = await this.#connection.run('ask', this.#key, [expected, cluster], signal)
    return word === 'ASKED' ? 'asked' : 'changed'
  }

  /** Redis gives no hints that could be trusted over a reconnect; the caller reads each retry period. */
  changes(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }

  /** For people who look at the record; no decision uses it. */
  #now(): string {
    return formatTime(this.#clock.now())
  }
}

/** A hash that lacks what every record has was not written by us. */
function recordIn(words: readonly string[]): Seen {
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < words.length; at += 2) fields.set(words[at] ?? '', words[at + 1] ?? '')
  const of = (name: string): string => fields.get(name) ?? ''
  const [seq, epoch, state] = [numberIn(of('seq')), numberIn(of('epoch')), of('state')]
  if (of('claim') === '' || seq === undefined || epoch === undefined || !isState(state))
    return { type: 'foreign', holder: of('holder') }
  const record: LockRecord = {
    claim: of('claim'),
    seq,
    holder: of('holder'),
    cluster: of('cluster'),
    clusterId: of('clusterId'),
    fence: of('fence'),
    epoch,
    state,
    drained: of('drained') === '1',
    request: of('request'),
  }
  return { type: 'record', version: `${record.claim}:${seq}`, record }
}

function numberIn(text: string): bigint | undefined {
  return /^[0-9]{1,18}$/.test(text) ? BigInt(text) : undefined
}

function isState(text: string): text is LockRecord['state'] {
  return text === 'held' || text === 'released'
}

function surprise(word: string): TransientError {
  return new TransientError(`Redis answered '${word}', which no step of the lock answers`)
}
