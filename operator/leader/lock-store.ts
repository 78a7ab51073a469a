// The port to a record that says who holds something: the fence of a cluster (a Kubernetes Lease), or the lock between
// clusters. A store knows facts, never time: who may take a held record, and when, is decided by the caller's own clock.
//
// Each call is one atomic step in the store. Each throws TransientError when it failed or timed out: its outcome is then
// unknown, and the caller reads before it believes anything. Each throws AbortError when the signal fires.
import type { TermRecord } from '#api/ports.ts'

export interface LockStore {
  readonly kind: 'lease' | 'redis' | 'db'
  read(signal: AbortSignal): Promise<Seen>
  /**
   * Succeeds only when the stored version equals `expected` ('' = absent): the new epoch is the larger of the stored one
   * plus 1 and `minEpoch`. Succeeds as well when this claim already holds the record (the answer to an earlier try was
   * lost): then the epoch stays, unless it is below `minEpoch`.
   */
  acquire(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired>
  /** Needs the same claim, state held and a larger `seq`: late is `stale`, after a loss is `lost`. */
  renew(mine: { readonly claim: string; readonly seq: bigint }, signal: AbortSignal): Promise<Renewed>
  /** Never deletes: who held the record stays known. `request` '' leaves the stored request as it is. */
  release(mine: Release, signal: AbortSignal): Promise<'released' | 'lost'>
  /** Writes `request` into another cluster's record; redis and db only. */
  ask(expected: string, cluster: string, signal: AbortSignal): Promise<'asked' | 'changed'>
  /**
   * A hint to read; with `seen`, what the store has just been seen to hold, which may be late but never early.
   * Lease: watch. Redis and db: none, the caller reads each retry period.
   */
  changes(onChange: (seen?: Seen) => void): Disposable
}

/** The fence is a lock that also keeps the list of its last terms, for people. */
export interface Fence extends LockStore {
  /** As last seen, oldest first; at most ten. */
  history(): readonly TermRecord[]
}

/** `foreign`: something that is not ours and that we must not overwrite. */
export type Seen =
  | { readonly type: 'absent' }
  | { readonly type: 'foreign'; readonly holder: string }
  | { readonly type: 'record'; readonly version: string; readonly record: LockRecord }

export interface Claim {
  /** Random UUID of the process: the only thing that comparisons use. */
  readonly claim: string
  readonly seq: bigint
  /** Name of the replica for people. */
  readonly holder: string
  readonly cluster: string
  /** This and `fence` matter to the lock between clusters only. */
  readonly clusterId: string
  readonly fence: string
}

export interface LockRecord extends Claim {
  readonly epoch: bigint
  readonly state: 'held' | 'released'
  readonly drained: boolean
  /** What somebody asks of the holder. On the fence: `<epoch>[ <id>]`, step down from that term and let <id> go first. */
  readonly request: string
}

export interface Want {
  readonly expected: string
  readonly minEpoch: bigint
}

export interface Release {
  readonly claim: string
  readonly seq: bigint
  readonly drained: boolean
  readonly request: string
}

export type Acquired =
  { readonly type: 'acquired'; readonly epoch: bigint } | { readonly type: 'changed' } | { readonly type: 'foreign' }

export type Renewed =
  | { readonly type: 'renewed'; readonly request: string }
  | { readonly type: 'lost' }
  | { readonly type: 'missing' }
  | { readonly type: 'stale' }
  | { readonly type: 'foreign' }
