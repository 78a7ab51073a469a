// The object levels of the schema of a kind, as its definition has them.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { KindName } from '#api/generated/kinds.ts'
import { resourceOf } from '#api/resource.ts'
import { at, itemsOf, type Json } from './api.ts'

/** The way to a level; 0 is the first item of a list. */
type Steps = readonly (string | 0)[]

interface Level {
  /** Where its fields are: 'spec.ports[0]'. */
  readonly path: string
  readonly steps: Steps
}

const CRDS = path.resolve(import.meta.dirname, '../../crds')

/** Levels whose fields are all named by the schema: there a misspelt one is noticed. */
export function typedLevelsOf(kind: KindName): readonly Level[] {
  const definition: Json = parse(readFileSync(path.join(CRDS, `${resourceOf(kind).plural}.yaml`), 'utf8'))
  const [version] = itemsOf(definition, 'spec', 'versions')
  const steps = walk(at(version, 'schema', 'openAPIV3Schema'), [])
  return steps.map((way) => ({ path: way.join('.').replaceAll('.0', '[0]'), steps: way }))
}

/** A resource of nothing but a level with one field in it. */
export function resourceWith(field: string, { steps }: Level): object {
  return steps.reduceRight<object>((inner, step) => (step === 0 ? [inner] : { [step]: inner }), { [field]: 1 })
}

function walk(schema: Json, steps: Steps): readonly Steps[] {
  const isTyped = at(schema, 'properties') !== undefined && at(schema, 'x-kubernetes-preserve-unknown-fields') !== true
  const fields = Object.entries(Object(at(schema, 'properties')))
  const items: Json = at(schema, 'items')
  return [
    ...(isTyped ? [steps] : []),
    ...fields.flatMap(([name, child]) => walk(child, [...steps, name])),
    ...(items === undefined ? [] : walk(items, [...steps, 0])),
  ]
}
