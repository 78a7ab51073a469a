// Every example of the documentation: accepted word for word, active and healthy.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isKindName } from '#api/key.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, textAt } from '../support/api.ts'
import { needsCluster, openWorld, type World } from '../support/world.ts'

const SAMPLES = path.resolve(import.meta.dirname, '../../manifests/samples')
const folders = ['valid', 'quickstart']
const files = (
  await Promise.all(
    folders.map(async (folder) => (await readdir(path.join(SAMPLES, folder))).map((name) => path.join(folder, name))),
  )
).flat()

describe('samples', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('samples')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('are at least one per kind', () => {
    expect(files.length).toBeGreaterThanOrEqual(8)
  })

  it.each(files)('%s becomes active and healthy', async (file) => {
    const documents = parseAllDocuments(await readFile(path.join(SAMPLES, file), 'utf8')).map((document): unknown =>
      document.toJS(),
    )

    for (const document of documents) {
      const kind = textAt(document, 'kind')
      if (!isKindName(kind)) throw new Error(`${file}: ${kind} is no kind of ours`)
      const name = textAt(document, 'metadata', 'name')
      const spec = at(document, 'spec')
      if (typeof spec !== 'object' || spec === null) throw new Error(`${file}: no spec`)
      const unique = `${name}-${file.replaceAll(/[^a-z0-9]/g, '').slice(0, 20)}`.slice(0, 52)
      await world.create(kind, unique, spec)
      await world.healthy(kind, unique)
    }
  })
})
