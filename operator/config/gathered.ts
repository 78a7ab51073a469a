// What one source of configuration says, before anything is checked.
import type { KeyInfo } from './keys.ts'
import { keys } from './keys.ts'
import { laterKeys } from './later-keys.ts'
import type { Place, Problem } from './problems.ts'

export interface Setting {
  readonly key: KeyInfo
  readonly raw: unknown
  readonly place: Place
}

export interface Gathered {
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** Every key with a name, those of later versions too. */
export const knownKeys: readonly KeyInfo[] = [...Object.values(keys), ...laterKeys]

/** An empty value means "not set", in each source; a mapping or list with nothing but empty values is empty. */
export function isEmpty(raw: unknown): boolean {
  if (raw === undefined || raw === null) return true
  if (typeof raw === 'string') return raw.trim() === ''
  return typeof raw === 'object' && Object.values(raw).every(isEmpty)
}

export function join(parts: readonly Gathered[]): Gathered {
  return {
    settings: parts.flatMap(({ settings }) => settings),
    problems: parts.flatMap(({ problems }) => problems),
    warnings: parts.flatMap(({ warnings }) => warnings),
  }
}
