// The frame of every native object: its name, labels, annotations and owner.
import type { ChildFact } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import type { Child } from '#api/ports.ts'
import { apiVersionOf, resourceOf } from '#api/resource.ts'
import type { Labels } from './names.ts'
import { ownerReference, type Owner } from './owner.ts'

export interface ChildParts {
  readonly name: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly spec: object
  /** The operator starts an instance by creating this object. */
  readonly takesToken?: true
}

export function nativeObject(kind: ChildKind, owner: Owner, parts: ChildParts): Child {
  return framed(kind, owner, parts, [ownerReference(owner)])
}

/** Owned by a child of ours, as if its controller had made it: the run of a CronJob. */
export function grandchild(kind: ChildKind, by: ChildFact, owner: Owner, parts: ChildParts): Child {
  const reference = { apiVersion: apiVersionOf(resourceOf(by.kind)), kind: by.kind, name: by.name, uid: by.uid }
  return framed(kind, owner, parts, [{ ...reference, controller: true, blockOwnerDeletion: true }])
}

/** Outlives its workload: a claim. */
export function unownedObject(kind: ChildKind, owner: Owner, parts: ChildParts): Child {
  return framed(kind, owner, parts, [])
}

type References = Child['object']['metadata']['ownerReferences']

function framed(kind: ChildKind, owner: Owner, parts: ChildParts, ownerReferences: References): Child {
  const { name, labels, annotations, spec } = parts
  return {
    kind,
    namespace: owner.namespace,
    name,
    takesToken: parts.takesToken === true,
    object: {
      apiVersion: apiVersionOf(resourceOf(kind)),
      kind,
      metadata: {
        name,
        namespace: owner.namespace,
        labels,
        annotations,
        ownerReferences,
      },
      spec,
    },
  }
}
