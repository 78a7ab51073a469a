// Values of a `set` and keys of a `map` occur once; where these lists are, the schema says.
import type { ErrorObject } from 'ajv'
import { isObject, type JsonObject } from '#lib/json.ts'

/** Walks the parts of `value` that the schema knows, so it goes no deeper than the schema. */
export function duplicatesIn(schema: unknown, value: unknown, path = ''): readonly ErrorObject[] {
  if (!isObject(schema)) return []
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return [
      ...repeatedItems(schema, items, path),
      ...items.flatMap((item, index) => duplicatesIn(schema['items'], item, `${path}/${index}`)),
    ]
  }
  if (!isObject(value)) return []
  const known = isObject(schema['properties']) ? schema['properties'] : {}
  return Object.entries(value).flatMap(([name, item]) => {
    const part = Object.hasOwn(known, name) ? known[name] : schema['additionalProperties']
    return duplicatesIn(part, item, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  })
}

function repeatedItems(schema: JsonObject, items: readonly unknown[], path: string): readonly ErrorObject[] {
  const mode = schema['x-kubernetes-list-type']
  if (mode !== 'map' && mode !== 'set') return []
  const keys = schema['x-kubernetes-list-map-keys']
  const seen = new Set<string>()
  return items.flatMap((item, index) => {
    const identity = mode === 'map' ? keysOf(item, keys) : item
    const text = JSON.stringify(identity) ?? ''
    if (text === '' || text === '{}' || !seen.has(text)) {
      seen.add(text)
      return []
    }
    const instancePath = `${path}/${index}`
    return [{ keyword: 'x-kubernetes-list-type', instancePath, schemaPath: '', params: { duplicate: identity } }]
  })
}

function keysOf(item: unknown, keys: unknown): unknown {
  if (!isObject(item) || !Array.isArray(keys)) return undefined
  return Object.fromEntries(keys.map((key) => [String(key), item[String(key)]]))
}
