// Whose object is it: what may be kept, adopted, waited for, or must be left alone (the table has no fifth row).
import type { ChildFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { API_VERSION, label, MANAGED_BY } from '#api/labels.ts'
import type { Child, DesiredObject } from '#api/ports.ts'
import type { Identity } from './names.ts'

export type Ownership = 'ours' | 'predecessor' | 'adoptable' | 'stranger'

/** One incarnation of a workload. */
export interface Owner extends Identity {
  readonly uid: string
}

export function ownerReference(of: Owner): DesiredObject['metadata']['ownerReferences'][number] {
  return {
    apiVersion: API_VERSION,
    kind: of.kind,
    name: of.name,
    uid: of.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Judges an object found under a name that `of` needs. */
export function judge(fact: ChildFact, of: Owner): Ownership {
  const { controller } = fact
  if (controller === undefined) return isLeftOver(fact, of) ? 'adoptable' : 'stranger'
  if (controller.uid === of.uid) return 'ours'
  // An older incarnation: garbage collection will take its objects away, so nothing is written to them.
  return controller.kind === of.kind && controller.name === of.name ? 'predecessor' : 'stranger'
}

/** Left by --cascade=orphan, or by the Go version, which set no owner and no labels /kind and /name. */
function isLeftOver(fact: ChildFact, of: Owner): boolean {
  const { labels } = fact
  if (labels[label.managedBy] !== MANAGED_BY || labels[label.app] !== of.name) return false
  return !isLabelledForAnother(fact, of)
}

export function isLabelledForAnother({ labels }: ChildFact, of: Identity): boolean {
  const kind = labels[label.kind]
  const name = labels[label.name]
  return (kind !== undefined && kind !== of.kind) || (name !== undefined && name !== of.name)
}

/** Whose a stranger's object is, to follow "is taken by an object": `controlled by WorkloadPersistent a`. */
export function describeStranger(fact: ChildFact, fieldManager = ''): string {
  const writer = fieldManager === '' ? '' : `, last written by ${fieldManager}`
  if (fact.controller !== undefined) return `controlled by ${fact.controller.kind} ${fact.controller.name}${writer}`
  const kind = fact.labels[label.kind]
  const name = fact.labels[label.name]
  if (kind !== undefined && name !== undefined) return `labelled for ${kind} ${name}${writer}`
  return `without an owner and without our labels${writer}`
}

/** The live objects of the name and kind of a child, ours or not. */
export function sameName(child: Pick<Child, 'kind' | 'name'>, facts: readonly ChildFact[]): ChildFact | undefined {
  return facts.find((fact) => fact.kind === child.kind && fact.name === child.name)
}

export function ownerOf(resource: {
  readonly kind: KindName
  readonly namespace: string
  readonly name: string
  readonly uid: string
}): Owner {
  return { kind: resource.kind, namespace: resource.namespace, name: resource.name, uid: resource.uid }
}
