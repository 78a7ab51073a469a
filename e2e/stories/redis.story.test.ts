// The lock in a real redis-server: the contract of all stores, and what is special about Redis.
import { describe, expect, it } from 'vitest'
import { redisLockKey } from '#leader/redis-lock-store.ts'
import { describeLockStore } from '#testing/lock-store-contract.ts'
import { claim, never, take } from '../stores/claim.ts'
import { openRedisRig, TENANT } from '../stores/redis-rig.ts'
import { useRig } from '../stores/use-rig.ts'
import { eventually } from '../support/world.ts'

const KEY = redisLockKey(TENANT)

const rig = useRig('redis', openRedisRig)

describe('a real server', () => {
  describeLockStore('redis', async () => {
    await rig().reset()
    return () => rig().store()
  })
})

describe('the lock in Redis', () => {
  it('keeps everything that is known of the holder, without an expiry', async () => {
    const store = rig().store()
    await take(store)
    await store.release({ claim: 'a', seq: 2n, drained: true, request: 'west' }, never)

    expect(await store.read(never)).toEqual({
      type: 'record',
      version: 'a:2',
      record: { ...claim, seq: 2n, epoch: 1n, state: 'released', drained: true, request: 'west' },
    })
    expect(await rig().hand.ttl(KEY)).toBe(-1)
  })

  it('writes a request into the record of another cluster, and only into the version it has seen', async () => {
    const store = rig().store()
    await take(store)

    expect(await store.ask('a:0', 'west', never)).toBe('changed')
    expect(await store.ask('a:1', 'west', never)).toBe('asked')
    expect(await store.renew({ claim: 'a', seq: 2n }, never)).toEqual({ type: 'renewed', request: 'west' })
  })

  it('raises the epoch of its own claim to the floor', async () => {
    const store = rig().store()
    await take(store)

    const again = await store.acquire({ ...claim, seq: 2n }, { expected: '', minEpoch: 9n }, never)

    expect(again).toEqual({ type: 'acquired', epoch: 9n })
  })

  it.each([
    ['the string of the Go version', () => rig().hand.set(KEY, 'go-1', 'EX', 60), 'go-1'],
    ['a list', () => rig().hand.rpush(KEY, 'x'), 'a list'],
    ['a hash of somebody else', () => rig().hand.hset(KEY, 'holder', 'x', 'other', '1'), 'x'],
  ])('leaves %s alone', async (_what, write, holder) => {
    await write()
    const before = await rig().hand.dump(KEY)
    const store = rig().store()

    expect(await store.read(never)).toEqual({ type: 'foreign', holder })
    expect(await take(store)).toEqual({ type: 'foreign' })
    expect(await store.release({ claim: 'a', seq: 9n, drained: false, request: '' }, never)).toBe('lost')
    expect(await rig().hand.dump(KEY)).toBe(before)
  })

  it('says that the record is missing after it was flushed, and takes it again with a higher epoch', async () => {
    const store = rig().store()
    await take(store)
    await rig().hand.flushall()

    expect(await store.renew({ claim: 'a', seq: 2n }, never)).toEqual({ type: 'missing' })
    const again = await store.acquire({ ...claim, seq: 3n }, { expected: '', minEpoch: 2n }, never)
    expect(again).toEqual({ type: 'acquired', epoch: 2n })
  })

  it('is there again after the server was killed and came back empty', async () => {
    await using mortal = await rig().start()
    const store = rig().store({}, mortal.port)
    await take(store)

    await mortal.restart()

    expect(await eventually('an answer', () => store.read(never))).toEqual({ type: 'absent' })
  })

  it('repairs a copy that went back in time by the next renewal, and refuses a late one', async () => {
    const store = rig().store()
    await take(store)
    const old = await rig().hand.dumpBuffer(KEY)
    await store.renew({ claim: 'a', seq: 5n }, never)
    await rig().hand.restore(KEY, 0, old, 'REPLACE')

    expect(await store.renew({ claim: 'a', seq: 6n }, never)).toEqual({ type: 'renewed', request: '' })
    expect(await store.renew({ claim: 'a', seq: 6n }, never)).toEqual({ type: 'stale' })
  })
})
