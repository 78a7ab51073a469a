// The lock between clusters in PostgreSQL: a row with a version, not an advisory lock, which lives and dies with a
// connection. Every call is one statement. A lock that the Go version holds in its own table is seen and respected.
import type { Clock } from '#lib/clock.ts'
import { TransientError } from '#lib/errors.ts'
import type { DbConnection, Row } from './db-connection.ts'
import { ACQUIRE, ASK, HAS_GO_TABLE, READ, READ_GO, RELEASE, RENEW } from './db-statements.ts'
import type { Acquired, Claim, LockRecord, LockStore, Release, Renewed, Seen, Want } from './lock-store.ts'

export interface DbLockOptions {
  readonly connection: DbConnection
  readonly tenant: string
  readonly clock: Clock
  /** D: a row of the Go version that has expired counts until it has not moved for so long. */
  readonly leaseDurationMs: number
}

/** Of the tenant's lock, in our table and in that of the Go version. */
export function dbLockKey(tenant: string): string {
  return `highlander-leader-lock:${tenant}`
}

export function createDbLockStore(options: DbLockOptions): LockStore {
  return new DbLockStore(options)
}

// The Go version does not appear out of nowhere; each question costs a round trip.
const GO_TABLE_MS = 60_000

class DbLockStore implements LockStore {
  readonly kind = 'db'
  readonly #options: DbLockOptions
  readonly #key: string
  /** Whether the Go version's table is there, and when that was asked. */
  #goTable: { readonly found: boolean; readonly askedMs: number } | undefined
  /** The last state of its row, and since when it has been that. */
  #goRow: { readonly version: string; readonly sinceMs: number } | undefined

  constructor(options: DbLockOptions) {
    this.#options = options
    this.#key = dbLockKey(options.tenant)
  }

  async read(signal: AbortSignal): Promise<Seen> {
    const holder = await this.#goHolder(signal)
    if (holder !== undefined) return { type: 'foreign', holder }
    const [row] = await this.#run(READ, [], signal)
    return row === undefined ? { type: 'absent' } : seenIn(row)
  }

  async acquire(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired> {
    if ((await this.#goHolder(signal)) !== undefined) return { type: 'foreign' }
    const { seq, holder, cluster, clusterId, fence } = claim
    const values = [claim.claim, String(seq), holder, cluster, clusterId, fence, String(want.minEpoch), want.expected]
    const [row] = await this.#run(ACQUIRE, values, signal)
    return row === undefined ? { type: 'changed' } : { type: 'acquired', epoch: BigInt(textOf(row, 'epoch')) }
  }

  async renew(mine: { readonly claim: string; readonly seq: bigint }, signal: AbortSignal): Promise<Renewed> {
    if ((await this.#goHolder(signal)) !== undefined) return { type: 'foreign' }
    const [row] = await this.#run(RENEW, [mine.claim, String(mine.seq)], signal)
    if (row !== undefined) return { type: 'renewed', request: textOf(row, 'request') }
    const [found] = await this.#run(READ, [], signal)
    if (found === undefined) return { type: 'missing' }
    const isOurs = textOf(found, 'claim') === mine.claim && textOf(found, 'state') === 'held'
    return { type: isOurs ? 'stale' : 'lost' }
  }

  async release({ claim, seq, drained, request }: Release, signal: AbortSignal): Promise<'released' | 'lost'> {
    const rows = await this.#run(RELEASE, [claim, String(seq), drained, request], signal)
    return rows.length > 0 ? 'released' : 'lost'
  }

  async ask(expected: string, cluster: string, signal: AbortSignal): Promise<'asked' | 'changed'> {
    const rows = await this.#run(ASK, [expected, cluster], signal)
    return rows.length > 0 ? 'asked' : 'changed'
  }

  /** None that could be trusted over a reconnect; the caller reads each retry period. */
  changes(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }

  #run(statement: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]> {
    return this.#options.connection.run(statement, [this.#key, ...values], signal)
  }

  /** Undefined: the Go version holds nothing. Its clock may be wrong, so a row that still moves counts as well. */
  async #goHolder(signal: AbortSignal): Promise<string | undefined> {
    const { clock, leaseDurationMs } = this.#options
    if (!(await this.#hasGoTable(signal))) return undefined
    const row = await this.#goRowNow(signal)
    if (row === undefined || typeof row === 'string') return row
    const version = textOf(row, 'version')
    const nowMs = clock.monotonicMs()
    if (this.#goRow?.version !== version) {
      // Nothing is known yet of how a row moves that was there before us.
      const sinceMs = this.#goRow === undefined ? Number.NEGATIVE_INFINITY : nowMs
      this.#goRow = { version, sinceMs }
    }
    const isMoving = nowMs - this.#goRow.sinceMs < leaseDurationMs
    return row['live'] === true || isMoving ? textOf(row, 'holder') : undefined
  }

  /** A text: who it is cannot be told, so it counts as held. */
  async #goRowNow(signal: AbortSignal): Promise<Row | string | undefined> {
    try {
      const [row] = await this.#run(READ_GO, [], signal)
      return row
    } catch (error) {
      if (error instanceof TransientError && error.reason === 'forbidden')
        return 'unknown: the table leader_locks of the Go version is there and may not be read'
      throw error
    }
  }

  async #hasGoTable(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#goTable !== undefined && nowMs - this.#goTable.askedMs < GO_TABLE_MS) return this.#goTable.found
    const [row] = await this.#options.connection.run(HAS_GO_TABLE, [], signal)
    const found = row?.['found'] === true
    this.#goTable = { found, askedMs: nowMs }
    return found
  }
}

function seenIn(row: Row): Seen {
  const state = textOf(row, 'state')
  if (state !== 'held' && state !== 'released') return { type: 'foreign', holder: textOf(row, 'holder') }
  const record: LockRecord = {
    claim: textOf(row, 'claim'),
    seq: BigInt(textOf(row, 'seq')),
    holder: textOf(row, 'holder'),
    cluster: textOf(row, 'cluster'),
    clusterId: textOf(row, 'cluster_id'),
    fence: textOf(row, 'fence'),
    epoch: BigInt(textOf(row, 'epoch')),
    state,
    drained: row['drained'] === true,
    request: textOf(row, 'request'),
  }
  return { type: 'record', version: `${record.claim}:${record.seq}`, record }
}

function textOf(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : ''
}
