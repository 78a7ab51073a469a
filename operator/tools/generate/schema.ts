// Writes the JSON schemas of the four specs, for ajv: with defaults, without descriptions.
import type { KindModel, Schema } from '#api/schema/model.ts'
import { NOTICE, ownWords } from './text.ts'

export function writeSchemas(models: readonly KindModel[]): string {
  const entries = models.map((model) => `  ${model.kind}: ${JSON.stringify(jsonSchema(model.spec))},\n`)
  return [
    `// ${NOTICE}`,
    "import type { KindName } from './kinds.ts'",
    '',
    '/** JSON schema of the spec of each kind. */',
    `export const schemas: Readonly<Record<KindName, Readonly<Record<string, unknown>>>> = {\n${entries.join('')}}`,
    '',
  ].join('\n')
}

type JsonSchema = Readonly<Record<string, unknown>>

function jsonSchema(schema: Schema): JsonSchema {
  const { properties, items, additionalProperties } = schema
  return {
    ...ownWords(schema),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema['x-kubernetes-int-or-string'] === true ? { type: ['integer', 'string'] } : {}),
    ...(items === undefined ? {} : { items: jsonSchema(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: jsonSchema(additionalProperties) }),
    ...(properties === undefined ? {} : objectWords(schema, properties)),
  }
}

function objectWords(schema: Schema, properties: Readonly<Record<string, Schema>>): JsonSchema {
  const closed = schema['x-kubernetes-preserve-unknown-fields'] !== true
  return {
    properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, jsonSchema(field)])),
    ...(closed ? { additionalProperties: false } : {}),
  }
}
