// Turns what ajv finds into the sentences of the API server.
import type { ErrorObject } from 'ajv'

export interface Problem {
  /** Like spec.ports[0].name. */
  readonly path: string
  readonly message: string
}

/** One problem per place, as the API server does: an empty name is too short, not also malformed. */
export function describeErrors(errors: readonly ErrorObject[], root: unknown): readonly Problem[] {
  const problems = errors.map((error) => describeError(error, root))
  return [...new Map(problems.toReversed().map((problem) => [problem.path, problem])).values()].toReversed()
}

type Params = Readonly<Record<string, unknown>>

const wordings: Readonly<Record<string, (params: Params, error: ErrorObject) => string>> = {
  type: (params, error) => wrongType(String(params['type']), error),
  format: (params) => `must be of type ${String(params['format'])}: "float64"`,
  enum: (params, error) => unsupported(params['allowedValues'], error.data),
  minLength: ({ limit }) => `should be at least ${String(limit)} chars long`,
  maxLength: ({ limit }) => `Too long: may not be more than ${String(limit)} bytes`,
  pattern: ({ pattern }) => `should match '${String(pattern)}'`,
  minimum: ({ limit }) => `should be greater than or equal to ${String(limit)}`,
  maximum: ({ limit }) => `should be less than or equal to ${String(limit)}`,
  minItems: ({ limit }) => `should have at least ${String(limit)} items`,
  maxItems: ({ limit }, error) => tooMany(limit, error.data),
  maxProperties: ({ limit }, error) => tooMany(limit, error.data),
  required: () => 'Required value',
  'x-kubernetes-list-type': ({ duplicate }) => `Duplicate value: ${JSON.stringify(duplicate)}`,
}

function describeError(error: ErrorObject, root: unknown): Problem {
  const path = pathOf(error.instancePath, root)
  const { missingProperty, additionalProperty } = error.params
  if (error.keyword === 'additionalProperties') {
    const field = `${path}.${String(additionalProperty)}`
    return { path: field, message: `unknown field "${field}"` }
  }
  const message = wordings[error.keyword]?.(error.params, error) ?? error.message ?? 'is invalid'
  return { path: error.keyword === 'required' ? `${path}.${String(missingProperty)}` : path, message }
}

/** '/ports/0/name' → 'spec.ports[0].name'. A number is an index only where the value is a list. */
function pathOf(pointer: string, root: unknown): string {
  let path = 'spec'
  let value = root
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    path += Array.isArray(value) ? `[${name}]` : `.${name}`
    value = childOf(value, name)
  }
  return path
}

function childOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

function wrongType(allowed: string, error: ErrorObject): string {
  const format: unknown = error.parentSchema?.['format']
  if (typeof error.data === 'number' && typeof format === 'string') return `must be of type ${format}: "float64"`
  return `must be of type ${allowed}: "${typeName(error.data)}"`
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function unsupported(allowed: unknown, value: unknown): string {
  const values = Array.isArray(allowed) ? allowed.map((item) => JSON.stringify(item)).join(', ') : ''
  return `Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`
}

function tooMany(limit: unknown, value: unknown): string {
  const size = Array.isArray(value) ? value.length : Object.keys(Object(value)).length
  return `Too many: ${size}: must have at most ${String(limit)} items`
}
