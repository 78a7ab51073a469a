// Careful steps into JSON of unknown shape.

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object at `name`; {} when there is none. */
export function objectAt(value: unknown, name: string): JsonObject {
  const found = isObject(value) ? value[name] : undefined
  return isObject(found) ? found : {}
}

/** The text at `name`; undefined when there is none. */
export function textAt(value: unknown, name: string): string | undefined {
  const found = isObject(value) ? value[name] : undefined
  return typeof found === 'string' ? found : undefined
}

/** The number at `name`; undefined when there is none. */
export function numberAt(value: unknown, name: string): number | undefined {
  const found = isObject(value) ? value[name] : undefined
  return typeof found === 'number' ? found : undefined
}

/** The list at `name`; [] when there is none. */
export function listAt(value: unknown, name: string): readonly unknown[] {
  const found = isObject(value) ? value[name] : undefined
  return Array.isArray(found) ? found : []
}

/** The entries at `name` whose value is text; undefined when there is no object. */
export function textsAt(value: unknown, name: string): Readonly<Record<string, string>> | undefined {
  const found = isObject(value) ? value[name] : undefined
  if (!isObject(found)) return undefined
  const texts: Record<string, string> = {}
  for (const [key, text] of Object.entries(found)) if (typeof text === 'string') texts[key] = text
  return texts
}
