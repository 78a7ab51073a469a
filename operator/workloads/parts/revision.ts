// Which revision of the builders makes a child. What a builder makes of an unchanged spec never changes within a
// revision, so an operator upgrade restarts nothing: a child is compared with what the builder of its own revision makes
// of the spec, and a newer form starts with the next change that makes a new instance anyway.
import { appliedHash, instanceHash } from '#api/child.ts'
import type { ChildFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import type { Observed } from '../workload.ts'

/** Oldest first; stamped on each child as the annotation `builder`. */
const REVISIONS: readonly string[] = ['1']
export const LATEST_REVISION = '1'

/** The child as the revision makes it that fits what is there. `revisions`: those that this operator knows. */
export function ofItsRevision(
  live: ChildFact | undefined,
  build: (revision: string) => Child,
  revisions: readonly string[] = REVISIONS,
): Child {
  const latest = revisions.at(-1) ?? LATEST_REVISION
  if (live === undefined || live.applied === '' || live.builder === latest) return build(latest)
  if (!revisions.includes(live.builder)) return build(latest)
  const asItWas = build(live.builder)
  return instanceHash(live) === instanceHash({ kind: live.kind, applied: appliedHash(asItWas) })
    ? asItWas
    : build(latest)
}

/** Any revision would have made this. */
export function wasWishedAs(
  applied: string | undefined,
  build: (revision: string) => Child,
  revisions: readonly string[] = REVISIONS,
): boolean {
  return applied !== undefined && revisions.some((revision) => appliedHash(build(revision)) === applied)
}

/**
 * Made by a newer operator, before a rollback: what it would make of the spec is not known here, so the child is left as
 * it is until the spec changes.
 */
export function isOfNewerOperator(live: ChildFact, seen: Observed, revisions: readonly string[] = REVISIONS): boolean {
  const isUnknown = live.applied !== '' && live.builder !== '' && !revisions.includes(live.builder)
  return isUnknown && seen.stored.observedGeneration === seen.cr.generation
}
