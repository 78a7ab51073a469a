import { expect, it } from 'vitest'
import { createFakeClock } from '#testing/fake-clock.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { watchSilence } from './silence.ts'

function setUp() {
  const stores = createFakeStores()
  const clock = createFakeClock({ nowMs: NOW_MS })
  const node = (ready: boolean) => stores.see(given.node({ ready, resourceVersion: stores.nextVersion() }))
  return { stores, clock, node, silence: watchSilence(stores, clock) }
}

const pod = given.pod()
const ending = given.pod({
  deleting: true,
  deletionRequestedAtMs: NOW_MS - 3_600_000,
  deletionGraceSeconds: 30,
  resourceVersion: '9',
})

it('counts from when the node was first seen not ready', async () => {
  const { node, clock, silence } = setUp()
  node(false)
  await clock.advance(5000)
  node(false)
  await clock.advance(2000)

  expect(silence.lastedMs(pod)).toBe(7000)
})

it('starts anew when the node has answered', async () => {
  const { node, clock, silence } = setUp()
  node(false)
  await clock.advance(5000)
  node(true)
  const answering = silence.lastedMs(pod)
  node(false)
  await clock.advance(1000)

  expect([answering, silence.lastedMs(pod)]).toEqual([undefined, 1000])
})

it('counts an overdue pod by its own clock: 60 s after the grace period, from when the deletion was seen', async () => {
  const { stores, clock, silence } = setUp()
  stores.see(ending)
  await clock.advance(89_000)
  const early = silence.lastedMs(ending)
  await clock.advance(3000)

  expect([early, silence.lastedMs(ending)]).toEqual([undefined, 2000])
})

it('forgets pods and nodes that are gone, and watches no longer than it is asked to', async () => {
  const { stores, node, clock, silence } = setUp()
  node(false)
  stores.see(ending)
  await clock.advance(100_000)

  stores.lose(given.node())
  stores.lose(ending)

  expect(silence.lastedMs(ending)).toBeUndefined()
  silence[Symbol.dispose]()
  expect(stores.subscribers()).toBe(0)
})
