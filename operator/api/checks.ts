// The shape of a spec as a function, one per kind, which fills in defaults as well. ajv makes it from the schema when it
// is first needed: four schemas take a noticeable part of the start-up time. The bundle has these functions ready made
// in place of this file, and no ajv (tools/ready-checks.ts).
import type { ErrorObject } from 'ajv'
import { createAjv } from './ajv.ts'
import type { KindName } from './generated/kinds.ts'
import { schemas } from './generated/schema.ts'

export interface Check {
  (spec: unknown): boolean
  /** Of the last call, when it was false. */
  errors?: null | readonly ErrorObject[]
}

export function checkOf(kind: KindName): Check {
  return createAjv().compile({ ...schemas[kind] })
}
