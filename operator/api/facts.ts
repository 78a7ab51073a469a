// What the informers keep of each object: the few scalars that decisions read. A whole Pod costs 8.6 KB of heap,
// a fact about 1 KB. Facts are immutable; a newer version of an object is a new fact.
import type { ChildKind, KindName } from './generated/kinds.ts'
import type { Key } from './key.ts'
import type { WatchedKind } from './resource.ts'
import type { PackedText } from '#lib/packed-text.ts'

export interface Fact {
  readonly kind: WatchedKind
  /** '' for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** The workload this object belongs to, by our labels. */
  readonly owner?: Key
}

/** One of the four custom resources. */
export interface CrFact extends Fact {
  readonly kind: KindName
  readonly generation: number
  /** ms since 1970. */
  readonly createdAtMs: number
  readonly deleting: boolean
  readonly labels: Readonly<Record<string, string>>
  /** Only those that start with highlander.plexobject.io/. */
  readonly annotations: Readonly<Record<string, string>>
  /** JSON text. Parsed once per reconcile: a parsed copy of 10,000 resources costs five times the heap. */
  readonly spec: string
  /** JSON text, packed with the name; '{}' before the first status. Most workloads differ in a few words of it. */
  readonly status: PackedText
  /** status.leader.term or status.grant.epoch, whichever is larger; 0n when none: who wrote last. */
  readonly epoch: bigint
}

/** The controller owner reference. */
export interface ControllerRef {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

interface ChildBase extends Fact {
  readonly kind: ChildKind
  readonly createdAtMs: number
  readonly controller?: ControllerRef
  /** All labels, since adoption and repair look at them. */
  readonly labels: Readonly<Record<string, string>>
  readonly deleting: boolean
  /** Annotation epoch; 0n when absent. */
  readonly epoch: bigint
  /** Annotation applied; '' when absent. */
  readonly applied: string
  /** Annotation builder; '' when absent. */
  readonly builder: string
  /** Hash of labels, our annotations and spec as the server returned them, without what others write by design. */
  readonly liveHash: string
}

type ContainerState = 'waiting' | 'running' | 'terminated'

/** Status of container `main`. */
export interface ContainerFact {
  readonly state: ContainerState
  readonly ready: boolean
  readonly restartCount: number
  readonly image: string
  readonly imageId: string
  /** Reason of the waiting or terminated state. */
  readonly reason?: string
  readonly message?: string
  readonly exitCode?: number
  /** ms since 1970. */
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  /** Of the termination before the current state. */
  readonly lastExitCode?: number
  readonly lastReason?: string
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export interface PodFact extends ChildBase {
  readonly kind: 'Pod'
  readonly phase: PodPhase
  readonly ready: boolean
  readonly node?: string
  readonly podIp?: string
  readonly hostIp?: string
  /** Pod-level reason, such as Evicted. */
  readonly reason?: string
  readonly message?: string
  /** Our scheduling gate is closed. */
  readonly gated: boolean
  /** Fencing token; '' when none. */
  readonly token: string
  readonly main?: ContainerFact
  /** Any init, main or ephemeral container status is `running`: no proof of the end, whatever the phase says. */
  readonly anyRunning: boolean
  /** A container other than main that waits for a reason worth telling (image, config). */
  readonly waiting?: { readonly container: string; readonly reason: string; readonly message?: string }
  /** PodScheduled=False: the scheduler's sentence. */
  readonly unschedulable?: string
  /** The condition DisruptionTarget is True: its reason. */
  readonly disruption?: string
  /** ms since 1970; when deletion was asked for. */
  readonly deletionRequestedAtMs?: number
  readonly deletionGraceSeconds?: number
  /** Container name → image of the spec, main first: the one part of a pod that others can change in place. */
  readonly images: Readonly<Record<string, string>>
  /** Annotation restarted-at. */
  readonly restartedAt?: string
}

export interface DeploymentFact extends ChildBase {
  readonly kind: 'Deployment'
  readonly generation: number
  readonly observedGeneration: number
  readonly replicas: number
  readonly readyReplicas: number
  readonly updatedReplicas: number
  readonly availableReplicas: number
  /** Its strategy is RollingUpdate. */
  readonly rolling?: true
  /** Sentence of the condition ReplicaFailure, or of Progressing when it is False. */
  readonly problem?: { readonly reason: string; readonly message: string }
  /** Annotation restarted-at of the pod template. */
  readonly restartedAt?: string
}

export interface StatefulSetFact extends ChildBase {
  readonly kind: 'StatefulSet'
  readonly generation: number
  readonly observedGeneration: number
  readonly replicas: number
  readonly readyReplicas: number
  readonly updatedReplicas: number
  readonly currentRevision: string
  readonly updateRevision: string
  /** spec.revisionHistoryLimit: older servers let nobody change it. */
  readonly historyLimit?: number
  /** spec.volumeClaimTemplates as JSON text: they cannot be changed, so later writes repeat them. */
  readonly claimTemplates: string
  /** Annotation restarted-at of the pod template. */
  readonly restartedAt?: string
}

export interface CronJobFact extends ChildBase {
  readonly kind: 'CronJob'
  readonly suspended: boolean
  /** What is in force, which may be an older wish than the spec's. */
  readonly schedule: string
  readonly timeZone?: string
  readonly activeJobs: readonly string[]
  readonly lastScheduleTime?: string
  readonly lastSuccessfulTime?: string
}

export interface JobFact extends ChildBase {
  readonly kind: 'Job'
  readonly result: 'Running' | 'Succeeded' | 'Failed'
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly scheduledAtMs?: number
  readonly message?: string
}

export interface ServiceFact extends ChildBase {
  readonly kind: 'Service'
  readonly clusterIp: string
  readonly type: string
  readonly loadBalancerClass?: string
}

export interface ClaimFact extends ChildBase {
  readonly kind: 'PersistentVolumeClaim'
  readonly phase: string
  readonly capacity?: string
  readonly requested?: string
  /** Why the storage driver cannot enlarge it. */
  readonly resizeProblem?: string
}

export type ChildFact = PodFact | DeploymentFact | StatefulSetFact | CronJobFact | JobFact | ServiceFact | ClaimFact

/** The fact type of one child kind. */
export type ChildFactOf<K extends ChildKind> = Extract<ChildFact, { readonly kind: K }>

export interface NodeFact extends Fact {
  readonly kind: 'Node'
  readonly ready: boolean
  /** ms since 1970; when the condition Ready last changed. */
  readonly readyChangedAtMs?: number
}

export interface PodRef {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** The fact of each watched kind. */
export type FactOf<K extends WatchedKind> = K extends KindName
  ? CrFact
  : K extends ChildKind
    ? ChildFactOf<K>
    : K extends 'Node'
      ? NodeFact
      : never
