// The examples of the announcement and the README, word for word, on a real API server: each becomes its native object.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, textAt } from '../support/api.ts'
import { readDocuments } from '../support/documents.ts'
import { needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

const children: Readonly<Record<KindName, { readonly kind: Found; readonly suffix: string; readonly pod: Path }>> = {
  WorkloadProcess: { kind: 'Pod', suffix: '-pod', pod: ['spec'] },
  WorkloadCronJob: { kind: 'CronJob', suffix: '', pod: ['spec', 'jobTemplate', 'spec', 'template', 'spec'] },
  WorkloadService: { kind: 'Deployment', suffix: '', pod: ['spec', 'template', 'spec'] },
  WorkloadPersistent: { kind: 'StatefulSet', suffix: '', pod: ['spec', 'template', 'spec'] },
}

type Path = readonly string[]

describe.each(['announcement', 'readme'])('the examples of the %s', (document) => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld(document)
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  const entries = readDocuments().filter(({ sample, spec }) => sample.startsWith(document) && 'image' in spec)

  it.each(entries)('$name becomes what it should', async ({ kind, name, spec }) => {
    const created = await world.create(kind, name, spec)

    await world.healthy(kind, name)

    const child = await world.get(children[kind].kind, `${name}${children[kind].suffix}`)
    expect(textAt(child, 'metadata', 'ownerReferences', 0, 'uid')).toBe(uidOf(created))
    expect(at(child, ...children[kind].pod, 'containers', 0, 'image')).toBe(spec['image'])
    if ('ports' in spec) expect(await world.get('Service', name)).toBeDefined()
    if ('schedule' in spec) expect(at(child, 'spec', 'schedule')).toBe(spec['schedule'])
    if ('persistentVolumes' in spec) expect(await world.get('PersistentVolumeClaim', `data-${name}-0`)).toBeDefined()
  })
})
