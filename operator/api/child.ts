// The fingerprint of a child: what was asked for, so that asking twice writes once.
import { hash16 } from '#lib/hash.ts'
import type { Child } from './ports.ts'

/**
 * Value of the annotation `applied`. For Pods it covers the spec only, since a changed label must not start a new
 * instance; for everything else the whole object. Builders are deterministic, so equal wishes have equal text.
 */
export function appliedHash(child: Child): string {
  return hash16(JSON.stringify(child.kind === 'Pod' ? child.object.spec : child.object))
}
