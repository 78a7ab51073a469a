// The contract of a workload kind. PURE: data in, data out. No I/O, no clock, no logger.
import type { ChildFact, CrFact, NodeFact, PodFact, PodRef } from '#api/facts.ts'
import type { ChildKind, KindName, Specs, Statuses } from '#api/generated/kinds.ts'
import type { Child, Role, StatusPatch, TermFacts } from '#api/ports.ts'
import type { GrantStep } from './parts/grant.ts'

/** One custom resource, validated, with the defaults of the schema filled in. */
interface Resource<K extends KindName> {
  readonly kind: K
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly spec: Specs[K]
}

/** Everything a decision may look at. Frozen. */
export interface Observed {
  readonly cr: CrFact
  /** status as stored; {} before the first. Fields that do not have the expected type are left out. */
  readonly stored: Partial<Statuses[KindName]>
  /** Objects that carry our controller owner reference with the uid of this resource. Process pods are here and in `pods`. */
  readonly children: readonly ChildFact[]
  /** Objects with our labels that are not controlled by this resource: Jobs, claims, a predecessor's children, orphans. */
  readonly others: readonly ChildFact[]
  /** All pods of this workload, whoever owns them. */
  readonly pods: readonly PodFact[]
  /** Pod uids that were proven gone (E1): DELETED was delivered, or a live read found nothing. */
  readonly gone: ReadonlySet<string>
  /** Nodes those pods sit on; empty where nodes may not be read. */
  readonly nodes: ReadonlyMap<string, NodeFact>
  /** Pod uid → how long its node has not answered, by the monotonic clock; absent while it answers. */
  readonly silentForMs: ReadonlyMap<string, number>
  /** For how long the native CronJob has been suspended as the watch shows it; absent while it is not. */
  readonly suspendedForMs?: number
  readonly findings: Findings
  readonly term: TermFacts
  readonly role: Role
  /** Wall clock, for what people read. */
  readonly nowMs: number
}

/** What the API server answered to the writes of this reconcile. Empty before them. */
export interface Findings {
  /** A child's name is taken by an object that is not ours and not adoptable. */
  readonly taken?: { readonly kind: ChildKind; readonly name: string; readonly by: string }
  /** A child was refused: the server's sentence. */
  readonly refused?: {
    readonly kind: ChildKind
    readonly name: string
    readonly reason: 'invalid' | 'forbidden' | 'quota'
    readonly sentence: string
  }
}

export interface Snapshot<K extends KindName> extends Observed {
  readonly resource: Resource<K>
}

export interface Desired {
  /** Complete: one of `seen.children` that is not listed is deleted. */
  readonly children: readonly Child[]
  /**
   * Children that are wanted, but not created now: the sentence says what is waited for. They are neither created
   * nor deleted nor changed.
   */
  readonly onHold?: readonly { readonly kind: ChildKind; readonly name: string }[]
  /** Claims to enlarge or to label in place. They are never created; one that no store shows is read by its name. */
  readonly claims?: readonly Child[]
  /** Strict services: the next step of the grant. */
  readonly grant?: GrantStep
  /** Children whose object must be replaced because what changed cannot be changed in place: dry run, delete, wait, create. */
  readonly replace?: readonly PodRef[]
  /** Finished or gated objects to delete first (with preconditions and their own grace). */
  readonly remove?: readonly ChildFact[]
  /** Pods that count as dead by somebody's word: deleted with grace period 0, and their Jobs with them. */
  readonly declaredDead?: readonly PodRef[]
  /** For what no event will tell, such as the end of a back-off. */
  readonly requeueAfterMs?: number
}

/** What became of a request, where the status alone does not tell. */
export interface Answer {
  readonly request: 'confirm-dead'
  readonly isRefused: boolean
  readonly note: string
}

export interface Reported {
  readonly status: StatusPatch
  readonly answer?: Answer
  readonly requeueAfterMs?: number
}

/** All an author of a kind writes. */
export interface WorkloadDefinition<K extends KindName> {
  readonly kind: K
  /** Called before the writes. */
  desired(seen: Snapshot<K>): Desired
  /** Called after them, with what the server answered. */
  status(seen: Snapshot<K>): Reported
}

/** One look at one resource: the typed spec stays inside. */
export interface Look {
  /** Undefined: no child is changed. When the spec is refused, there is only what counts as dead. */
  readonly desired?: Desired
  status(after: Observed): Reported
}

/** A definition with its kind erased, so that the engine can hold all four in one table. */
export interface Workload {
  readonly kind: KindName
  look(seen: Observed): Look
}
