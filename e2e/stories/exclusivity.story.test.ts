// One instance, whatever happens to it: deleted with a long grace period, edited, its resource made anew under the same
// name, deleted by force. A watch on all its pods is the witness.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { testCluster } from '../cluster/fixture.ts'
import { textAt, type Json } from '../support/api.ts'
import { watchInstances } from '../support/instances.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

/** Stays until its grace period is over. */
const deaf = {
  image: 'busybox:1',
  terminationGracePeriodSeconds: 4,
  podAnnotations: { 'simulation.highlander.plexobject.io/ignores-sigterm': '1' },
}

describe('the one instance', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('one')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it.concurrent.each<[KindName]>([['WorkloadProcess'], ['WorkloadService'], ['WorkloadPersistent']])(
    'of a %s stays one, with a token that grows',
    async (kind) => {
      const name = kind.slice('Workload'.length).toLowerCase()
      await using instances = watchInstances(world, name)
      await world.create(kind, name, deaf)
      await world.healthy(kind, name)
      const first = await onlyPod(name)

      await world.remove('Pod', textAt(first, 'metadata', 'name'))
      await says(kind, name, 'HandoverPending')
      const second = await nextPod(kind, name, [first])

      await world.patch(kind, name, { spec: { image: 'busybox:2' } })
      await says(kind, name, 'HandoverPending')
      const third = await nextPod(kind, name, [first, second])

      await world.remove(kind, name)
      await eventually('its resource is gone', async () => (await world.get(kind, name)) === undefined)
      await world.create(kind, name, deaf)
      await says(kind, name, 'HandoverPending')
      const fourth = await nextPod(kind, name, [first, second, third])

      // Whoever deletes by force vouches for the end of the process.
      await world.remove('Pod', textAt(fourth, 'metadata', 'name'), '?gracePeriodSeconds=0')
      await nextPod(kind, name, [first, second, third, fourth])

      expect(instances.overlaps).toEqual([])
      expect(instances.tokens).toHaveLength(5)
      if (kind !== 'WorkloadPersistent')
        expect(instances.tokens).toEqual([...new Set(instances.tokens)].toSorted((a, b) => a - b))
    },
  )

  it.concurrent('of two that ask for the same name is the one that was there first', async () => {
    await world.create('WorkloadService', 'shared', { ...deaf, ports: [{ name: 'http', containerPort: 8080 }] })
    await world.healthy('WorkloadService', 'shared')

    await world.create('WorkloadPersistent', 'shared', { ...deaf, ports: [{ name: 'http', containerPort: 8080 }] })

    await eventually('a conflict', async () => {
      const accepted = await world.condition('WorkloadPersistent', 'shared', 'Accepted')
      return accepted?.reason === 'NameConflict' && accepted.message.includes('WorkloadService')
    })
    await world.healthy('WorkloadService', 'shared')
  })

  async function onlyPod(name: string): Promise<Json> {
    const [pod] = await world.list('Pod', `highlander.plexobject.io/name=${name}`)
    return pod
  }

  async function says(kind: KindName, name: string, reason: string): Promise<void> {
    await eventually(`Ready ${reason}`, async () => {
      const ready = await world.condition(kind, name, 'Ready')
      if (ready?.reason === reason) return true
      throw new Error(JSON.stringify(ready))
    })
  }

  async function nextPod(kind: KindName, name: string, before: readonly Json[]): Promise<Json> {
    const known = new Set(before.map(uidOf))
    const next = await eventually('another pod runs', async () => {
      const pods = await world.list('Pod', `highlander.plexobject.io/name=${name}`)
      return pods.find((pod) => !known.has(uidOf(pod)) && textAt(pod, 'status', 'phase') === 'Running')
    })
    await world.healthy(kind, name)
    return next
  }
})
