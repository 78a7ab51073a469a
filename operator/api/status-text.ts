// The status of a resource in a store, as text. It is kept packed, since ten thousand of them are most of the memory.
import type { CrFact } from './facts.ts'
import { unpack } from '#lib/packed-text.ts'

/** JSON text; '{}' before the first status. */
export function statusTextOf({ status, name }: Pick<CrFact, 'status' | 'name'>): string {
  return unpack(status, name)
}
