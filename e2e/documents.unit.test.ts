// The examples that users of the Go version know: our samples are the same, word for word.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { validateName, validateSpec } from '#api/validate.ts'
import { readDocuments } from './support/documents.ts'

const SAMPLES = path.resolve(import.meta.dirname, '../manifests/samples/valid')
const entries = readDocuments()
const complete = entries.filter(({ spec }) => Object.keys(spec).length > 0)

describe('the examples of the documents', () => {
  it('are ten complete entries, a resource, and six placeholders', () => {
    expect(complete).toHaveLength(11)
    expect(entries).toHaveLength(17)
  })

  it('are the samples, each once', () => {
    const samples = readdirSync(SAMPLES).filter((file) => /^(announcement|readme)-/.test(file))

    expect(samples.toSorted()).toEqual(complete.map(({ sample }) => `${sample}.yaml`).toSorted())
  })

  it.each(complete)('$sample is its sample, and valid', ({ sample, kind, name, spec }) => {
    const resource = parse(readFileSync(path.join(SAMPLES, `${sample}.yaml`), 'utf8'))

    expect({ kind: resource.kind, name: resource.metadata.name, spec: resource.spec }).toEqual({ kind, name, spec })
    expect(validateSpec(kind, spec).type).toBe('valid')
    expect(validateName(kind, name, spec)).toEqual([])
  })
})
