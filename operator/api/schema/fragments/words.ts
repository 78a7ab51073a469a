// The words models are written with: one function per shape of field, and the bounds that many fields share.
import type { Change, Fields, ObjectSchema, Schema } from '../model.ts'

type More = Omit<Partial<Schema>, 'type' | 'description'>

/** Name of a Kubernetes object. */
export const objectName = { minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' } as const
/** DNS label: name of a container or a volume. */
export const dnsLabel = { minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' } as const
export const filePath = { minLength: 1, maxLength: 1024 } as const
export const variableName = '^[A-Za-z_.-][A-Za-z0-9_.-]*$'

/** A duration such as '1m30s'; the unit is required. */
const durationPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'

const amount = '(([0-9]+([.][0-9]*)?)|([.][0-9]+))'
const suffix = '(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?'

export const text = (description: string, more: More): Schema => ({ type: 'string', description, ...more })

export const time = (description: string): Schema => ({ type: 'string', description, format: 'date-time' })

export const duration = (description: string, more: More = {}): Schema =>
  text(description, { maxLength: 32, pattern: durationPattern, ...more })

export const flag = (description: string, more: More = {}): Schema => ({ type: 'boolean', description, ...more })

export const choice = (description: string, values: readonly string[], more: More = {}): Schema => ({
  type: 'string',
  description,
  enum: values,
  ...more,
})

/** A 32-bit number from `minimum` to `maximum`. */
export const int32 = (description: string, minimum: number, maximum: number, more: More = {}): Schema => ({
  type: 'integer',
  description,
  format: 'int32',
  minimum,
  maximum,
  ...more,
})

/** A 64-bit number from `minimum` to `maximum`. */
export const int64 = (description: string, minimum: number, maximum: number, more: More = {}): Schema => ({
  ...int32(description, minimum, maximum, more),
  format: 'int64',
})

/** Counters and ids in a status: the operator writes them, so they need no bounds. */
export const count = (description: string, more: More = {}): Schema => ({
  type: 'integer',
  description,
  format: 'int32',
  ...more,
})

export const bigCount = (description: string, more: More = {}): Schema => ({
  ...count(description, more),
  format: 'int64',
})

export const intOrString = (description: string, more: More): Schema => ({
  description,
  'x-kubernetes-int-or-string': true,
  ...more,
})

/** A quantity in a map or list. There a pattern judges it: CEL would exceed the cost budget of Kubernetes 1.30. */
export const quantity = (description: string, more: More = {}): Schema =>
  intOrString(description, { maxLength: 32, minimum: 0, pattern: `^[+]?${amount}${suffix}$`, ...more })

/** A list that is replaced as a whole. */
export const list = (description: string, items: Schema, more: More): Schema => ({
  type: 'array',
  description,
  items,
  'x-kubernetes-list-type': 'atomic',
  ...more,
})

/** A list whose values occur once. */
export const set = (description: string, items: Schema, more: More): Schema => ({
  ...list(description, items, more),
  'x-kubernetes-list-type': 'set',
})

/** A list whose items are told apart by the field `key`. */
export const keyedList = (description: string, key: string, items: Schema, more: More): Schema => ({
  ...list(description, items, more),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
})

export const map = (description: string, values: Schema, more: More): Schema => ({
  type: 'object',
  description,
  additionalProperties: values,
  ...more,
})

export const object = (description: string, properties: Fields, more: More = {}): ObjectSchema => ({
  type: 'object',
  description,
  properties,
  ...more,
})

/** Takes any field beside `properties`; Kubernetes checks them when the child is created. */
export const untyped = (description: string, properties: Fields = {}, more: More = {}): Schema => ({
  type: 'object',
  description,
  ...(Object.keys(properties).length === 0 ? {} : { properties }),
  'x-kubernetes-preserve-unknown-fields': true,
  ...more,
})

/** The same fields with what an edit of them does. */
export function changing(change: Change, fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, { ...schema, change }]))
}

/** CEL: exactly one of the fields is set. */
export function exactlyOne(...fields: readonly string[]): { readonly cel: string; readonly message: string } {
  return {
    cel: `${fields.map((field) => `(has(self.${field}) ? 1 : 0)`).join(' + ')} == 1`,
    message: `must set exactly one of ${fields.map((field) => `\`${field}\``).join(', ')}`,
  }
}
