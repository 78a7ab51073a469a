// What identifies a wish: computed once per look, since it takes the text of the whole object. Pure.
import { appliedHash } from '#api/child.ts'
import type { Child } from '#api/ports.ts'
import { hash16 } from '#lib/hash.ts'

export interface Wish {
  /** The stamp. */
  readonly applied: string
  /** Everything that was asked for: the stamp of a Pod does not cover its labels and annotations. */
  readonly whole: string
}

export function wishOf(child: Child): Wish {
  const applied = appliedHash(child)
  if (child.kind !== 'Pod') return { applied, whole: applied }
  const { labels, annotations } = child.object.metadata
  return { applied, whole: hash16(JSON.stringify([applied, labels, annotations])) }
}
