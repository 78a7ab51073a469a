import { describe, expect, it } from 'vitest'
import {
  eligibleInMs,
  isEligible,
  observe,
  parseStepDown,
  timingProblems,
  validityLeftMs,
  writeDeadlineMs,
} from './lock.ts'
import type { Observation, Rival } from './lock.ts'
import type { LockRecord, Seen } from './lock-store.ts'

const TIMINGS = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 }
const RIVAL: Rival = { claim: 'mine', id: 'r1', traces: true }

const RECORD: LockRecord = {
  claim: 'other',
  seq: 7n,
  holder: 'r0',
  cluster: 'primary',
  clusterId: '',
  fence: '',
  epoch: 3n,
  state: 'held',
  drained: false,
  request: '',
}

function seen(over: Partial<LockRecord> = {}): Seen {
  const record = { ...RECORD, ...over }
  return { type: 'record', version: `${record.claim}:${record.seq}`, record }
}

function observed(what: Seen): Observation {
  return observe(undefined, what, 1000)
}

describe('timingProblems', () => {
  it.each([
    [15_000, 10_000, 2000],
    [15_000, 11_285, 2000],
    [15_000, 10_000, 5000],
    [3000, 2000, 400],
  ])('accepts D %i, R %i, P %i', (leaseDurationMs, renewDeadlineMs, retryPeriodMs) => {
    expect(timingProblems({ leaseDurationMs, renewDeadlineMs, retryPeriodMs })).toEqual([])
  })

  it.each([
    [15_000, 11_286, 2000, 'Set renewDeadline to 11s or less'],
    [15_000, 10_000, 5001, 'Set retryPeriod to 5s or less'],
    [0, 10_000, 2000, 'must be longer than 0'],
    [15_000, Number.NaN, 2000, 'must be longer than 0'],
  ])('refuses D %i, R %i, P %i', (leaseDurationMs, renewDeadlineMs, retryPeriodMs, sentence) => {
    const problems = timingProblems({ leaseDurationMs, renewDeadlineMs, retryPeriodMs })

    expect(problems).toEqual([expect.stringContaining(sentence)])
  })

  it('gives a write a fifth of the lease duration', () => {
    expect(writeDeadlineMs(TIMINGS)).toBe(3000)
  })
})

describe('validityLeftMs', () => {
  const sentAt = { monotonicMs: 100, bootMs: 5000, wallMs: 1_000_000 }

  it.each([
    ['the monotonic clock', { monotonicMs: 10_099, bootMs: 5000, wallMs: 1_000_000 }, 1],
    ['the very end', { monotonicMs: 10_100, bootMs: 5000, wallMs: 1_000_000 }, 0],
    ['a suspend', { monotonicMs: 100, bootMs: 17_000, wallMs: 1_000_000 }, -2000],
    ['a wall clock that ran ahead', { monotonicMs: 100, bootMs: 5000, wallMs: 1_004_000 }, 6000],
  ])('counts by %s', (_name, now, leftMs) => {
    expect(validityLeftMs(sentAt, now, 10_000)).toBe(leftMs)
  })

  it('never exceeds R, also when the wall clock was set back', () => {
    const now = { ...sentAt, wallMs: 0 }

    expect(validityLeftMs(sentAt, now, 10_000)).toBe(10_000)
  })
})

describe('observe', () => {
  it('goes on while the version stays, and takes a new request along', () => {
    const again = observe(observed(seen()), seen({ request: '3 r1' }), 9000)

    expect(again).toMatchObject({ sinceMs: 1000, seen: { record: { request: '3 r1' } } })
  })

  it.each([
    ['a renewal', seen({ seq: 8n })],
    ['another claim', seen({ claim: 'third' })],
    ['absence', { type: 'absent' } as const],
    ['something foreign', { type: 'foreign', holder: 'go' } as const],
  ])('starts again for %s', (_name, next) => {
    expect(observe(observed(seen()), next, 9000).sinceMs).toBe(9000)
  })
})

describe('eligibleInMs', () => {
  it.each([
    ['a held record, one ms before D', seen(), RIVAL, 15_999, 1],
    ['a held record, at D', seen(), RIVAL, 16_000, 0],
    ['a released record', seen({ state: 'released' }), RIVAL, 1000, 0],
    ['its own claim', seen({ claim: 'mine' }), RIVAL, 1000, 0],
    ['an absent record without any trace', { type: 'absent' } as const, { ...RIVAL, traces: false }, 1000, 0],
    ['an absent record with traces, before D', { type: 'absent' } as const, RIVAL, 15_999, 1],
    ['an absent record with traces, at D', { type: 'absent' } as const, RIVAL, 16_000, 0],
    ['something foreign', { type: 'foreign', holder: 'go' } as const, RIVAL, 99_000, Number.POSITIVE_INFINITY],
  ])('of %s', (_name, what, rival, nowMs, expected) => {
    expect(eligibleInMs(observed(what), rival, TIMINGS, nowMs)).toBe(expected)
    expect(isEligible(observed(what), rival, TIMINGS, nowMs)).toBe(expected === 0)
  })

  it.each([
    ['others wait 2 P for a named successor', '3 r2', RIVAL, 4999, 1],
    ['and not longer', '3 r2', RIVAL, 5000, 0],
    ['the named successor comes at once', '3 r1', RIVAL, 1000, 0],
    ['a successor named for another term is ignored', '2 r2', RIVAL, 1000, 0],
    ['a request without a name holds nobody back', '3', RIVAL, 1000, 0],
    ['but for the one that stepped down', '3', { ...RIVAL, steppedDownFrom: 3n }, 4999, 1],
    ['unless it names itself', '3 r1', { ...RIVAL, steppedDownFrom: 3n }, 1000, 0],
  ])('of a released record: %s', (_name, request, rival, nowMs, expected) => {
    expect(eligibleInMs(observed(seen({ state: 'released', request })), rival, TIMINGS, nowMs)).toBe(expected)
  })
})

describe('parseStepDown', () => {
  it.each([
    ['8', { epoch: 8n, successor: '' }],
    ['8 r2', { epoch: 8n, successor: 'r2' }],
    [' 8  r2 ', { epoch: 8n, successor: 'r2' }],
    ['', undefined],
    ['now', undefined],
    ['8 r2 r3', undefined],
  ])('reads %j', (text, expected) => {
    expect(parseStepDown(text)).toEqual(expected)
  })
})
