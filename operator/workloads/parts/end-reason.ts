// Why an instance ended, or is about to: from what is seen of its pod, what is asked for, and what is stored. Pure.
// A reason is found while the pod is still there, since its object says more than its absence. Where the evidence is
// still to come (the next pod of a Deployment shows whether its template was another one), none is given yet.
import type { DeploymentFact, PodFact, StatefulSetFact } from '#api/facts.ts'
import type { Tenure } from '#api/generated/kinds.ts'
import type { Observed } from '../workload.ts'
import type { ConfirmedDead } from './declared-dead.ts'
import { storedWaivers } from './force.ts'
import { isMadeByDeployment } from './grant.ts'
import { isUnreachable, proofOfEnd } from './proof.ts'
import { pendingRestart } from './restart.ts'
import { storedCondition } from './state.ts'

export type EndReason = Tenure['endReason'] & string

export interface Evidence {
  /** With what the writes of this look have put into the stores. */
  readonly seen: Observed
  /** Pods as they were before those writes: what the writes have removed can be told from here only. */
  readonly podsBefore: readonly PodFact[]
  /** What was asked about a dead pod, once it is done. */
  readonly confirmed: ConfirmedDead
  /** Pods that this look replaces. */
  readonly replaced: ReadonlySet<string>
  readonly isSuspended: boolean
}

/** The newest that is known of the pod; undefined when nothing is left of it. */
export function evidenceOf(uid: string, { seen, podsBefore }: Evidence): PodFact | undefined {
  return seen.pods.find((pod) => pod.uid === uid) ?? podsBefore.find((pod) => pod.uid === uid)
}

/** Undefined: it runs on, or the reason is not known yet. */
export function endReasonOf(tenure: Tenure, evidence: Evidence): EndReason | undefined {
  // Somebody's word comes last, when the end that was asked for does not come.
  const vouched = vouchedFor(tenure, evidence)
  if (vouched !== undefined || tenure.endReason !== undefined) return vouched ?? tenure.endReason
  const pod = evidenceOf(tenure.podUID, evidence)
  return pod === undefined ? absenceOf(tenure, evidence) : endOf(pod, tenure, evidence)
}

function vouchedFor({ podUID }: Tenure, { seen, confirmed }: Evidence): EndReason | undefined {
  if (confirmed.type !== 'none' && confirmed.uid === podUID) return 'ConfirmedDead'
  if (!storedWaivers(seen.stored).some(({ uid }) => uid === podUID)) return undefined
  const pod = seen.pods.find(({ uid }) => uid === podUID)
  return pod === undefined || (pod.deleting && pod.deletionGraceSeconds === 0) ? 'Forced' : undefined
}

/** No kubelet, and no object any more, says why. */
function absenceOf(tenure: Tenure, evidence: Evidence): EndReason | undefined {
  const { seen, isSuspended } = evidence
  if (isSuspended) return 'Suspended'
  if (seen.role !== 'active') return 'Moved'
  if (storedCondition(seen, 'Ready')?.reason === 'NodeUnreachable') return 'NodeLost'
  const template = templateChange(tenure, undefined, evidence)
  if (template === 'unknown') return undefined
  if (template !== 'none') return template
  return tenure.to === undefined ? 'ObjectGone' : 'Deleted'
}

/** That Kubernetes means to take a pod away is no end yet: it may still think better of it. */
function endOf(pod: PodFact, tenure: Tenure, evidence: Evidence): EndReason | undefined {
  const { seen } = evidence
  const isRemoved = !seen.pods.some(({ uid }) => uid === pod.uid)
  const own = ownEnd(pod)
  if (own === undefined && !pod.deleting && !isRemoved) return undefined
  const taken = takenAway(pod, seen)
  if (taken !== undefined) return taken
  return own === undefined || pod.deleting ? deletionOf(pod, tenure, evidence) : own
}

function ownEnd(pod: PodFact): EndReason | undefined {
  if (proofOfEnd(pod, new Set()) === undefined) return undefined
  return pod.phase === 'Succeeded' && (pod.main?.exitCode ?? 0) === 0 ? 'Completed' : 'Failed'
}

const disruptions: ReadonlyMap<string | undefined, EndReason> = new Map([
  ['PreemptionByScheduler', 'Preempted'],
  ['DeletionByPodGC', 'NodeLost'],
  ['EvictionByEvictionAPI', 'Evicted'],
  ['DeletionByTaintManager', 'Evicted'],
  ['TerminationByKubelet', 'Evicted'],
])
const words: ReadonlyMap<string | undefined, EndReason> = new Map([
  ['Evicted', 'Evicted'],
  ['Preempting', 'Preempted'],
  ['NodeLost', 'NodeLost'],
])

/** By Kubernetes, for the sake of other pods or of the node. */
function takenAway(pod: PodFact, seen: Observed): EndReason | undefined {
  const reason = words.get(pod.reason) ?? disruptions.get(pod.disruption)
  if (reason === undefined) return pod.disruption === undefined ? undefined : 'Evicted'
  return reason === 'Evicted' && isUnreachable(pod, seen) ? 'NodeLost' : reason
}

function deletionOf(pod: PodFact, tenure: Tenure, evidence: Evidence): EndReason | undefined {
  if (evidence.isSuspended) return 'Suspended'
  if (evidence.seen.role !== 'active') return 'Moved'
  const template = templateChange(tenure, pod, evidence)
  if (template === 'unknown') return undefined
  return template === 'none' ? 'Deleted' : template
}

type TemplateChange = 'Restarted' | 'SpecChanged' | 'none' | 'unknown'

/** Whether the pod made room for one that was asked for in another form. */
function templateChange(tenure: Tenure, pod: PodFact | undefined, evidence: Evidence): TemplateChange {
  const { seen } = evidence
  const maker = makerOf(seen)
  if (pendingRestart(seen) !== undefined || isStamped(pod, maker)) return 'Restarted'
  if (seen.cr.kind === 'WorkloadService') return byDeployment(tenure, seen)
  if (evidence.replaced.has(tenure.podUID) || isNewSpec(seen)) return 'SpecChanged'
  return isOutdated(pod, maker) ? 'SpecChanged' : 'none'
}

/** The template asks for a restart that this pod has not had. */
function isStamped(pod: PodFact | undefined, maker: DeploymentFact | StatefulSetFact | undefined): boolean {
  return pod !== undefined && maker?.restartedAt !== undefined && maker.restartedAt !== pod.restartedAt
}

function makerOf({ children }: Observed): DeploymentFact | StatefulSetFact | undefined {
  return children.find((fact) => fact.kind === 'Deployment' || fact.kind === 'StatefulSet')
}

/** Nothing was reported about it yet: what ends now makes room for it. */
function isNewSpec({ stored, cr }: Observed): boolean {
  return stored.observedGeneration !== undefined && stored.observedGeneration !== cr.generation
}

function isOutdated(pod: PodFact | undefined, maker: DeploymentFact | StatefulSetFact | undefined): boolean {
  if (pod === undefined || maker?.kind !== 'StatefulSet') return false
  return (
    maker.observedGeneration !== maker.generation || pod.labels['controller-revision-hash'] !== maker.updateRevision
  )
}

/** The name of a pod carries the hash of its template, also when the pod is long gone. */
function byDeployment(tenure: Tenure, { pods, cr }: Observed): TemplateChange {
  const next = pods
    .filter((pod) => pod.uid !== tenure.podUID && isMadeByDeployment(pod, cr.name))
    .reduce<PodFact | undefined>(
      (best, pod) => (best !== undefined && best.createdAtMs > pod.createdAtMs ? best : pod),
      undefined,
    )
  if (next === undefined) return 'unknown'
  return tenure.pod.startsWith(`${cr.name}-${next.labels['pod-template-hash']}-`) ? 'none' : 'SpecChanged'
}
