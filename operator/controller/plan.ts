// What must be done so that the world becomes as desired. PURE: the order of the actions is the order of the calls.
// It promises to delete nothing that is not ours, to write to nothing that belongs to a predecessor or a stranger, and
// that an action done is not asked for again (an apply is: the writer drops it when nothing differs). It does not judge
// whether an instance may start: what must wait is on hold, and that was decided by the workload.
import type { ChildFact, PodFact, PodRef } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { isOfWorkload, remainsOf } from '#workloads/parts/declared-dead.ts'
import { isMadeByDeployment } from '#workloads/parts/grant.ts'
import { judge } from '#workloads/parts/owner.ts'
import { isTerminal } from '#workloads/parts/proof.ts'
import { besideLive } from '#workloads/parts/service.ts'
import type { Desired, Observed } from '#workloads/workload.ts'

export type Action =
  /** Dry run before an object is deleted for its successor: a refusal stops here, and what runs runs on. */
  | { readonly type: 'try'; readonly child: Child }
  | { readonly type: 'delete'; readonly child: ChildFact; readonly gracePeriodSeconds?: 0 }
  | { readonly type: 'grant'; readonly pod: PodRef }
  | { readonly type: 'ungate'; readonly pod: PodRef }
  /** `exists` is an answer. */
  | { readonly type: 'create'; readonly child: Child }
  | { readonly type: 'apply'; readonly child: Child; readonly over: ChildFact }
  /** Changes a claim in place; nothing when there is none. */
  | { readonly type: 'claim'; readonly child: Child }

/**
 * Dry runs, deletes, the grant and its gate, creates and applies, Services to make again, then claims: a Service that is
 * refused stops no instance, and a claim stops nothing.
 */
export function plan(desired: Desired, seen: Observed): readonly Action[] {
  const replaced = seen.children.filter((fact) => names(desired.replace, fact) && mayDelete(fact, seen))
  const [fronts, instances] = [replaced.filter(isFront), replaced.filter((fact) => !isFront(fact))]
  const dead = deadOnes(desired, seen)
  const unlisted = unwanted(desired, seen).filter((fact) => !fronts.includes(fact))
  const deleted = new Map([...instances, ...unlisted, ...dead].map((fact) => [fact.uid, fact]))
  return [
    ...tries(instances, desired),
    ...[...deleted.values()].map((child) => deletion(child, dead)),
    ...grantActions(desired),
    ...desired.children
      .filter((child) => !isOnHold(child, desired))
      .filter((child) => ![...deleted.values()].some((fact) => isSame(fact, child)))
      .flatMap((child) => writesFor(child, desired, seen)),
    ...fronts.flatMap((front) => [...tries([front], desired), deletion(front, dead)]),
    ...(desired.claims ?? []).map((child): Action => ({ type: 'claim', child })),
  ]
}

/** Pods that count as dead, and the Jobs that keep them. */
function deadOnes(desired: Desired, seen: Observed): readonly ChildFact[] {
  const pods = seen.pods.filter((pod) => names(desired.declaredDead, pod) && isOfWorkload(pod, seen))
  return pods.flatMap((pod) => remainsOf(pod, seen))
}

/** Without grace only where somebody vouches for the end. A Job has none, its pods do. */
function deletion(child: ChildFact, dead: readonly ChildFact[]): Action {
  const isDead = child.kind === 'Pod' && dead.some((pod) => pod.uid === child.uid)
  return { type: 'delete', child, ...(isDead ? { gracePeriodSeconds: 0 } : {}) }
}

function isFront({ kind }: ChildFact): boolean {
  return kind === 'Service'
}

function tries(replaced: readonly ChildFact[], desired: Desired): readonly Action[] {
  return desired.children.flatMap((child) => {
    const live = replaced.find((fact) => isSame(fact, child))
    if (live === undefined) return []
    return [{ type: 'try', child: live.kind === 'Service' ? besideLive(child, live) : child }]
  })
}

/** What the workload asks to remove, what the grant must clear, and children that are no longer listed. */
function unwanted(desired: Desired, seen: Observed): readonly ChildFact[] {
  const clear = desired.grant?.type === 'remove' ? desired.grant.pods : []
  const asked = [...seen.children, ...seen.others].filter((fact) => names([...(desired.remove ?? []), ...clear], fact))
  const unlisted = seen.children.filter((fact) => !isKept(fact) && !isListed(fact, desired))
  return [...asked, ...unlisted].filter((fact) => mayDelete(fact, seen))
}

/** Runs and claims outlive the wish for them: a Job ends by itself, a claim holds data. */
function isKept(fact: ChildFact): boolean {
  return fact.kind === 'Job' || fact.kind === 'PersistentVolumeClaim'
}

function isListed(fact: ChildFact, desired: Desired): boolean {
  return desired.children.some((child) => isSame(fact, child)) || isOnHold(fact, desired)
}

function isOnHold(child: Pick<Child, 'kind' | 'name'>, desired: Desired): boolean {
  return desired.onHold?.some((held) => held.kind === child.kind && held.name === child.name) ?? false
}

function grantActions({ grant }: Desired): readonly Action[] {
  switch (grant?.type) {
    case 'record':
      return [{ type: 'grant', pod: grant.to }]
    case 'move':
      // The gate after the grant: opened first, a crash in between would leave an open pod that nobody waits for.
      return [
        { type: 'grant', pod: grant.to },
        { type: 'ungate', pod: grant.to },
      ]
    case 'open':
      return [{ type: 'ungate', pod: grant.pod }]
    case 'rest':
    case 'wait':
    case 'remove':
    case undefined:
      return []
    default:
      grant satisfies never
      return []
  }
}

function writesFor(child: Child, desired: Desired, seen: Observed): readonly Action[] {
  const found = [...seen.children, ...seen.others].find((fact) => isSame(fact, child))
  if (found === undefined) return [{ type: 'create', child }]
  // Its name is free only when its object is gone; the event of that brings the workload back.
  if (found.deleting || names(desired.replace, found)) return []
  const whose = judge(found, seen.cr)
  switch (whose) {
    case 'ours':
    case 'adoptable':
      return [{ type: 'apply', child, over: found }]
    case 'predecessor':
    case 'stranger':
      // The event of its end brings the workload back; that it stands in the way is said by the status.
      return []
    default:
      whose satisfies never
      return []
  }
}

function isSame(fact: ChildFact, child: Pick<Child, 'kind' | 'name'>): boolean {
  return fact.kind === child.kind && fact.name === child.name
}

function names(refs: readonly PodRef[] | undefined, fact: ChildFact): boolean {
  return refs?.some((ref) => ref.uid === fact.uid) ?? false
}

function mayDelete(fact: ChildFact, seen: Observed): boolean {
  return !fact.deleting && !(fact.kind === 'Pod' && isEndedOnPaper(fact)) && isOurs(fact, seen)
}

/** Terminal phase, but a running status: a delete would remove the object at once, and with it the last evidence. */
function isEndedOnPaper(pod: PodFact): boolean {
  return isTerminal(pod) && pod.anyRunning
}

/** Ours: children, what our children control (Jobs, the pod of a StatefulSet), pods of the Deployment of our name. */
function isOurs(fact: ChildFact, seen: Observed): boolean {
  const controller = fact.controller?.uid
  if (controller === undefined) return false
  if (controller === seen.cr.uid || seen.children.some((child) => child.uid === controller)) return true
  return seen.cr.kind === 'WorkloadService' && fact.kind === 'Pod' && isMadeByDeployment(fact, seen.cr.name)
}
