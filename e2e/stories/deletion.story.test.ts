// Deletion needs no operator: owner references do it. What people store is theirs until they delete it.
import { beforeEach, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, type Found, type World } from '../support/world.ts'

beforeEach(needsCluster)

const ports = [{ name: 'http', containerPort: 80 }]
const persistentVolumes = [{ name: 'data', mountPath: '/data', size: '1Gi' }]
const workloads: readonly (readonly [KindName, object])[] = [
  ['WorkloadProcess', {}],
  ['WorkloadCronJob', { schedule: '@yearly' }],
  ['WorkloadService', { ports }],
  ['WorkloadPersistent', { ports, persistentVolumes }],
]
const children: readonly Found[] = ['Pod', 'Deployment', 'StatefulSet', 'CronJob', 'Service']
const nameOf = (kind: KindName): string => kind.slice('Workload'.length).toLowerCase()

/** All four kinds are there, and nobody looks after them any more. */
async function openAbandoned(): Promise<World> {
  const world = await openWorld('deletion')
  await using operator = await world.operator()
  const common = { image: 'app:1', terminationGracePeriodSeconds: 1 }
  for (const [kind, spec] of workloads) await world.create(kind, nameOf(kind), { ...common, ...spec })
  for (const [kind] of workloads) await world.healthy(kind, nameOf(kind))
  operator.send('SIGTERM')
  await operator.exited
  return world
}

it('of the resources takes their children and leaves the claims', async () => {
  await using world = await openAbandoned()

  for (const [kind] of workloads) await world.remove(kind, nameOf(kind))

  for (const kind of children)
    await eventually(
      `no ${kind} is left`,
      async () => (await world.list(kind, 'managed-by=k8-highlander')).length === 0,
    )
  const claim = await world.get('PersistentVolumeClaim', 'data-persistent-0')
  expect(textAt(claim, 'status', 'phase')).toBe('Bound')
})

it('of the namespace takes everything', async () => {
  await using world = await openAbandoned()

  await world.api.must('DELETE', `/api/v1/namespaces/${world.namespace}`)

  await eventually('the namespace is gone', async () => {
    const { status } = await world.api.request('GET', `/api/v1/namespaces/${world.namespace}`)
    return status === 404
  })
})
