// The simulated node itself, where stories rest on it: a pod name that is used again within milliseconds.
import { beforeEach, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

beforeEach(needsCluster)

const ROUNDS = 12

async function createPod(world: World, annotations: Readonly<Record<string, string>>): Promise<string> {
  const path = `/api/v1/namespaces/${world.namespace}/pods`
  const spec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.invalid/a' }] }
  return await eventually('the pod is created', async () => {
    const answer = await world.api.request('POST', path, { body: { metadata: { name: 'again', annotations }, spec } })
    return answer.status === 201 ? uidOf(answer.body) : undefined
  })
}

it('leaves the pod alone that follows a failed one under its name', async () => {
  await using world = await openWorld('simulation')
  const survivors: boolean[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await createPod(world, {
      'simulation.highlander.plexobject.io/run-for': '1ms',
      'simulation.highlander.plexobject.io/ends': 'Failed',
    })
    await eventually('it fails', async () => textAt(await world.get('Pod', 'again'), 'status', 'phase') === 'Failed')
    await world.remove('Pod', 'again')
    const successor = await createPod(world, {})
    // Nothing tells that nothing will happen.
    await systemClock.sleep(200, AbortSignal.timeout(5_000))
    const found = await world.get('Pod', 'again')
    survivors.push(uidOf(found) === successor && textAt(found, 'metadata', 'deletionTimestamp') === '')
    await world.api.request('DELETE', `/api/v1/namespaces/${world.namespace}/pods/again?gracePeriodSeconds=0`)
  }

  expect(survivors).toEqual(survivors.map(() => true))
})
