// What a write acts on, and where its answer goes: the stores, reached by a kind that is known at run time only.
import type { ChildFact, ChildFactOf, CrFact } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import type { Change, Stores } from '#api/ports.ts'
import { childProjections } from './child-projections.ts'
import type { Target } from './fence.ts'
import { projectCr } from './projections.ts'

/** `over`: the version that the request is bound to; left out for creates. */
export function targetOf(stores: Stores, child: ObjectName, over?: ChildFact): Target {
  const stored = () => storeOf(stores, child.kind).get(child.namespace, child.name)
  return over === undefined ? { stored } : { stored, over }
}

export interface ObjectName {
  readonly kind: ChildKind
  readonly namespace: string
  readonly name: string
}

export function crTarget(stores: Stores, over: CrFact): Target {
  return { stored: () => stores.crs[over.kind].get(over.namespace, over.name), over }
}

export function storeCr(stores: Stores, over: CrFact, object: unknown): void {
  const fact = projectCr(over.kind, object)
  if (fact !== undefined) stores.crs[over.kind].wrote(fact)
}

/** Puts the server's answer to a write into the store. Undefined: the answer was no object of that kind. */
export function storeAnswer<K extends ChildKind>(stores: Stores, kind: K, object: unknown): ChildFactOf<K> | undefined {
  const fact = childProjections[kind](object)
  if (fact !== undefined) stores.children[kind].wrote(fact)
  return fact
}

/** Our own delete was answered with "gone for good". */
export function storeRemoval(stores: Stores, fact: ChildFact): void {
  switch (fact.kind) {
    case 'Pod':
      return stores.children.Pod.wroteDelete(fact)
    case 'Deployment':
      return stores.children.Deployment.wroteDelete(fact)
    case 'StatefulSet':
      return stores.children.StatefulSet.wroteDelete(fact)
    case 'CronJob':
      return stores.children.CronJob.wroteDelete(fact)
    case 'Job':
      return stores.children.Job.wroteDelete(fact)
    case 'Service':
      return stores.children.Service.wroteDelete(fact)
    case 'PersistentVolumeClaim':
      return stores.children.PersistentVolumeClaim.wroteDelete(fact)
    default:
      fact satisfies never
  }
}

/** What all child stores have in common. */
export interface AnyChildStore {
  get(namespace: string, name: string): ChildFact | undefined
  subscribe(onChange: (change: Change<ChildFact>) => void): Disposable
}

function storeOf(stores: Stores, kind: ChildKind): AnyChildStore {
  return stores.children[kind]
}

export function everyStore(stores: Stores): readonly AnyChildStore[] {
  return Object.values(stores.children)
}
