import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { civilOf, DAY_MS, daysOf, weekdayOf } from './calendar.ts'
import { neverFires, nextFireMs } from './schedule.ts'

function next(schedule: string, after: string, timeZone = 'UTC', anchor = after): string | undefined {
  const ms = nextFireMs({ schedule, timeZone, anchorMs: Date.parse(anchor) }, Date.parse(after))
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z')
}

describe('the next time of a schedule', () => {
  it.each([
    ['*/5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'],
    ['*/5 * * * *', '2026-01-01T00:04:59Z', '2026-01-01T00:05:00Z'],
    ['0 0 * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['@daily', '2026-01-01T12:00:00Z', '2026-01-02T00:00:00Z'],
    ['@hourly', '2026-01-01T12:00:01Z', '2026-01-01T13:00:00Z'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
    ['@monthly', '2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['30 4 1,15 * *', '2026-01-02T00:00:00Z', '2026-01-15T04:30:00Z'],
    ['0 9-17/4 * * *', '2026-01-01T10:00:00Z', '2026-01-01T13:00:00Z'],
    ['5/20 * * * *', '2026-01-01T00:26:00Z', '2026-01-01T00:45:00Z'],
    ['0 0 * * MON', '2026-01-01T00:00:00Z', '2026-01-05T00:00:00Z'],
    ['0 0 * FEB-mar *', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['0 0 13 * FRI', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['0 0 13 * ?', '2026-01-01T00:00:00Z', '2026-01-13T00:00:00Z'],
    ['0 0 */2 * FRI', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['  0  0  *  *  *  ', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ])('%s after %s is %s', (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected)
  })

  it.each([
    ['0 0 * * *', '2026-01-01T12:00:00Z', 'Europe/Berlin', '2026-01-01T23:00:00Z'],
    ['0 0 * * *', '2026-07-01T12:00:00Z', 'Europe/Berlin', '2026-07-01T22:00:00Z'],
    ['30 9 * * *', '2026-01-01T00:00:00Z', 'Asia/Kolkata', '2026-01-01T04:00:00Z'],
    ['0 0 * * *', '2026-01-01T00:00:00Z', 'Pacific/Kiritimati', '2026-01-01T10:00:00Z'],
  ])('%s after %s in %s is %s', (schedule, after, zone, expected) => {
    expect(next(schedule, after, zone)).toBe(expected)
  })

  it('leaves out a wall time that the clocks jump over', () => {
    // 2026-03-29 02:30 does not exist in Berlin.
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30:00Z')
  })

  it('fires at both of two equal wall times', () => {
    // 2026-10-25 02:30 occurs twice in Berlin, at 00:30 and 01:30 UTC.
    const first = next('30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Berlin')
    const second = next('30 2 * * *', first ?? '', 'Europe/Berlin')

    expect([first, second]).toEqual(['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'])
  })

  it('counts an interval from the last run', () => {
    expect(next('@every 90m', '2026-01-01T04:00:00Z', 'UTC', '2026-01-01T00:30:00Z')).toBe('2026-01-01T05:00:00Z')
  })

  it.each(['0 0 31 2 *', 'FRI-MON', '0 0 * * FRI-MON', '60 * * * *', '* * * *', '@often'])(
    'is unknown for %s',
    (schedule) => {
      expect(next(schedule, '2026-01-01T00:00:00Z')).toBeUndefined()
    },
  )

  it('is unknown in a zone that does not exist', () => {
    expect(next('0 0 * * *', '2026-01-01T00:00:00Z', 'Mars/Olympus')).toBeUndefined()
  })

  it('lies ahead, on a whole minute, whatever the time and zone', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']
    const schedules = ['*/7 * * * *', '15 3 * * *', '0 0 1 * *', '59 23 * * 6', '30 1,2 * * *']
    const time = fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2030-01-01') })

    fc.assert(
      fc.property(fc.constantFrom(...schedules), fc.constantFrom(...zones), time, (schedule, timeZone, afterMs) => {
        const ms = nextFireMs({ schedule, timeZone, anchorMs: 0 }, afterMs) ?? 0

        expect(ms).toBeGreaterThan(afterMs)
        expect(ms % 60_000).toBe(0)
        // Nothing was left out: seen from just before it, it is still the next.
        expect(nextFireMs({ schedule, timeZone, anchorMs: 0 }, ms - 1)).toBe(ms)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a schedule that never fires', () => {
  it.each([
    ['0 0 31 2 *', true],
    ['0 0 30 2 *', true],
    ['0 0 29 2 *', false],
    ['0 0 31 4 MON', false],
    ['0 0 31 4 *', true],
    ['@daily', false],
    ['@every 1h', false],
  ])('%s: %s', (schedule, expected) => {
    expect(neverFires(schedule, Date.parse('2026-01-01'))).toBe(expected)
  })
})

describe('the calendar', () => {
  it('agrees with the platform on every day', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (days) => {
        const date = new Date(days * DAY_MS)
        const civil = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }

        expect(civilOf(days)).toEqual(civil)
        expect(daysOf(civil)).toBe(days)
        expect(weekdayOf(days)).toBe(date.getUTCDay())
      }),
    )
  })
})
