// How ajv reads our schemas: the structural schemas of Kubernetes, which know more formats and words than JSON Schema.
import { Ajv, type Options } from 'ajv'
import { formats } from './formats.ts'

export function createAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    verbose: true,
    useDefaults: true,
    allowUnionTypes: true,
    formats,
    ...options,
  })
  // Judged by duplicates.ts, or no matter of shape.
  ajv.addVocabulary([
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
    'x-kubernetes-int-or-string',
    'x-kubernetes-preserve-unknown-fields',
  ])
  return ajv
}
