// Every generated file: path below the repository → text.
import type { KindModel } from '#api/schema/model.ts'
import { writeCrd, writeCrds } from './crd.ts'
import { writeIllegal } from './illegal.ts'
import { writeRbac } from './rbac.ts'
import { writeReference } from './reference.ts'
import { writeSchemas } from './schema.ts'
import { writeTypes } from './types.ts'

export function buildOutputs(models: readonly KindModel[]): ReadonlyMap<string, string> {
  const types = [...writeTypes(models)].map(([file, text]) => [`operator/api/generated/${file}`, text] as const)
  const illegal = [...writeIllegal()].map(([file, text]) => [`manifests/samples/illegal/${file}`, text] as const)
  return new Map([
    ...types,
    ...illegal,
    ['operator/api/generated/schema.ts', writeSchemas(models)],
    ...models.map((model) => [`crds/${model.plural}.yaml`, writeCrd(model)] as const),
    ['manifests/crds.yaml', writeCrds(models)],
    ['manifests/rbac.yaml', writeRbac(models)],
    ...models.map((model) => [`docs/reference/${model.singular}.md`, writeReference(model)] as const),
  ])
}
