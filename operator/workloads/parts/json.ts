// How builders write JSON: no undefined values, and one order of keys for equal wishes, because the text is hashed.

export type Fields = Readonly<Record<string, unknown>>

/** The fields that have a value, in the order given. */
export function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** A deep copy with sorted keys, for what is passed on as the user wrote it. Undefined stays undefined. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isFields(value)) return value
  return Object.fromEntries(
    sortedEntries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  )
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined where the path ends early. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => (isFields(found) ? found[name] : undefined), value)
}

/** Undefined when there is nothing to list. */
export function nonEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items
}

/** Sorted keys, values as text: `1` and `"1"` are one wish. Undefined when empty. */
export function texts(map: Readonly<Record<string, string | number>> | undefined): Fields | undefined {
  const entries = sortedEntries(map ?? {})
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))
}

/** By code unit, so that the order depends on no locale. */
export function sortedEntries<T>(map: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
