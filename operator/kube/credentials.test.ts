import { expect, it } from 'vitest'
import { createFakeClock } from '#testing/fake-clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { KubeSettings } from './config.ts'
import { createCredentialKeeper } from './credentials.ts'

function setUp() {
  const clock = createFakeClock()
  const telemetry = fakeTelemetry()
  const state = { reads: 0, forgets: 0, isBroken: false }
  const settings: KubeSettings = {
    server: 'https://test',
    source: 'test',
    forget: () => {
      state.forgets += 1
    },
    credentials: async () => {
      state.reads += 1
      if (state.isBroken) throw new Error('no file')
      return { headers: { Authorization: `Bearer ${state.reads}` }, tls: {}, tlsId: '' }
    },
  }
  return { clock, telemetry, state, keeper: createCredentialKeeper(settings, telemetry.log, clock) }
}

it('reads once for many callers, and again after ten seconds', async () => {
  const { clock, state, keeper } = setUp()
  await Promise.all([keeper.get(), keeper.get(), keeper.get()])
  await clock.advance(9_999)
  await keeper.get()
  const before = state.reads

  await clock.advance(1)
  await keeper.get()

  expect([before, state.reads]).toEqual([1, 2])
})

it('keeps nobody waiting for a renewal in the background', async () => {
  const { clock, keeper } = setUp()
  await keeper.get()
  await clock.advance(10_000)

  const during = await keeper.get()

  await clock.advance(0)
  expect(during.headers['Authorization']).toBe('Bearer 1')
  expect((await keeper.get()).headers['Authorization']).toBe('Bearer 2')
})

it('reads anew after a refusal, but at most once a second', async () => {
  const { clock, state, keeper } = setUp()
  const first = await keeper.get()
  keeper.refused(first)
  const tooSoon = await keeper.get()
  await clock.advance(1_000)

  const second = await keeper.get()
  keeper.refused(first)

  expect(tooSoon).toBe(first)
  expect(second.headers['Authorization']).toBe('Bearer 2')
  expect([state.reads, state.forgets]).toEqual([2, 1])
})

it('goes on with the old ones when the new ones cannot be read', async () => {
  const { clock, telemetry, state, keeper } = setUp()
  await keeper.get()
  state.isBroken = true
  await clock.advance(10_000)

  const kept = await keeper.get()

  await clock.advance(0)
  expect(kept.headers['Authorization']).toBe('Bearer 1')
  expect(telemetry.messages('warn')).toHaveLength(1)
})

it('fails as long as there are none at all', async () => {
  const { state, keeper } = setUp()
  state.isBroken = true

  await expect(keeper.get()).rejects.toThrow('no file')
})
