// What every lock store must do, as tests that run against each: the one in memory, the fence, and the real ones.
import { describe, expect, it } from 'vitest'
import type { Claim, LockStore, Seen } from '#leader/lock-store.ts'

/** Stores of several processes over one fresh record. */
export type OpenStores = () => Promise<() => LockStore>

const never = new AbortController().signal

function claimOf(claim: string, seq: bigint): Claim {
  return { claim, seq, holder: `id-${claim}`, cluster: 'primary', clusterId: '', fence: '' }
}

function versionIn(seen: Seen): string {
  return seen.type === 'record' ? seen.version : ''
}

async function held(open: OpenStores): Promise<{ readonly a: LockStore; readonly b: LockStore }> {
  const store = await open()
  const a = store()
  await a.acquire(claimOf('a', 1n), { expected: '', minEpoch: 5n }, never)
  return { a, b: store() }
}

export function describeLockStore(name: string, open: OpenStores): void {
  describe(`${name} as a lock store`, () => {
    describeHolding(open)
    describeHandOver(open)
  })
}

function describeHolding(open: OpenStores): void {
  describe('held', () => {
    it('is absent at first', async () => {
      const store = (await open())()

      expect(await store.read(never)).toEqual({ type: 'absent' })
    })

    it('takes an absent record with the wanted epoch', async () => {
      const { b } = await held(open)

      const seen = await b.read(never)

      expect(seen).toMatchObject({ version: 'a:1', record: { claim: 'a', holder: 'id-a', epoch: 5n, state: 'held' } })
    })

    it('acknowledges a repeated acquire of the holder, and keeps the epoch', async () => {
      const { a } = await held(open)

      const again = await a.acquire(claimOf('a', 2n), { expected: '', minEpoch: 5n }, never)

      expect(again).toEqual({ type: 'acquired', epoch: 5n })
    })

    it('refuses a rival that expected another version', async () => {
      const { a, b } = await held(open)
      await a.renew({ claim: 'a', seq: 2n }, never)

      const early = await b.acquire(claimOf('b', 3n), { expected: 'a:1', minEpoch: 1n }, never)
      const blind = await b.acquire(claimOf('b', 4n), { expected: '', minEpoch: 1n }, never)

      expect([early, blind]).toEqual([{ type: 'changed' }, { type: 'changed' }])
    })

    it('lets one of many rivals win, with the next epoch', async () => {
      const store = await open()
      await store().acquire(claimOf('a', 1n), { expected: '', minEpoch: 5n }, never)
      const rivals = Array.from({ length: 8 }, (_, rival) => ({ store: store(), claim: claimOf(`b${rival}`, 2n) }))
      await Promise.all(rivals.map((rival) => rival.store.read(never)))

      const outcomes = await Promise.all(
        rivals.map((rival) => rival.store.acquire(rival.claim, { expected: 'a:1', minEpoch: 1n }, never)),
      )

      expect(outcomes.filter(({ type }) => type === 'acquired')).toEqual([{ type: 'acquired', epoch: 6n }])
    })

    it('renews for its holder with a larger seq only', async () => {
      const { a, b } = await held(open)

      expect(await a.renew({ claim: 'a', seq: 3n }, never)).toEqual({ type: 'renewed', request: '' })
      expect(await a.renew({ claim: 'a', seq: 3n }, never)).toEqual({ type: 'stale' })
      expect(await b.renew({ claim: 'b', seq: 9n }, never)).toEqual({ type: 'lost' })
    })
  })
}

function describeHandOver(open: OpenStores): void {
  describe('changing hands', () => {
    it('tells a holder that has been overtaken', async () => {
      const { a, b } = await held(open)
      await b.acquire(claimOf('b', 2n), { expected: versionIn(await b.read(never)), minEpoch: 1n }, never)

      expect(await a.renew({ claim: 'a', seq: 9n }, never)).toEqual({ type: 'lost' })
      expect(await a.release({ claim: 'a', seq: 10n, drained: false, request: '' }, never)).toBe('lost')
    })

    it('keeps a released record, whose next holder gets the next epoch', async () => {
      const { a, b } = await held(open)

      expect(await a.release({ claim: 'a', seq: 2n, drained: false, request: '' }, never)).toBe('released')
      const seen = await b.read(never)
      expect(seen).toMatchObject({ record: { holder: 'id-a', epoch: 5n, state: 'released' } })

      const next = await b.acquire(claimOf('b', 3n), { expected: versionIn(seen), minEpoch: 1n }, never)
      expect(next).toEqual({ type: 'acquired', epoch: 6n })
      expect(await a.renew({ claim: 'a', seq: 9n }, never)).toEqual({ type: 'lost' })
    })

    it('refuses the release by a stranger', async () => {
      const { b } = await held(open)

      expect(await b.release({ claim: 'b', seq: 9n, drained: false, request: '' }, never)).toBe('lost')
    })

    it('never gives an epoch below the floor', async () => {
      const { a, b } = await held(open)
      await a.release({ claim: 'a', seq: 2n, drained: false, request: '' }, never)

      const expected = versionIn(await b.read(never))
      expect(await b.acquire(claimOf('b', 3n), { expected, minEpoch: 40n }, never)).toMatchObject({ epoch: 40n })
    })

    it('throws at an aborted signal', async () => {
      const { a } = await held(open)

      await expect(a.renew({ claim: 'a', seq: 2n }, AbortSignal.abort())).rejects.toThrow()
    })
  })
}
