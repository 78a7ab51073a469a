// Another process of the operator takes over, or the definitions change: nothing that exists is written.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import type { KindName } from '#api/generated/kinds.ts'
import { systemClock } from '#lib/clock.ts'
import { at, itemsOf, textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

let world: World

beforeEach(needsCluster)
beforeEach(async () => {
  world = await openWorld('upgrade')
})
afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
})

const DEFINITIONS = path.resolve(import.meta.dirname, '../../manifests/crds.yaml')
const ports = [{ name: 'http', containerPort: 80 }]
const workloads: readonly (readonly [KindName, object])[] = [
  ['WorkloadProcess', {}],
  ['WorkloadCronJob', { schedule: '@yearly' }],
  ['WorkloadService', { ports }],
  ['WorkloadPersistent', { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }] }],
]
const children: readonly Found[] = ['Pod', 'Deployment', 'StatefulSet', 'CronJob', 'Service', 'PersistentVolumeClaim']

async function settled(): Promise<readonly string[]> {
  for (const [kind, spec] of workloads) await world.create(kind, kind.toLowerCase(), { image: 'app:1', ...spec })
  for (const [kind] of workloads) await world.healthy(kind, kind.toLowerCase())
  return await eventually('all has come to rest', async () => {
    const [one, other] = [await versions(), await later()]
    return JSON.stringify(one) === JSON.stringify(other) ? one : undefined
  })
}

it('a restart of the operator leaves uids and versions of all children and statuses unchanged', async () => {
  await using first = await world.operator()
  const before = await settled()

  await first[Symbol.asyncDispose]()
  const second = await world.operator()
  await second.leading(AbortSignal.timeout(20_000))
  // Each object is verified by a dry run, ten a second.
  const after = await later(3_000)

  expect(after).toEqual(before)
  expect(before.length).toBeGreaterThan(8)
})

it('newer definitions, and the older ones again, leave everything unchanged, and workloads are still looked after', async () => {
  await world.operator()
  const before = await settled()
  const original = await readFile(DEFINITIONS, 'utf8')
  try {
    await world.kubectl.run(['apply', '-f', '-'], withLaterField(original))
    expect(await later(3_000)).toEqual(before)
    await world.create('WorkloadProcess', 'meanwhile', { image: 'app:1' })
    await world.healthy('WorkloadProcess', 'meanwhile')
    await world.remove('WorkloadProcess', 'meanwhile')
    // A field that would be ignored is refused instead, and what runs goes on.
    await world.patch('WorkloadService', 'workloadservice', { spec: { fromLater: 'x' } })
    await eventually('it is refused', async () => {
      const accepted = await world.condition('WorkloadService', 'workloadservice', 'Accepted')
      return accepted?.message.includes('unknown field "spec.fromLater"')
    })
    await world.patch('WorkloadService', 'workloadservice', { spec: { fromLater: null } })
    await world.healthy('WorkloadService', 'workloadservice')
  } finally {
    await world.kubectl.run(['apply', '-f', DEFINITIONS])
  }

  await eventually('its pod is gone', async () => (await world.get('Pod', 'meanwhile-pod')) === undefined)
  const after = await later(3_000)
  const others = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('workloadservice '))
  expect(others(after)).toEqual(others(before))
  expect(after.map(idOf)).toEqual(before.map(idOf))
})

/** Name and uid, without the version. */
function idOf(line: string): string {
  return line.split(' ').slice(0, 2).join(' ')
}

/** As a later version might have them: one more field in each spec. */
function withLaterField(text: string): string {
  const definitions = parseAllDocuments(text).map((document) => document.toJS())
  for (const definition of definitions) {
    const spec = at(definition, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'spec', 'properties')
    Object.assign(Object(spec), { fromLater: { type: 'string', description: 'Of a later version.' } })
  }
  return definitions.map((definition) => stringify(definition)).join('---\n')
}

async function later(ms = 1_000): Promise<readonly string[]> {
  await systemClock.sleep(ms, AbortSignal.timeout(ms + 5_000))
  return await versions()
}

async function versions(): Promise<readonly string[]> {
  const kinds: readonly Found[] = [...children, ...workloads.map(([kind]) => kind)]
  const lists = await Promise.all(kinds.map((kind) => world.list(kind)))
  return lists.flat().map((object) => {
    const revision = textAt(object, 'metadata', 'annotations', 'highlander.plexobject.io/builder')
    const owners = itemsOf(object, 'metadata', 'ownerReferences').map((owner) => at(owner, 'uid'))
    return [
      textAt(object, 'metadata', 'name'),
      uidOf(object),
      textAt(object, 'metadata', 'resourceVersion'),
      revision,
      ...owners,
    ].join(' ')
  })
}
