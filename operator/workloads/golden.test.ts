// What the builders make of the samples, file by file. An operator upgrade must restart nothing, so a golden file is
// never altered: UPDATE_GOLDEN=1 adds files for new samples and leaves the others alone.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { describe, expect, it } from 'vitest'
import { isKindName } from '#api/key.ts'
import { given } from '#testing/given.ts'
import { workloads } from './registry.ts'

const root = path.resolve(import.meta.dirname, '../..')
const goldenFolder = path.join(import.meta.dirname, 'golden')
const folders = ['valid', 'quickstart'].map((name) => path.join(root, 'manifests/samples', name))
const samples = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ name: `${path.basename(folder)}-${name.replace('.yaml', '')}`, file: path.join(folder, name) })),
)

describe('what the builders make of the samples', () => {
  it('has samples of all kinds', () => {
    const kinds = samples.flatMap(({ file }) => readSample(file).map(({ kind }) => kind))

    expect([...new Set(kinds)].toSorted()).toEqual(Object.keys(workloads).toSorted())
  })

  it.each(samples)('has not changed: $name', ({ name, file }) => {
    const golden = path.join(goldenFolder, `${name}.json`)
    const made = readSample(file).flatMap(children)

    if (process.env['UPDATE_GOLDEN'] === '1' && !existsSync(golden)) {
      mkdirSync(goldenFolder, { recursive: true })
      writeFileSync(golden, `${JSON.stringify(made, undefined, 2)}\n`)
    }
    // As text: the hash of a child depends on the order of its keys.
    expect(JSON.stringify(made)).toBe(JSON.stringify(JSON.parse(readFileSync(golden, 'utf8'))))
  })
})

interface Sample {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: object
}

function readSample(file: string): readonly Sample[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document): Sample => document.toJS())
}

function children(sample: Sample): readonly object[] {
  if (!isKindName(sample.kind)) throw new TypeError(`no kind of ours: ${sample.kind}`)
  const cr = given.cr({ kind: sample.kind, name: sample.metadata.name, spec: sample.spec })
  const { desired } = workloads[sample.kind].look(given.observed({ cr }))
  return desired?.children.map((child) => child.object) ?? []
}
