import { describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import { given } from '#testing/given.ts'
import { createWriterRig } from '#testing/writer-rig.ts'
import { createRepairs } from './repairs.ts'

describe('repairs of one object', () => {
  it('are made at once five times, then ever later, at most a minute apart', () => {
    const clock = createFakeClock()
    const repairs = createRepairs(clock)

    const waits = Array.from({ length: 13 }, () => {
      const ms = repairs.waitMs('a')
      repairs.made('a')
      return ms
    })

    expect(waits).toEqual([0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    expect(repairs.waitMs('b')).toBe(0)
  })

  it('are made at once again after a time of peace', async () => {
    const clock = createFakeClock()
    const repairs = createRepairs(clock)
    for (let n = 0; n < 20; n += 1) repairs.made('a')

    await clock.advance(300_000)

    expect(repairs.waitMs('a')).toBe(0)
  })
})

describe('somebody who undoes each repair at once', () => {
  const wish = given.child('Deployment', { spec: { replicas: 1 } })

  it('meets ever fewer of them, and it is said once', async () => {
    const rig = createWriterRig()
    const term = given.term()
    await rig.writer.create(wish, term)
    const [uid = ''] = rig.stores.allChildren().map((fact) => fact.uid)
    const undone = (n: number) => given.deployment({ uid, applied: appliedHash(wish), liveHash: `theirs-${n}` })

    for (let n = 0; n < 100; n += 1) await rig.writer.apply(wish, undone(n), term)

    expect(rig.client.calls).toHaveLength(1 + 5)
    expect(rig.delays.every((ms) => ms === 1000)).toBe(true)
    expect(rig.telemetry.messages('warn')).toEqual(['somebody else keeps changing an object, repairing it less often'])
    await rig.clock.advance(1000)
    await rig.writer.apply(wish, undone(100), term)
    expect(rig.client.calls).toHaveLength(1 + 6)
  })

  it('does not keep a new wish waiting', async () => {
    const rig = createWriterRig()
    const term = given.term()
    for (let n = 0; n < 20; n += 1) await rig.writer.apply(wish, given.deployment({ applied: `old-${n}` }), term)

    expect(rig.client.calls).toHaveLength(20)
  })
})
