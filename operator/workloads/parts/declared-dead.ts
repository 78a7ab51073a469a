// Pods that count as dead by somebody's word. A word is no proof: the object is deleted with grace period 0, and its
// absence is the proof (E1). A person says so with the annotation confirm-dead; the answer is recorded in the status.
import type { ChildFact, PodFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import type { Answer, Observed } from '../workload.ts'
import { isMadeByDeployment } from './grant.ts'
import { judge } from './owner.ts'
import { askedFor } from './restart.ts'

export type ConfirmedDead =
  | { readonly type: 'none' }
  /** Its object, and that of its Job, are deleted. */
  | { readonly type: 'declared'; readonly uid: string; readonly pod: PodFact }
  | { readonly type: 'confirmed'; readonly uid: string }
  | { readonly type: 'refused'; readonly uid: string; readonly because: string }

export function confirmedDead(seen: Observed): ConfirmedDead {
  const uid = askedFor(seen, annotation.confirmDead)
  if (uid === undefined || uid.length > LONGEST_UID || uid === seen.stored.lastHandledConfirmDead)
    return { type: 'none' }
  const pod = seen.pods.find((found) => found.uid === uid)
  // Deleted by a leader that could not report it any more, or by Kubernetes meanwhile.
  if (pod === undefined) return wasOurs(uid, seen) ? { type: 'confirmed', uid } : refused(uid, UNKNOWN)
  if (!isOfWorkload(pod, seen)) return refused(uid, `Pod ${pod.name} belongs to somebody else.`)
  if (remainsOf(pod, seen).length === 0) return { type: 'confirmed', uid }
  if (pod.ready)
    return refused(uid, `Pod ${pod.name} is ready, so its node is answering. Delete it with its grace period.`)
  return { type: 'declared', uid, pod }
}

/** Once everything of the pod has been deleted: only then the request is handled. */
export function answerTo(asked: ConfirmedDead, after: Observed): Answer | undefined {
  switch (asked.type) {
    case 'none':
      return undefined
    case 'refused':
      return { request: 'confirm-dead', isRefused: true, note: `${asked.because} UID: ${asked.uid}` }
    case 'confirmed':
      return confirmed(asked.uid)
    case 'declared': {
      const pod = after.pods.find((found) => found.uid === asked.uid)
      const isDone = pod === undefined || remainsOf(pod, after).length === 0
      return isDone ? confirmed(asked.uid) : undefined
    }
    default:
      return asked satisfies never
  }
}

function confirmed(uid: string): Answer {
  const note = `The pod with UID ${uid} was confirmed to be dead; its object was deleted without waiting for its node.`
  return { request: 'confirm-dead', isRefused: false, note }
}

/** As the schema bounds the answer. */
const LONGEST_UID = 64

const UNKNOWN = 'No pod of this workload has that UID. It is shown by: kubectl get pod -o jsonpath={.metadata.uid}'

function refused(uid: string, because: string): ConfirmedDead {
  return { type: 'refused', uid, because }
}

function wasOurs(uid: string, { stored, gone }: Observed): boolean {
  const granted = 'grant' in stored ? stored.grant?.uid : undefined
  return gone.has(uid) || stored.instance?.podUID === uid || granted === uid
}

/**
 * What still has to be deleted for this pod. The tracking finalizer keeps the object of a Job's pod, and the Job waits
 * for a last word that never comes: so the Job goes too, whereupon the Job controller lets go of the pod.
 */
export function remainsOf(pod: PodFact, seen: Observed): readonly ChildFact[] {
  const job = jobOf(pod, seen)
  const isDeleted = pod.deleting && pod.deletionGraceSeconds === 0
  return [...(isDeleted ? [] : [pod]), ...(job === undefined || job.deleting ? [] : [job])]
}

function jobOf(pod: PodFact, seen: Observed): ChildFact | undefined {
  return [...seen.children, ...seen.others].find((fact) => fact.kind === 'Job' && fact.uid === pod.controller?.uid)
}

/** Made for this workload, by this incarnation of it or an earlier one; never a stranger's pod that has our labels. */
export function isOfWorkload(pod: PodFact, seen: Observed): boolean {
  const { kind, name } = seen.cr
  if (judge(pod, seen.cr) !== 'stranger') return true
  if (kind === 'WorkloadService') return isMadeByDeployment(pod, name)
  if (kind === 'WorkloadPersistent') return pod.controller?.kind === 'StatefulSet' && pod.controller.name === name
  return kind === 'WorkloadCronJob' && pod.controller?.kind === 'Job' && isRunOf(name, pod.controller.name)
}

/** `<name>-<minutes since 1970>`, or `<name>-m<8 hex>` of a run that was asked for. */
function isRunOf(name: string, job: string): boolean {
  return job.startsWith(`${name}-`) && /^(\d+|m[0-9a-f]{8})$/.test(job.slice(name.length + 1))
}
