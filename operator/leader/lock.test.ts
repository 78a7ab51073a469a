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

interface Case {
  readonly seen: Seen
  readonly rival?: Rival
  readonly nowMs: number
  readonly leftMs: number
}

describe('eligibleInMs', () => {
  const absent: Seen = { type: 'absent' }
  const untouched = { ...RIVAL, traces: false }
  const released = (request: string): Seen => seen({ state: 'released', request })
  const steppedDown = { ...RIVAL, steppedDownFrom: 3n }

  it.each<[string, Case]>([
    ['waits for a holder, one ms before D', { seen: seen(), nowMs: 15_999, leftMs: 1 }],
    ['takes over at D', { seen: seen(), nowMs: 16_000, leftMs: 0 }],
    ['takes what is released at once', { seen: released(''), nowMs: 1000, leftMs: 0 }],
    ['resumes its own claim at once', { seen: seen({ claim: 'mine' }), nowMs: 1000, leftMs: 0 }],
    [
      'takes what is absent at once where there is no trace',
      { seen: absent, rival: untouched, nowMs: 1000, leftMs: 0 },
    ],
    ['waits where there are traces, one ms before D', { seen: absent, nowMs: 15_999, leftMs: 1 }],
    ['takes what has been absent for D', { seen: absent, nowMs: 16_000, leftMs: 0 }],
    ['never takes what is foreign', { seen: { type: 'foreign', holder: 'go' }, nowMs: 99_000, leftMs: Infinity }],
    ['waits for a named successor, one ms before 2 P', { seen: released('3 r2'), nowMs: 4999, leftMs: 1 }],
    ['waits no longer than 2 P', { seen: released('3 r2'), nowMs: 5000, leftMs: 0 }],
    ['comes at once when it is the successor', { seen: released('3 r1'), nowMs: 1000, leftMs: 0 }],
    ['ignores a successor named for another term', { seen: released('2 r2'), nowMs: 1000, leftMs: 0 }],
    ['is held back by no request without a name', { seen: released('3'), nowMs: 1000, leftMs: 0 }],
    [
      'lets others go first after its own step-down',
      { seen: released('3'), rival: steppedDown, nowMs: 4999, leftMs: 1 },
    ],
    ['does not when it named itself', { seen: released('3 r1'), rival: steppedDown, nowMs: 1000, leftMs: 0 }],
  ])('%s', (_name, given) => {
    const observation = observed(given.seen)

    const leftMs = eligibleInMs(observation, given.rival ?? RIVAL, TIMINGS, given.nowMs)

    expect(leftMs).toBe(given.leftMs)
    expect(isEligible(observation, given.rival ?? RIVAL, TIMINGS, given.nowMs)).toBe(given.leftMs === 0)
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
