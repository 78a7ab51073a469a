// The elector in named situations, against a lock store in memory: standing by, claiming, leaving. What happens while it
// leads is in renewal.test.ts, random schedules are in elector.sim.test.ts.
import { describe, expect, it } from 'vitest'
import { TerminalError } from '#lib/errors.ts'
import { settle } from '#testing/fake-clock.ts'
import { failing, givenElection } from '#testing/given-replica.ts'

describe('standing by', () => {
  it('leads at once where nobody has ever led', async () => {
    const { clock, replica } = givenElection()
    const first = replica('r1')

    await clock.advance(0)

    expect(first.term()).toMatchObject({ epoch: 1n, holder: 'r1', cluster: 'primary', tenant: 'default' })
    expect(first.events).toEqual([
      { type: 'Normal', reason: 'LeaderElected', action: 'Electing', note: 'r1 leads with epoch 1: first leader.' },
    ])
    expect(first.telemetry.callsOf('termStarted')).toEqual([[false]])
    expect(first.telemetry.callsOf('acquireFailed')).toEqual([])
  })

  it('waits for D where objects show that somebody has led before', async () => {
    const { clock, replica } = givenElection()
    const first = replica('r1', { options: { highestEpoch: () => 7n } })

    await clock.advance(14_999)
    expect(first.terms).toHaveLength(0)
    await clock.advance(1)

    expect(first.term().epoch).toBe(8n)
  })

  it('takes over D after the last renewal of a silent holder', async () => {
    const { clock, replica, deadHolder } = givenElection()
    deadHolder()
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
    const { clock, leaderAndStandby } = givenElection()
    const [leader, standby] = await leaderAndStandby()

    leader.stop()
    await clock.advance(100)
    await clock.advance(0)

    expect(leader.term().signal.aborted).toBe(true)
    expect(standby.term().epoch).toBe(2n)
    await leader.ended
  })

  it('starts the wait again after looking at a version that changed unseen', async () => {
    const { clock, leaderAndStandby } = givenElection()
    const [, standby] = await leaderAndStandby()

    await clock.advance(30_000)

    expect(standby.terms).toHaveLength(0)
    expect(standby.elector.view.holder()).toBe('r1')
  })

  it('does not take over after its own suspend, before it has waited for D awake', async () => {
    const { clock, replica, deadHolder } = givenElection()
    deadHolder()
    const rival = replica('r1')
    await clock.advance(5000)

    clock.suspend(60_000)
    await clock.advance(9999)
    expect(rival.terms).toHaveLength(0)
    await clock.advance(1)

    expect(rival.terms).toHaveLength(1)
  })

  it('never leads as a follower', async () => {
    const { clock, fence, replica } = givenElection()
    const follower = replica('r1', { settings: { remainsFollower: true } })

    await clock.advance(60_000)
    follower.stop()
    await follower.ended

    expect(fence.operations).toEqual(['read'])
  })

  it('campaigns only once it has synced', async () => {
    const { clock, replica } = givenElection()
    const synced = Promise.withResolvers<undefined>()
    const late = replica('r1', { options: { synced: () => synced.promise } })
    await clock.advance(20_000)
    expect(late.terms).toHaveLength(0)

    synced.resolve(undefined)
    await clock.advance(0)

    expect(late.terms).toHaveLength(1)
  })

  it('says that another replica uses its id once that one renews', async () => {
    const { clock, replica, leaderAndStandby } = givenElection()
    const [leader] = await leaderAndStandby()
    const twin = replica('r1', { claim: 'twin' })
    await clock.advance(5000)

    expect(twin.events.map(({ reason }) => reason)).toEqual(['DuplicateID'])
    expect(leader.term().signal.aborted).toBe(false)
  })
})

describe('claiming', () => {
  it('finds out that an acquire whose answer was lost did succeed, and counts from its send', async () => {
    const { clock, fence, replica } = givenElection()
    fence.after = failing('acquire')
    const winner = replica('r1')
    await clock.advance(0)
    fence.after = failing()

    await clock.advance(250)

    expect(fence.operations.filter((operation) => operation === 'acquire')).toHaveLength(1)
    expect(winner.term().epoch).toBe(1n)
    expect(winner.term().remainingMs()).toBe(9750)
  })

  it('opens no term on an answer that comes after a long suspend, but looks again', async () => {
    const { clock, fence, replica } = givenElection()
    fence.after = async (operation) => {
      if (operation === 'acquire' && fence.record()?.epoch === 1n) clock.suspend(9000)
    }
    const winner = replica('r1')

    await clock.advance(250)

    expect(winner.terms.map(({ epoch }) => epoch)).toEqual([2n])
    expect(winner.term().remainingMs()).toBe(9750)
  })

  it('says once why it may not take the fence, and takes it once it may', async () => {
    const { clock, fence, replica } = givenElection()
    fence.before = async (operation) => {
      if (operation === 'acquire') throw new TerminalError('leases is forbidden', { reason: 'forbidden' })
    }
    const winner = replica('r1')
    await clock.advance(10_000)
    fence.before = failing()

    await clock.advance(500)

    expect(winner.telemetry.messages('warn')).toEqual(['fence may not be taken, trying on'])
    expect(winner.terms).toHaveLength(1)
  })

  it.each([10_050, 12_000])(
    'releases what it still holds from an expired term when told to leave, %i ms on',
    async (ms) => {
      const { clock, fence, replica, stored } = givenElection()
      const leader = replica('r1')
      await clock.advance(0)
      fence.before = failing('renew', 'read', 'acquire')
      await clock.advance(ms)

      leader.stop()
      await clock.advance(500)

      await leader.ended
      expect(leader.terms).toHaveLength(1)
      expect(stored().state).toBe('released')
    },
  )

  it('releases what it has just acquired when it is told to leave meanwhile', async () => {
    const { clock, fence, replica, stored } = givenElection()
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

describe('leaving', () => {
  it('drains, then ends, then releases when the consumer comes back', async () => {
    const { clock, replica, stored } = givenElection()
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
    const { clock, replica, stored } = givenElection()
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
    const { clock, fence, replica } = givenElection()
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
    const { leaderAndStandby, stored } = givenElection()
    const [, standby] = await leaderAndStandby()

    standby.stop()
    await settle()

    await standby.ended
    expect(stored().claim).toBe('claim-r1')
  })

  it('refuses timings that are unsafe', () => {
    const { replica } = givenElection()
    expect(() => replica('r1', { settings: { renewDeadlineMs: 14_000 } })).toThrow('must not exceed')
  })
})
