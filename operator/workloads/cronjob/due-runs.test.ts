// Which runs count as missed, in the status of a scheduled task: a wall clock, what Kubernetes ran, what was stored.
import { describe, expect, it } from 'vitest'
import type { WorkloadCronJobStatus } from '#api/generated/kinds.ts'
import type { CronJobFact } from '#api/facts.ts'
import { formatTime } from '#lib/time.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const cron = lookAt('WorkloadCronJob')
const MINUTE_MS = 60_000

/** ms since 1970 of a minute after the first one, which is NOW_MS. */
const minute = (count: number): number => NOW_MS + count * MINUTE_MS
const timeOf = (count: number): string => formatTime(minute(count))

interface Moment {
  /** Minutes since the first tick. */
  readonly now: number
  /** The last time that Kubernetes ran, or the minute of it. */
  readonly ran?: number
  readonly stored?: Partial<WorkloadCronJobStatus>
  readonly spec?: Scheduled
  readonly generation?: number
  /** Left out: as the spec asks. */
  readonly live?: Partial<CronJobFact>
}

interface Scheduled {
  readonly schedule: string
  readonly timeZone?: string
  readonly startingDeadlineSeconds?: number
  readonly suspend?: boolean
}

const every10: Scheduled = { schedule: '*/10 * * * *', timeZone: 'UTC' }
const due = (first: number, missedRuns = 0): Partial<WorkloadCronJobStatus> => ({
  observedGeneration: 1,
  nextScheduleTime: timeOf(first),
  missedRuns,
})

function foundAt({ now, ran, stored, spec = every10, generation = 1, live = {} }: Moment): Found {
  const { schedule, timeZone } = spec
  const inForce = { schedule, ...(timeZone === undefined ? {} : { timeZone }) }
  const lastScheduleTime = ran === undefined ? {} : { lastScheduleTime: timeOf(ran) }
  return {
    spec,
    generation,
    facts: [cronJobOf({ createdAtMs: minute(-60), ...inForce, ...lastScheduleTime, ...live })],
    stored: stored ?? {},
    over: { nowMs: minute(now) },
  }
}

/** Without the zone that is given otherwise. */
function cronJobOf(over: Partial<CronJobFact>): CronJobFact {
  const { timeZone: _given, ...rest } = given.cronJob()
  return { ...rest, ...over }
}

/** `next 10, 2 missed`, in minutes since the first tick. */
function told(moment: Moment): string {
  const status: Partial<WorkloadCronJobStatus> = cron.status(foundAt(moment))
  const next = status.nextScheduleTime === undefined ? 'none' : (Date.parse(status.nextScheduleTime) - NOW_MS) / 60_000
  return `next ${next}, ${status.missedRuns ?? 0} missed`
}

describe('a time that is due', () => {
  it.each<[string, Moment, string]>([
    ['not yet', { now: -1, stored: due(0) }, 'next 0, 0 missed'],
    ['just now', { now: 0.1, stored: due(0) }, 'next 0, 0 missed'],
    ['until the deadline', { now: 5, stored: due(0) }, 'next 0, 0 missed'],
    ['beyond it', { now: 5.1, stored: due(0) }, 'next 10, 1 missed'],
    ['and was run', { now: 0.1, ran: 0, stored: due(0) }, 'next 10, 0 missed'],
    ['and was run late', { now: 4, ran: 0, stored: due(0) }, 'next 10, 0 missed'],
    ['after others were missed', { now: 5.1, stored: due(0, 3) }, 'next 10, 4 missed'],
    ['for the first time', { now: 0.1 }, 'next 10, 0 missed'],
  ])('%s', (_what, moment, expected) => {
    expect(told(moment)).toBe(expected)
  })
})

describe('times that follow each other within the deadline', () => {
  const spec: Scheduled = { schedule: '* * * * *', timeZone: 'UTC' }

  it.each<[string, Moment, string]>([
    ['only the latest can still run', { now: 2.1, ran: -1, stored: due(0), spec }, 'next 2, 2 missed'],
    ['what Kubernetes went past may have run', { now: 3.1, ran: 2, stored: due(0), spec }, 'next 3, 0 missed'],
    ['a long absence counts a hundred', { now: 100_000, stored: due(0), spec }, 'next 100001, 100 missed'],
  ])('%s', (_what, moment, expected) => {
    expect(told(moment)).toBe(expected)
  })

  it('count for an interval too', () => {
    const interval = { schedule: '@every 10m', startingDeadlineSeconds: 60 }

    expect(told({ now: 12, ran: -10, stored: due(0), spec: interval })).toBe('next 20, 2 missed')
  })
})

describe('after an edit', () => {
  const stored = due(0)

  it.each<[string, Moment, string]>([
    ['of something else, the run is still missed', { now: 6, stored, generation: 2 }, 'next 10, 1 missed'],
    [
      'to a schedule with more times, those between are not counted',
      { now: 6, ran: -1, stored: due(0), generation: 2, spec: { schedule: '* * * * *', timeZone: 'UTC' } },
      'next 7, 1 missed',
    ],
    [
      'of the schedule, old times are forgotten',
      { now: 6, stored: due(-3), generation: 2, spec: every10 },
      'next 10, 0 missed',
    ],
  ])('%s', (_what, moment, expected) => {
    expect(told(moment)).toBe(expected)
  })
})

describe('a schedule that is not in force', () => {
  const wished: Scheduled = { schedule: '* * * * *', timeZone: 'UTC' }
  const live = { schedule: '0 * * * *' }

  it.each<[string, Moment, string]>([
    [
      'while the wish for it waits or is refused',
      { now: 25, stored: due(60), spec: wished, live },
      'next 60, 0 missed',
    ],
    [
      'also before it is observed',
      { now: 25, stored: due(60), spec: wished, live, generation: 2 },
      'next 60, 0 missed',
    ],
  ])('counts nothing %s', (_what, moment, expected) => {
    expect(told(moment)).toBe(expected)
  })
})

describe('without a time zone', () => {
  const spec: Scheduled = { schedule: '0 9 * * *' }
  const at = (hour: number): number => hour * 60

  it('counts nothing before a run has shown that UTC is meant', () => {
    expect(told({ now: at(10), stored: due(at(9)), spec })).toBe(`next ${at(33)}, 0 missed`)
    expect(told({ now: at(10), ran: at(-17), stored: due(at(9)), spec })).toBe(`next ${at(33)}, 0 missed`)
    expect(told({ now: at(10), ran: at(-15), stored: due(at(9)), spec })).toBe(`next ${at(33)}, 1 missed`)
  })
})

describe('a suspended schedule', () => {
  const suspended = {
    observedGeneration: 2,
    conditions: cron.status({ spec: { ...every10, suspend: true }, over: { nowMs: minute(-1) } }).conditions ?? [],
  }

  it('counts nothing', () => {
    expect(told({ now: 25, stored: suspended, spec: { ...every10, suspend: true } })).toBe('next none, 0 missed')
  })

  it('counts what it left out when it goes on, but for the run that may still come', () => {
    expect(told({ now: 22, stored: suspended, generation: 3 })).toBe('next 20, 2 missed')
    expect(told({ now: 28, stored: suspended, generation: 3 })).toBe('next 30, 3 missed')
  })
})

describe('the next look', () => {
  it.each<[string, Moment, number]>([
    ['is a second after the time', { now: -1, stored: due(0) }, 61_000],
    ['is a second after the deadline', { now: 1, stored: due(0) }, 241_000],
    [
      'is after the following time, when that comes first',
      { now: 0.5, stored: due(0), spec: { schedule: '* * * * *', timeZone: 'UTC' } },
      31_000,
    ],
  ])('%s', (_what, moment, expected) => {
    expect(cron.report(foundAt(moment)).requeueAfterMs).toBe(expected)
  })
})
