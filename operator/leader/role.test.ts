// The part of a cluster, as a table: what the lock shows, what the fence remembers → role and next step.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LockRecord } from './lock-store.ts'
import { HAND_OVER_MS, partOf, type Remembered, type Shown } from './role.ts'

const self = { claim: 'me', fence: 'f-east', clusterId: 'id-east', cluster: 'east' }
const D = 15_000

const held: LockRecord = {
  claim: 'me',
  seq: 7n,
  holder: 'replica-1',
  cluster: 'east',
  clusterId: 'id-east',
  fence: 'f-east',
  epoch: 12n,
  state: 'held',
  drained: false,
  request: '',
}
const released = { state: 'released', drained: true } as const
const west = { claim: 'other', cluster: 'west', clusterId: 'id-west', fence: 'f-west' }
const active: Remembered = { role: 'active', epoch: 12n }
const passive: Remembered = { role: 'passive', epoch: 12n }

type Found = Partial<LockRecord> | 'absent' | 'foreign' | 'unreachable'

function seenOf(found: Found): Shown['seen'] {
  if (found === 'foreign') return { type: 'foreign', holder: 'go-1' }
  if (found === 'absent' || found === 'unreachable') return { type: found }
  const record = { ...held, ...found }
  return { type: 'record', version: `${record.claim}:${record.seq}`, record }
}

/** `active: acquire 'me:7' 13`, with the warning behind it. */
function told(found: Found, remembered?: Remembered, unchangedMs = 0, wasForeign = false): string {
  const shown = { seen: seenOf(found), unchangedMs, wasForeign }
  const { role, step, warning } = partOf({ ...shown, self, remembered, leaseDurationMs: D })
  const words = step.type === 'acquire' ? `acquire '${step.expected}' ${step.minEpoch}` : step.type
  return [`${role}: ${words}`, ...(warning === undefined ? [] : [warning])].join(', ')
}

describe('held by this process', () => {
  it.each<[string, Found, Remembered | undefined, string]>([
    ['as remembered', {}, active, 'active: renew'],
    ['with nothing remembered', {}, undefined, 'active: renew'],
    ['taken again after it was given up', { epoch: 13n }, passive, 'active: renew'],
    ['though it was given up: the record is older', {}, passive, 'passive: give-up'],
  ])('%s', (_what, found, remembered, expected) => {
    expect(told(found, remembered)).toBe(expected)
  })
})

describe('of our fence', () => {
  const before = { claim: 'before' }

  it.each<[string, Found, Remembered | undefined, number, string]>([
    ['held by the replica before', before, active, 0, "active: acquire 'before:7' 13"],
    ['held by the replica before, nothing remembered', before, undefined, 0, "hands-off: acquire 'before:7' 1"],
    ['released', { ...before, state: 'released' }, active, 0, "active: acquire 'before:7' 13"],
    ['drained for nobody', { ...before, ...released }, passive, 0, "passive: acquire 'before:7' 13"],
    ['drained for us', { ...before, ...released, request: 'east' }, passive, 0, "passive: acquire 'before:7' 13"],
    ['drained for another', { ...before, ...released, request: 'west' }, passive, 0, 'passive: wait'],
    [
      'drained for another that never came',
      { ...before, ...released, request: 'west' },
      passive,
      HAND_OVER_MS,
      "passive: acquire 'before:7' 13",
    ],
  ])('%s', (...row) => {
    const [, found, remembered, unchangedMs, expected] = row
    expect(told(found, remembered, unchangedMs)).toBe(expected)
  })
})

describe('of our cluster under another fence', () => {
  const twin = { claim: 'twin', fence: 'f-other' }

  it.each<[string, Found, number, string]>([
    ['held and renewed', twin, D - 1, 'hands-off: wait, SecondInstallation'],
    ['held and silent', twin, D, "hands-off: acquire 'twin:7' 1"],
    ['released', { ...twin, state: 'released' }, 0, "hands-off: acquire 'twin:7' 1"],
  ])('%s', (_what, found, unchangedMs, expected) => {
    expect(told(found, undefined, unchangedMs)).toBe(expected)
  })
})

describe('of another cluster', () => {
  it.each<[string, Found, Remembered | undefined, number, string]>([
    ['held', west, undefined, 0, 'passive: wait'],
    ['held and silent for ever: only a proof moves it', west, undefined, 10 * HAND_OVER_MS, 'passive: wait'],
    ['released, not drained', { ...west, state: 'released' }, passive, 10 * HAND_OVER_MS, 'passive: wait'],
    ['drained', { ...west, ...released }, passive, 0, "passive: acquire 'other:7' 13"],
    ['drained for us', { ...west, ...released, request: 'east' }, passive, 0, "passive: acquire 'other:7' 13"],
    ['drained for a third', { ...west, ...released, request: 'north' }, passive, 0, 'passive: wait'],
    ['a newer epoch than ours', { ...west, epoch: 13n }, active, 0, 'passive: wait'],
    ['a copy from before our time', { ...west, epoch: 11n }, active, 0, "active: acquire 'other:7' 13"],
  ])('%s', (...row) => {
    const [, found, remembered, unchangedMs, expected] = row
    expect(told(found, remembered, unchangedMs)).toBe(expected)
  })
})

describe('without a record', () => {
  it.each<[string, Found, Remembered | undefined, number, string]>([
    ['flushed while active', 'absent', active, 0, "active: acquire '' 13"],
    ['flushed while passive', 'absent', passive, 10 * D, 'passive: wait'],
    ['nothing known, just now', 'absent', undefined, D - 1, 'hands-off: wait'],
    ['nothing known, for the lease duration', 'absent', undefined, D, "hands-off: acquire '' 1"],
    ['a lock of the Go version', 'foreign', active, 0, 'hands-off: wait, ForeignLeader'],
    ['an outage while active', 'unreachable', active, 0, 'active: wait, Unreachable'],
    ['an outage while passive', 'unreachable', passive, 0, 'passive: wait, Unreachable'],
    ['an outage from the start', 'unreachable', undefined, 0, 'hands-off: wait, Unreachable'],
  ])('%s', (...row) => {
    const [, found, remembered, unchangedMs, expected] = row
    expect(told(found, remembered, unchangedMs)).toBe(expected)
  })

  it('waits after the Go version has let go, though it was active before', () => {
    expect(told('absent', active, 0, true)).toBe('hands-off: wait')
  })
})

describe('whatever is shown', () => {
  const anyRecord = fc.record({
    claim: fc.constantFrom('me', 'before', 'other'),
    clusterId: fc.constantFrom('id-east', 'id-west'),
    fence: fc.constantFrom('f-east', 'f-west'),
    epoch: fc.bigInt({ min: 1n, max: 20n }),
    state: fc.constantFrom('held', 'released'),
    drained: fc.boolean(),
    request: fc.constantFrom('', 'east', 'west'),
  })
  const anyMemory = fc.option(
    fc.record({ role: fc.constantFrom('active', 'passive'), epoch: fc.bigInt({ min: 1n, max: 20n }) }),
    { nil: undefined },
  )
  const anyFound = fc.oneof<fc.Arbitrary<Found>[]>(anyRecord, fc.constantFrom('absent', 'foreign', 'unreachable'))
  const ask = (found: Found, remembered: Remembered | undefined, unchangedMs: number) =>
    partOf({ seen: seenOf(found), unchangedMs, wasForeign: false, self, remembered, leaseDurationMs: D })

  const wasOurs = ({ clusterId, epoch = 0n }: Partial<LockRecord>, remembered: Remembered | undefined): boolean =>
    remembered?.role === 'active' && !(clusterId === 'id-west' && epoch >= remembered.epoch)

  it('takes the lock with an epoch above the remembered one', () => {
    fc.assert(
      fc.property(anyFound, anyMemory, fc.nat(60_000), (found, remembered, unchangedMs) => {
        const { step } = ask(found, remembered, unchangedMs)
        expect(step.type !== 'acquire' || step.minEpoch > (remembered?.epoch ?? 0n)).toBe(true)
      }),
    )
  })

  it('is active only when the lock is its own, or it was and nobody has a newer one', () => {
    fc.assert(
      fc.property(anyFound, anyMemory, fc.nat(60_000), (found, remembered, unchangedMs) => {
        if (ask(found, remembered, unchangedMs).role !== 'active') return
        const record: Partial<LockRecord> = typeof found === 'object' ? found : {}
        const isHeldHere = record.claim === 'me' && record.state === 'held'
        expect(isHeldHere || wasOurs(record, remembered)).toBe(true)
      }),
    )
  })

  it('never takes from another cluster what was not drained, unless it is older than what was its own', () => {
    fc.assert(
      fc.property(anyRecord, anyMemory, fc.nat(60_000), (record, remembered, unchangedMs) => {
        const isForeign = record.clusterId === 'id-west' && !(record.state === 'released' && record.drained)
        const isOlder = remembered?.role === 'active' && remembered.epoch > record.epoch
        if (!isForeign || isOlder) return
        expect(ask(record, remembered, unchangedMs)).toEqual({ role: 'passive', step: { type: 'wait' } })
      }),
    )
  })
})
