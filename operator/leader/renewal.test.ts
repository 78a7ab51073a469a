// What happens to a term while its holder renews it, against a lock store in memory.
import { describe, expect, it } from 'vitest'
import { failing, givenElection } from '#testing/given-replica.ts'

describe('leading', () => {
  it('renews each retry period', async () => {
    const { clock, fence, replica } = givenElection()
    const leader = replica('r1')
    await clock.advance(20_000)

    expect(fence.operations.filter((operation) => operation === 'renew')).toHaveLength(10)
    expect(leader.term().remainingMs()).toBeGreaterThan(7999)
  })

  it('tries a failed renewal again after 250 ms, and keeps the term when one gets through', async () => {
    const { clock, fence, replica } = givenElection()
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
    const { clock, fence, replica } = givenElection()
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
    const { clock, fence, replica } = givenElection()
    const leader = replica('r1')
    await clock.advance(1999)
    fence.after = async (operation, signal) => {
      if (operation === 'renew') await clock.sleep(2100, signal)
    }

    await clock.advance(2500)

    expect(leader.term().remainingMs()).toBe(10_000 - 4499)
  })

  it('posts a fence that was deleted, with the same epoch', async () => {
    const { clock, fence, leaderAndStandby, stored } = givenElection()
    const [leader, standby] = await leaderAndStandby()

    fence.put(undefined)
    await clock.advance(2000)

    expect(stored()).toMatchObject({ claim: 'claim-r1', epoch: 1n })
    expect(leader.events.at(-1)?.reason).toBe('FenceRecreated')
    expect([leader.terms.length, standby.terms.length]).toEqual([1, 0])
  })

  it('is lost at the next renewal when somebody overwrites the holder', async () => {
    const { clock, fence, leaderAndStandby, stored } = givenElection()
    const [leader] = await leaderAndStandby()

    fence.put({ ...stored(), claim: 'someone', holder: 'someone' })
    await clock.advance(0)

    expect(leader.telemetry.callsOf('termEnded')).toEqual([['lost', 5]])
    expect(leader.events.at(-1)?.reason).toBe('LeaderLost')
  })

  it('steps down on request and lets the named successor go first', async () => {
    const { clock, fence, replica, leaderAndStandby, stored } = givenElection()
    const [leader, standby] = await leaderAndStandby()
    const successor = replica('r3')
    await clock.advance(0)

    fence.put({ ...stored(), request: '1 r3' })
    await clock.advance(100)

    expect(leader.telemetry.callsOf('termEnded').map(([reason]) => reason)).toEqual(['step-down'])
    expect([leader.terms.length, standby.terms.length, successor.terms.length]).toEqual([1, 0, 1])
  })

  it('comes back after a step-down when nobody else does', async () => {
    const { clock, fence, replica, stored } = givenElection()
    const alone = replica('r1')
    await clock.advance(0)

    fence.put({ ...stored(), request: '1' })
    await clock.advance(4099)
    expect(alone.terms).toHaveLength(1)
    await clock.advance(1)

    expect(alone.terms).toHaveLength(2)
  })

  it('learns a seq that was raised by hand', async () => {
    const { clock, fence, replica, stored } = givenElection()
    const leader = replica('r1')
    await clock.advance(0)

    fence.put({ ...stored(), seq: 1000n })
    await clock.advance(4000)

    expect(stored().seq).toBeGreaterThan(1000n)
    expect(leader.term().signal.aborted).toBe(false)
  })

  it('claims again above a newer epoch, and stays out after the second time', async () => {
    const { clock, fence, replica } = givenElection()
    const leader = replica('r1')
    await clock.advance(0)
    leader.term().sawNewerEpoch(5n)
    await clock.advance(100)
    expect(leader.terms.map(({ epoch }) => epoch)).toEqual([1n, 6n])
    expect(fence.operations).not.toContain('release')

    leader.term().sawNewerEpoch(9n)
    await clock.advance(59_999)
    expect(leader.terms).toHaveLength(2)
    await clock.advance(1)

    expect(leader.terms.map(({ epoch }) => epoch)).toEqual([1n, 6n, 10n])
    expect(leader.events.map(({ reason }) => reason)).toContain('SecondInstallation')
  })
})
