// Writes the TypeScript types: one file per kind, one for the parts that several kinds use, and the table of kinds.
// A field with a default is required, because validation fills it in.
import type { Fields, KindModel, Schema } from '#api/schema/model.ts'
import { describe, NOTICE } from './text.ts'

/** File name → text. */
export function writeTypes(models: readonly KindModel[]): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  const files = models.map((model): readonly [string, string] => [`${model.type}.ts`, kindFile(model, parts)])
  return new Map([...files, ['parts.ts', partsFile(parts)], ['kinds.ts', kindsFile(models)]])
}

function kindFile(model: KindModel, parts: Map<string, string>): string {
  const types = ['spec', 'status'].map((part) => {
    const schema = part === 'spec' ? model.spec : model.status
    const what = part === 'spec' ? 'Spec' : 'Status'
    return `/** ${schema.description} */\nexport interface ${model.kind}${what} ${body(schema, '', parts)}\n`
  })
  const text = types.join('\n')
  const used = [...parts.keys()].filter((name) => new RegExp(`\\b${name}\\b`).test(withoutComments(text))).sort()
  return `// ${NOTICE}\nimport type { ${used.join(', ')} } from './parts.ts'\n\n${text}`
}

function partsFile(parts: ReadonlyMap<string, string>): string {
  const types = [...parts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `export interface ${name} ${text}\n`)
  return `// ${NOTICE}\n\n${types.join('\n')}`
}

function kindsFile(models: readonly KindModel[]): string {
  const kinds = models.map((model) => model.kind)
  const children = unique(models.flatMap((model) => model.children.map((child) => child.kind)))
  const rules = unique(models.flatMap((model) => model.rules.map((rule) => rule.id)))
  const table = (suffix: string): string => kinds.map((kind) => `  readonly ${kind}: ${kind}${suffix}\n`).join('')
  return [
    `// ${NOTICE}`,
    ...models.map((m) => `import type { ${m.kind}Spec, ${m.kind}Status } from './${m.type}.ts'`),
    '',
    "export type * from './parts.ts'",
    ...models.map((m) => `export type * from './${m.type}.ts'`),
    '',
    `export const kinds = [${kinds.map(quote).join(', ')}] as const`,
    '',
    `export type KindName = (typeof kinds)[number]`,
    '',
    '/** The spec of each kind, after defaults are filled in. */',
    `export interface Specs {\n${table('Spec')}}`,
    '',
    `export interface Statuses {\n${table('Status')}}`,
    '',
    '/** The native kinds that belong to workloads. */',
    `export type ChildKind = ${children.map(quote).join(' | ')}`,
    '',
    `export type RuleId = ${rules.map(quote).join(' | ')}`,
    '',
    kindInfo(models),
    '',
  ].join('\n')
}

function kindInfo(models: readonly KindModel[]): string {
  const types = unique(models.map((model) => model.type))
  const rows = models.map((m) => {
    const names = m.shortNames.map(quote).join(', ')
    return `  ${m.kind}: { plural: '${m.plural}', singular: '${m.singular}', shortNames: [${names}], type: '${m.type}', scale: ${m.scale} },\n`
  })
  return `export interface KindInfo {
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  /** The word for the kind in metrics, the HTTP API and the command line. */
  readonly type: ${types.map(quote).join(' | ')}
  /** With the subresource scale. */
  readonly scale: boolean
}

export const kindInfo: Readonly<Record<KindName, KindInfo>> = {
${rows.join('')}}`
}

function body(schema: Schema, indent: string, parts: Map<string, string>): string {
  const inner = `${indent}  `
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const mark = isRequired(schema, name, field) ? '' : '?'
    return `${inner}/** ${comment(field)} */\n${inner}readonly ${name}${mark}: ${typeOf(field, inner, parts)}\n`
  })
  const rest =
    schema['x-kubernetes-preserve-unknown-fields'] === true ? `${inner}readonly [field: string]: unknown\n` : ''
  return `{\n${fields.join('')}${rest}${indent}}`
}

function isRequired(parent: Schema, name: string, field: Schema): boolean {
  return field.default !== undefined || (parent.required ?? []).includes(name)
}

function typeOf(schema: Schema, indent: string, parts: Map<string, string>): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'number | string'
  if (schema.enum !== undefined) return schema.enum.map(quote).join(' | ')
  if (schema.items !== undefined) return `readonly ${grouped(typeOf(schema.items, indent, parts))}[]`
  if (schema.additionalProperties !== undefined) {
    return `Readonly<Record<string, ${typeOf(schema.additionalProperties, indent, parts)}>>`
  }
  if (schema.type === 'object') return objectType(schema, schema.properties, indent, parts)
  return schema.type === 'integer' ? 'number' : (schema.type ?? 'unknown')
}

function objectType(schema: Schema, fields: Fields | undefined, indent: string, parts: Map<string, string>): string {
  if (fields === undefined) return 'Readonly<Record<string, unknown>>'
  if (schema.title === undefined) return body(schema, indent, parts)
  const text = body(schema, '', parts)
  const known = parts.get(schema.title)
  if (known !== undefined && withoutComments(known) !== withoutComments(text)) {
    throw new Error(`two different parts are called ${schema.title}`)
  }
  if (known === undefined) parts.set(schema.title, text)
  return schema.title
}

function comment(schema: Schema): string {
  return describe(schema).replaceAll('*/', '*\\/')
}

function grouped(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*\*.*?\*\//g, '')
}

function quote(text: string): string {
  return `'${text}'`
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
