// Another process of the operator takes over: nothing that exists is written.
import { afterEach, beforeEach, expect, it } from 'vitest'
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

const ports = [{ name: 'http', containerPort: 80 }]
const workloads: readonly (readonly [KindName, object])[] = [
  ['WorkloadProcess', {}],
  ['WorkloadCronJob', { schedule: '@yearly' }],
  ['WorkloadService', { ports }],
  ['WorkloadPersistent', { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }] }],
]
const children: readonly Found[] = ['Pod', 'Deployment', 'StatefulSet', 'CronJob', 'Service', 'PersistentVolumeClaim']

it('a restart of the operator leaves uids and versions of all children and statuses unchanged', async () => {
  await using first = await world.operator()
  for (const [kind, spec] of workloads) await world.create(kind, kind.toLowerCase(), { image: 'app:1', ...spec })
  for (const [kind] of workloads) await world.healthy(kind, kind.toLowerCase())
  const before = await eventually('all has come to rest', async () => {
    const [one, other] = [await versions(), await later()]
    return JSON.stringify(one) === JSON.stringify(other) ? one : undefined
  })

  await first[Symbol.asyncDispose]()
  const second = await world.operator()
  await second.leading(AbortSignal.timeout(20_000))
  // Each object is verified by a dry run, ten a second.
  const after = await later(3_000)

  expect(after).toEqual(before)
  expect(before.length).toBeGreaterThan(8)
})

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
