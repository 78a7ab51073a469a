// The ports at which the folders meet. They do not know each other; operator.ts puts them together.
import type { ChildKind, KindName, Statuses } from './generated/kinds.ts'
import type { ChildFact, ChildFactOf, CrFact, Fact, NodeFact, PodFact, PodRef } from './facts.ts'
import type { Key } from './key.ts'
import type { EventReason } from './reasons.ts'
import type { WatchedKind } from './resource.ts'

export type * from './telemetry-ports.ts'

// ---- Leadership ------------------------------------------------------------------------------------------------

/** `active` unless a lock store says that another cluster is (leadership, multi-cluster). */
export type Role = 'active' | 'draining' | 'passive' | 'hands-off'

export interface TermFacts {
  /** Fencing token of the term: grows with each term of a tenant in a cluster. */
  readonly epoch: bigint
  /** Name of the replica for people. */
  readonly holder: string
  readonly cluster: string
  readonly tenant: string
  /** ms since 1970. */
  readonly sinceMs: number
}

/** The time in which this replica may write. */
export interface Term extends TermFacts {
  /** Fires when the term ends, for whatever reason. For convenience only: the proof is remainingMs and the preconditions. */
  readonly signal: AbortSignal
  /**
   * Fires when the term is about to end in good order (shutdown, step-down): take no new keys, finish what runs,
   * flush statuses. Writes are still allowed until `signal` fires.
   */
  readonly draining: AbortSignal
  /** Validity left, counted from the send of the last confirmed renewal; ≤ 0 when over. Synchronous. */
  remainingMs(): number
  /** Fencing token of the next instance: epoch × 2^20 + n, n = 1, 2, … in this term. Ends the term when n runs out. */
  nextToken(): bigint
  role(): Role
  /** An object shows an epoch above this term's: the term ends and the replica claims again above it. */
  sawNewerEpoch(epoch: bigint): void
}

export type TermEnd = 'shutdown' | 'step-down' | 'lost' | 'expired' | 'newer-epoch'

export interface TermRecord {
  readonly epoch: bigint
  readonly holder: string
  readonly cluster: string
  readonly sinceMs: number
}

/** What people are shown; never what a decision rests on. */
export interface LeadershipView {
  isLeader(): boolean
  state(): 'standby' | 'claiming' | 'leading' | 'ending'
  /** Holder as last seen on the fence, '' when released or unknown. */
  holder(): string
  epoch(): bigint
  /** ms since 1970 of the last change of holder that this replica saw. */
  lastTransitionMs(): number | undefined
  leaderSinceMs(): number | undefined
  /** Leader: validity left. Standby: time until the fence could be taken. */
  validForMs(): number
  /** Gains of leadership by this replica, and take-overs from another holder among them. */
  transitions(): number
  failovers(): number
  lastHolder(): string
  lastChangeReason(): string
  history(): readonly TermRecord[]
}

export interface Elector {
  readonly view: LeadershipView
  /**
   * Campaigns, and yields each term that was won. The consumer returns to the iterator when everything of the term
   * has settled; only then is the fence released. Ends when `signal` has fired and the last term is released.
   */
  terms(signal: AbortSignal): AsyncIterable<Term>
}

/** One Kubernetes Lease, for the fence. All calls have their own connection and a deadline of one retry period. */
export interface LeaseClient {
  /** Quorum read; undefined when absent. Throws TransientError, TerminalError (forbidden). */
  get(namespace: string, name: string, signal: AbortSignal): Promise<LeaseObject | undefined>
  /** Undefined when it exists already. */
  create(lease: LeaseObject, signal: AbortSignal): Promise<LeaseObject | undefined>
  /** PUT with the uid and resourceVersion in `lease`. Undefined on 409 or 404: read again. */
  replace(lease: LeaseObject, signal: AbortSignal): Promise<LeaseObject | undefined>
  /** Calls back on each change (and once with the state at start). Only a hint; survives broken streams until the signal fires. */
  watch(namespace: string, name: string, onChange: (lease: LeaseObject | undefined) => void, signal: AbortSignal): void
}

export interface LeaseObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly leaseTransitions?: number
    readonly acquireTime?: string
    readonly renewTime?: string
  }
}

// ---- Stores ----------------------------------------------------------------------------------------------------

export type Change<V extends Fact> =
  | { readonly type: 'added'; readonly fact: V }
  | { readonly type: 'changed'; readonly fact: V; readonly before: V }
  | { readonly type: 'removed'; readonly before: V }

export interface Store<V extends Fact> {
  readonly size: number
  get(namespace: string, name: string): V | undefined
  /** 'owner': a workload's key. 'node': a node's name (pods only). */
  by(index: 'owner' | 'node', value: string): readonly V[]
  all(): Iterable<V>
  /** Read-your-writes: the answer to our own write, before its watch event. The newest resourceVersion per object wins. */
  wrote(fact: V): void
  /** Our own delete was answered with "gone for good" (200 with the final object, or 404). */
  wroteDelete(fact: V): void
  /**
   * A DELETED event for this uid was delivered, of an object that was being deleted (one that lost our label is reported
   * the same way); never absence from a list. The last 10,000.
   */
  sawDeleted(uid: string): boolean
  /** The watch itself has delivered this version, or a newer one: what is known is not only our own answer. */
  isConfirmed(fact: V): boolean
  /** The callback must only compute a key. */
  subscribe(onChange: (change: Change<V>) => void): Disposable
}

export interface Stores {
  readonly crs: { readonly [K in KindName]: Store<CrFact> }
  readonly children: { readonly [K in ChildKind]: Store<ChildFactOf<K>> }
  readonly nodes: Store<NodeFact>
}

/** One watched kind, for readiness and people. */
export interface InformerState {
  readonly kind: WatchedKind
  readonly synced: boolean
  /** Wall clock of the last byte, bookmarks included; undefined before the first. */
  readonly freshAtMs?: number
  readonly objects: number
  /** The last failure, cleared by the next success: 'forbidden', 'missing' (CRD not installed), or 'failing'. */
  readonly problem?: { readonly type: 'forbidden' | 'missing' | 'failing'; readonly sentence: string }
}

export interface Informers extends AsyncDisposable {
  readonly stores: Stores
  states(): readonly InformerState[]
  /** Resolves when every kind that may be listed has synced; a forbidden or missing kind holds nothing back. */
  synced(signal: AbortSignal): Promise<void>
  /** The largest epoch stamp in the stores, 0n when none. */
  highestEpoch(): bigint
}

// ---- Reads and writes ------------------------------------------------------------------------------------------

/** A native object as it should be, complete but for what the writer stamps (epoch, token, applied, replica labels). */
export interface Child {
  readonly kind: ChildKind
  readonly namespace: string
  readonly name: string
  readonly object: DesiredObject
  /** Stamp the next fencing token when it is created. */
  readonly takesToken: boolean
}

export interface DesiredObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly ownerReferences: readonly {
      readonly apiVersion: string
      readonly kind: string
      readonly name: string
      readonly uid: string
      readonly controller: true
      readonly blockOwnerDeletion: true
    }[]
  }
  readonly spec: object
}

/** What a live read found. */
export type Found =
  { readonly type: 'found'; readonly fact: ChildFact; readonly fieldManager: string } | { readonly type: 'absent' }

export interface Reader {
  /** Live GET, for the two exceptions to "no reads": proof of the end, and the object behind a 409. */
  read(kind: ChildKind, namespace: string, name: string, signal: AbortSignal): Promise<Found>
}

/**
 * The only way to change objects. Each call checks the term synchronously in the tick that hands its bytes to the
 * socket, has the deadline T, carries its precondition, and puts the answer into the store. Fails with:
 * TerminalError (400, 403, 422: the server's sentence), TransientError (try again; outcome unknown),
 * AbortError (the term ended).
 */
export interface Writer {
  /** Dry run under a generated name. The address and node ports that a Service asks for are taken for a moment. */
  tryCreate(child: Child, term: Term): Promise<void>
  create(child: Child, term: Term): Promise<'created' | 'exists'>
  /** Makes the child so over the version in `over`; adopts it when it has no controller. Pods: labels, annotations, images only. */
  apply(child: Child, over: ChildFact, term: Term): Promise<'unchanged' | 'applied' | 'conflict' | 'gone'>
  remove(
    child: ChildFact,
    options: { readonly gracePeriodSeconds?: 0 },
    term: Term,
  ): Promise<'removed' | 'gone' | 'conflict'>
  /** status.grant by compare-and-swap over the resource version in `over`. */
  grant(over: CrFact, to: PodRef, term: Term): Promise<'granted' | 'conflict'>
  /** Opens the gate of the pod that the grant in `cr` names. */
  ungate(pod: PodFact, cr: CrFact, term: Term): Promise<'open' | 'conflict' | 'gone'>
  /** Latest value per key wins; written soon, dropped when equal to what is stored. Failures requeue the key by themselves. */
  status(key: Key, status: StatusPatch, term: Term): void
  /**
   * Resolves when few statuses wait for a connection, and after 250 ms in any case: what comes faster than it can be
   * written would only pile up in memory. AbortError when the signal fires.
   */
  room(signal: AbortSignal): Promise<void>
  /** Resolves when no status is waiting or in flight. */
  flush(signal: AbortSignal): Promise<void>
}

/**
 * A status as computed: every field this version knows, without `grant`; a missing field is removed from the stored one.
 * Without `leader` the writer stamps it onto real changes, which claims the resource for the tenant of the term. A
 * `leader` in it is written as it is: the stored one to report without claiming, one without `tenant` to let go.
 */
export type StatusPatch = { [K in KindName]: Omit<Statuses[K], 'grant'> }[KindName]

// ---- Events ----------------------------------------------------------------------------------------------------

/** What a Kubernetes Event says, whatever it is about. */
export interface EventContent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** What the operator did, in one word: Creating, Waiting, … */
  readonly action: string
  readonly note: string
}

export interface WorkloadEvent extends EventContent {
  readonly reason: EventReason
}

export interface EventRecorder {
  /** Never throws, never waits; drops (and counts) when too many are under way. */
  record(regarding: EventSubject, event: WorkloadEvent): void
}

export interface EventSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}
