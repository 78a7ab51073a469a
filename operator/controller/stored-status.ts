// Reads the status of a resource as it is stored. Anybody with the right to do so may have written nonsense there, so
// each field that does not have the type of the schema is left out, and the rest still counts. It never throws.
// It does not judge bounds or formats: readers of a text must bear any text.
import type { KindName, Statuses } from '#api/generated/kinds.ts'
import { models } from '#api/schema/index.ts'
import type { Schema } from '#api/schema/model.ts'

export type Stored = Partial<Statuses[KindName]>

/** `text` is the JSON of one status. */
export function parseStatus(kind: KindName, text: string): Stored {
  const fields = models.find((model) => model.kind === kind)?.status.properties ?? {}
  const known = Object.entries(fieldsOf(parseJson(text))).filter(([name, value]) => {
    const schema = Object.hasOwn(fields, name) ? fields[name] : undefined
    return schema !== undefined && fits(value, schema)
  })
  const status: unknown = Object.fromEntries(known)
  return isStored(status) ? status : {}
}

/** The value of JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined for what is absent, and for fields of anything that is no object. */
export function fieldOf(value: unknown, name: string): unknown {
  const fields = fieldsOf(value)
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** By construction: parseStatus has checked each field against the schema that the type was generated from. */
function isStored(value: unknown): value is Stored {
  return isRecord(value)
}

function fits(value: unknown, schema: Schema): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'string' || Number.isInteger(value)
  if (schema.enum !== undefined) return schema.enum.some((choice) => choice === value)
  return schema.type === undefined || byType[schema.type](value, schema)
}

const byType: Readonly<Record<NonNullable<Schema['type']>, (value: unknown, schema: Schema) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value, { items }) => Array.isArray(value) && value.every((item) => items === undefined || fits(item, items)),
  object: (value, schema) => isRecord(value) && fitsObject(value, schema),
}

/** Fields that this version does not know may have any type. */
function fitsObject(value: Readonly<Record<string, unknown>>, schema: Schema): boolean {
  const isComplete = (schema.required ?? []).every((name) => Object.hasOwn(value, name))
  return isComplete && Object.entries(value).every(([name, item]) => fitsField(name, item, schema))
}

function fitsField(name: string, value: unknown, schema: Schema): boolean {
  const { properties = {}, additionalProperties } = schema
  const field = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
  return field === undefined || fits(value, field)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
