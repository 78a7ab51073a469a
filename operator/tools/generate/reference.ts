// Writes the reference page of a kind: every field with its bounds, every rule with its sentence.
import type { Change, KindModel, Rule, Schema } from '#api/schema/model.ts'
import { describe, NOTICE } from './text.ts'

export function writeReference(model: KindModel): string {
  return [
    `<!-- ${NOTICE} -->`,
    `# ${model.kind}`,
    '',
    model.description,
    '',
    `Short names: ${model.shortNames.map((name) => `\`${name}\``).join(', ')}. Category: \`highlander\`.` +
      (model.scale ? ' `kubectl scale` works.' : ''),
    '',
    '## Spec',
    '',
    model.spec.description,
    'Edit: what a change of the field does. *restart* starts a new instance, *live* leaves the instance alone, *refused* is not possible after creation.',
    '',
    '| Field | Type | Edit | Description |',
    '|---|---|---|---|',
    ...specRows(model.spec, 'restart', 'spec'),
    '',
    '## Status',
    '',
    model.status.description,
    '',
    '| Field | Type | Description |',
    '|---|---|---|',
    ...rows(model.status, 'status').map(({ path, schema, isRequired }) =>
      row([name(path, isRequired), typeOf(schema), describe(schema)]),
    ),
    '',
    '## Rules',
    '',
    '| Rule | Field | Sentence |',
    '|---|---|---|',
    ...model.rules.map((rule) => row([rule.id, `\`${placeOf(rule)}\``, rule.message])),
    '',
  ].join('\n')
}

function placeOf(rule: Rule): string {
  return `${rule.path}${rule.fieldPath ?? ''}`.replace(/^[.]/, '')
}

function specRows(schema: Schema, change: Change, path: string): readonly string[] {
  return childrenOf(schema, path).flatMap((child) => {
    const own = child.schema.change ?? change
    const edit = child.schema.type === 'object' && child.schema.properties !== undefined ? '' : own
    return [
      row([name(child.path, child.isRequired), typeOf(child.schema), edit, describe(child.schema)]),
      ...specRows(child.schema, own, child.path),
    ]
  })
}

interface Row {
  readonly path: string
  readonly schema: Schema
  readonly isRequired: boolean
}

function rows(schema: Schema, path: string): readonly Row[] {
  return childrenOf(schema, path).flatMap((child) => [child, ...rows(child.schema, child.path)])
}

/** The fields of an object, of the items of a list, or of the values of a map. Plain items and values have no row. */
function childrenOf(schema: Schema, path: string): readonly Row[] {
  if (schema.items !== undefined) return childrenOf(schema.items, `${path}[]`)
  if (schema.additionalProperties !== undefined) return childrenOf(schema.additionalProperties, `${path}.*`)
  const required = schema.required ?? []
  return Object.entries(schema.properties ?? {}).map(([field, child]) => ({
    path: `${path}.${field}`,
    schema: child,
    isRequired: required.includes(field),
  }))
}

function name(path: string, isRequired: boolean): string {
  const shown = `\`${path.replace(/^(spec|status)[.]/, '')}\``
  return isRequired ? `${shown} (required)` : shown
}

function typeOf(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return withBounds('integer or string', schema)
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.items !== undefined) return withBounds(`list of ${typeOf(schema.items)}`, schema)
  if (schema.additionalProperties !== undefined) {
    return withBounds(`map of ${typeOf(schema.additionalProperties)}`, schema)
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'Kubernetes object'
  return withBounds(schema.format === 'date-time' ? 'time' : (schema.type ?? 'any'), schema)
}

function withBounds(type: string, schema: Schema): string {
  const bounds = [
    range(schema.minimum, schema.maximum),
    range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems ?? schema.maxProperties, ' entries'),
  ].filter((text) => text !== '')
  return [type, ...bounds].join(', ')
}

function range(lowest: number | undefined, highest: number | undefined, unit = ''): string {
  if (highest === undefined) return lowest === undefined ? '' : `≥ ${lowest}${unit}`
  return lowest === undefined ? `≤ ${highest}${unit}` : `${lowest}–${highest}${unit}`
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`
}
