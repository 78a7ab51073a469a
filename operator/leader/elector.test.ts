// The elector in named situations, against a lock store in memory. Random schedules are in elector.sim.test.ts.
import { beforeEach, describe, expect, it } from 'vitest'
import { TransientError } from '#lib/errors.ts'
import { createFakeClock, settle } from '#testing/fake-clock.ts'
import type { FakeClock } from '#testing/fake-clock.ts'
import { createFakeLockStore } from '#testing/fake-lock-store.ts'
import type { FakeLockStore, Operation } from '#testing/fake-lock-store.ts'
import { givenReplica } from '#testing/given-replica.ts'
import type { GivenReplica, GivenReplicaOptions } from '#testing/given-replica.ts'
import type { LockRecord } from './lock-store.ts'

let clock: FakeClock
let fence: FakeLockStore

beforeEach(() => {
  clock = createFakeClock()
  fence = createFakeLockStore()
})

function replica(id: string, over: Partial<GivenReplicaOptions> = {}): GivenReplica {
  return givenReplica({ fence, clock, id, ...over })
}

/** r1 leads with epoch 1, r2 stands by. */
async function leaderAndStandby(): Promise<readonly [GivenReplica, GivenReplica]> {
  const leader = replica('r1')
  await clock.advance(0)
  const standby = replica('r2')
  await clock.advance(5000)
  return [leader, standby]
}

function failing(...operations: readonly Operation[]) {
  return async (operation: Operation): Promise<void> => {
    if (operations.includes(operation)) throw new TransientError('no answer', { reason: 'timeout' })
  }
}

function stored(): LockRecord {
  const record = fence.record()
  if (record === undefined) throw new Error('no record')
  return record
}

describe('standing by', () => {
  it('leads at once where nobody has ever led', async () => {
    const first = replica('r1')

    await clock.advance(0)

    expect(first.term()).toMatchObject({ epoch: 1n, holder: 'r1', cluster: 'primary', tenant: 'default' })
    expect(first.events).toEqual([{ reason: 'LeaderElected', note: 'r1 leads with epoch 1: first leader.' }])
    expect(first.telemetry.callsOf('termStarted')).toEqual([[false]])
    expect(first.telemetry.callsOf('acquireFailed')).toEqual([])
  })

  it('waits for D where objects show that somebody has led before', async () => {
    const first = replica('r1', { options: { highestEpoch: () => 7n } })

    await clock.advance(14_999)
    expect(first.terms).toHaveLength(0)
    await clock.advance(1)

    expect(first.term().epoch).toBe(8n)
  })

  it('takes over D after the last renewal of a silent holder', async () => {
    fence.put({
      claim: 'dead',
      seq: 7n,
      holder: 'r0',
      cluster: '',
      clusterId: '',
      fence: '',
      epoch: 3n,
      state: 'held',
      drained: false,
      request: '',
    })
    const rival = replica('r1')

    await clock.advance(14_999)
    expect(rival.terms).toHaveLength(0)
    await clock.advance(1)

    expect(rival.term().epoch).toBe(4n)
    expect(rival.telemetry.callsOf('termStarted')).toEqual([[true]])
    expect(rival.elector.view.failovers()).toBe(1)
    expect(rival.elector.view.lastHolder()).toBe('r0')
  })

  it('acts at once when the fence is released', async () => {
    const [leader, standby] = await leaderAndStandby()

    leader.stop()
    await clock.advance(100)
    await clock.advance(0)

    expect(leader.term().signal.aborted).toBe(true)
    expect(standby.term().epoch).toBe(2n)
    await leader.ended
  })

  it('starts the wait again after looking at a version that changed unseen', async () => {
    const [, standby] = await leaderAndStandby()
    standby.elector.view.validForMs()

    await clock.advance(30_000)

    expect(standby.terms).toHaveLength(0)
    expect(standby.elector.view.holder()).toBe('r1')
  })

  it('does not take over after its own suspend, before it has waited for D awake', async () => {
    fence.put({
      claim: 'dead',
      seq: 7n,
      holder: 'r0',
      cluster: '',
      clusterId: '',
      fence: '',
      epoch: 3n,
      state: 'held',
      drained: false,
      request: '',
    })
    const rival = replica('r1')
    await clock.advance(5000)

    clock.suspend(60_000)
    await clock.advance(9999)
    expect(rival.terms).toHaveLength(0)
    await clock.advance(1)

    expect(rival.terms).toHaveLength(1)
  })

  it('never leads as a follower', async () => {
    const follower = replica('r1', { settings: { remainsFollower: true } })

    await clock.advance(60_000)
    follower.stop()
    await follower.ended

    expect(fence.operations).toEqual(['read'])
  })

  it('campaigns only once it has synced', async () => {
    const synced = Promise.withResolvers<undefined>()
    const late = replica('r1', { options: { synced: () => synced.promise } })
    await clock.advance(20_000)
    expect(late.terms).toHaveLength(0)

    synced.resolve(undefined)
    await clock.advance(0)

    expect(late.terms).toHaveLength(1)
  })

  it('says that another replica uses its id once that one renews', async () => {
    const [leader] = await leaderAndStandby()
    const twin = replica('r1', { claim: 'twin' })
    await clock.advance(5000)

    expect(twin.events.map(({ reason }) => reason)).toEqual(['DuplicateID'])
    expect(leader.term().signal.aborted).toBe(false)
  })
})

describe('claiming', () => {
  it('finds out that an acquire whose answer was lost did succeed, and counts from its send', async () => {
    fence.after = failing('acquire')
    const winner = replica('r1')
    await clock.advance(0)
    fence.after = failing()

    await clock.advance(250)

    expect(fence.operations.filter((operation) => operation === 'acquire')).toHaveLength(1)
    expect(winner.term().epoch).toBe(1n)
    expect(winner.term().remainingMs()).toBe(9750)
  })

  it('releases what it has just acquired when it is told to leave meanwhile', async () => {
    const leaving = replica('r1')
    fence.after = async (operation) => {
      if (operation === 'acquire') leaving.stop()
    }

    await clock.advance(0)
    await leaving.ended

    expect(leaving.terms).toHaveLength(0)
    expect(stored().state).toBe('released')
  })
})

describe('leading', () => {
  it('renews each retry period', async () => {
    const leader = replica('r1')
    await clock.advance(20_000)

    expect(fence.operations.filter((operation) => operation === 'renew')).toHaveLength(10)
    expect(leader.term().remainingMs()).toBeGreaterThan(7999)
  })

  it('tries a failed renewal again after 250 ms, and keeps the term when one gets through', async () => {
    const leader = replica('r1')
    await clock.advance(2000)
    fence.before = failing('renew')
    await clock.advance(9000)
    fence.before = failing()

    await clock.advance(250)

    expect(leader.term().signal.aborted).toBe(false)
    expect(leader.telemetry.callsOf('renewFailed').length).toBeGreaterThanOrEqual(28)
  })

  it('expires R after the send of the last confirmed renewal, then resumes its own claim above its own epoch', async () => {
    const leader = replica('r1')
    await clock.advance(2000)
    fence.before = failing('read', 'acquire', 'renew', 'release')
    await clock.advance(10_100)
    expect(leader.telemetry.callsOf('termEnded')).toEqual([['expired', 12]])
    expect(leader.elector.view.isLeader()).toBe(false)

    fence.before = failing()
    await clock.advance(300)

    expect(leader.terms.map(({ epoch }) => epoch)).toEqual([1n, 2n])
    expect(leader.elector.view.failovers()).toBe(0)
  })

  it('does not count a renewal whose answer comes after its deadline', async () => {
    const leader = replica('r1')
    await clock.advance(1999)
    fence.after = async (operation, signal) => {
      if (operation === 'renew') await clock.sleep(2100, signal)
    }

    await clock.advance(2500)

    expect(leader.term().remainingMs()).toBe(10_000 - 4499)
  })

  it('posts a fence that was deleted, with the same epoch', async () => {
    const [leader, standby] = await leaderAndStandby()

    fence.put(undefined)
    await clock.advance(2000)

    expect(stored()).toMatchObject({ claim: 'claim-r1', epoch: 1n })
    expect(leader.events.at(-1)?.reason).toBe('FenceRecreated')
    expect([leader.terms.length, standby.terms.length]).toEqual([1, 0])
  })

  it('is lost at the next renewal when somebody overwrites the holder', async () => {
    const [leader] = await leaderAndStandby()

    fence.put({ ...stored(), claim: 'someone', holder: 'someone' })
    await clock.advance(0)

    expect(leader.telemetry.callsOf('termEnded')).toEqual([['lost', 5]])
    expect(leader.events.at(-1)?.reason).toBe('LeaderLost')
  })

  it('steps down on request and lets the named successor go first', async () => {
    const [leader, standby] = await leaderAndStandby()
    const successor = replica('r3')
    await clock.advance(0)

    fence.put({ ...stored(), request: '1 r3' })
    await clock.advance(100)

    expect(leader.telemetry.callsOf('termEnded').map(([reason]) => reason)).toEqual(['step-down'])
    expect([leader.terms.length, standby.terms.length, successor.terms.length]).toEqual([1, 0, 1])
  })

  it('comes back after a step-down when nobody else does', async () => {
    const alone = replica('r1')
    await clock.advance(0)

    fence.put({ ...stored(), request: '1' })
    await clock.advance(4099)
    expect(alone.terms).toHaveLength(1)
    await clock.advance(1)

    expect(alone.terms).toHaveLength(2)
  })

  it('learns a seq that was raised by hand', async () => {
    const leader = replica('r1')
    await clock.advance(0)

    fence.put({ ...stored(), seq: 1000n })
    await clock.advance(4000)

    expect(stored().seq).toBeGreaterThan(1000n)
    expect(leader.term().signal.aborted).toBe(false)
  })

  it('claims again above a newer epoch, and stays out after the second time', async () => {
    const leader = replica('r1')
    await clock.advance(0)
    leader.term().sawNewerEpoch(5n)
    await clock.advance(100)
    expect(leader.terms.map(({ epoch }) => epoch)).toEqual([1n, 6n])

    leader.term().sawNewerEpoch(9n)
    await clock.advance(59_999)
    expect(leader.terms).toHaveLength(2)
    await clock.advance(1)

    expect(leader.terms.map(({ epoch }) => epoch)).toEqual([1n, 6n, 10n])
    expect(leader.events.map(({ reason }) => reason)).toContain('SecondInstallation')
  })
})

describe('leaving', () => {
  it('drains, then ends, then releases when the consumer comes back', async () => {
    const leader = replica('r1', { settleMs: 1000 })
    await clock.advance(0)

    leader.stop()
    await clock.advance(999)
    expect([leader.term().draining.aborted, leader.term().signal.aborted, stored().state]).toEqual([
      true,
      false,
      'held',
    ])
    expect(leader.elector.view.state()).toBe('ending')
    await clock.advance(1)
    await leader.ended

    expect(leader.term().signal.aborted).toBe(true)
    expect(stored().state).toBe('released')
    expect(leader.events.at(-1)?.reason).toBe('LeaderReleased')
  })

  it('keeps renewing while it drains, and releases nothing while the consumer is still busy', async () => {
    const leader = replica('r1', { settleMs: 60_000 })
    await clock.advance(0)

    leader.stop()
    await clock.advance(4900)
    expect(leader.term().remainingMs()).toBeGreaterThan(7999)
    await clock.advance(100)
    expect(leader.term().signal.aborted).toBe(true)
    await clock.advance(20_000)

    expect(stored().state).toBe('held')
  })

  it('does not hang when the store does not answer', async () => {
    const leader = replica('r1', { settleMs: 5000 })
    await clock.advance(0)
    fence.before = async () => await new Promise(() => undefined)

    leader.stop()
    await clock.advance(5000 + 3000)
    await leader.ended

    expect(leader.telemetry.messages('warn')).toEqual(['fence not released, rivals wait for its duration'])
    expect(clock.pending()).toBe(0)
  })

  it('ends at once while it stands by', async () => {
    const [, standby] = await leaderAndStandby()

    standby.stop()
    await settle()

    await standby.ended
    expect(stored().claim).toBe('claim-r1')
  })

  it('refuses timings that are unsafe', () => {
    expect(() => replica('r1', { settings: { renewDeadlineMs: 14_000 } })).toThrow('must not exceed')
  })
})
