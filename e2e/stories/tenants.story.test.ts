// Two tenants watch one namespace: a label hands a workload from one to the other, and nothing restarts.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

let world: World

beforeEach(needsCluster)
beforeEach(async () => {
  world = await openWorld('tenants')
})
afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
})

it('a label moves a workload to another tenant without a restart', async () => {
  const other = `${world.namespace}-b`
  const environment = { HIGHLANDER_TENANT: other, HIGHLANDER_NAMESPACE: 'nowhere' }
  await Promise.all([world.operator(), world.operator({ environment })])
  const tenantOf = async (name: string) =>
    textAt(await world.get('WorkloadService', name), 'status', 'leader', 'tenant')
  for (const name of ['moves', 'stays']) await world.create('WorkloadService', name, { image: 'app:1' })
  for (const name of ['moves', 'stays']) await world.healthy('WorkloadService', name)
  expect(await tenantOf('moves')).toBe(world.namespace)
  const before = (await world.list('Pod')).map(uidOf).toSorted()

  await world.patch('WorkloadService', 'moves', { metadata: { labels: { 'highlander.plexobject.io/tenant': other } } })

  await eventually('the other tenant has claimed it', async () => (await tenantOf('moves')) === other)
  await world.healthy('WorkloadService', 'moves')
  await eventually('it is accepted', async () => {
    const accepted = await world.condition('WorkloadService', 'moves', 'Accepted')
    return accepted?.status === 'True'
  })
  expect(await tenantOf('stays')).toBe(world.namespace)
  expect((await world.list('Pod')).map(uidOf).toSorted()).toEqual(before)

  await world.patch('WorkloadService', 'moves', { metadata: { labels: { 'highlander.plexobject.io/tenant': null } } })
  await eventually('the first tenant has it back', async () => (await tenantOf('moves')) === world.namespace)
  expect((await world.list('Pod')).map(uidOf).toSorted()).toEqual(before)
})
