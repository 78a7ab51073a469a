// When a schedule fires next, for people: Kubernetes itself fires the runs. A pure function of the time given.
// Over a change of clocks: wall times that do not exist are left out, wall times that occur twice fire twice.
import { parseDurationMs } from '#lib/time.ts'
import { civilOf, DAY_MS, MINUTE_MS, weekdayOf, zoneOf, type Zone } from './calendar.ts'
import { parseExpression, type Expression } from './expression.ts'

export interface Schedule {
  readonly schedule: string
  /** IANA name. */
  readonly timeZone: string
  /** From where `@every` counts: the last run that was due, else the creation. */
  readonly anchorMs: number
}

/** Farther ahead than any schedule that fires at all, but for 29 February around the year 2100. */
const FIVE_YEARS_OF_DAYS = 1827

/** The first time after `afterMs`. Undefined when there is none within five years, or the text is no schedule. */
export function nextFireMs(of: Schedule, afterMs: number): number | undefined {
  const intervalMs = intervalOf(of.schedule)
  if (intervalMs !== undefined) return nextOfInterval(intervalMs, of.anchorMs, afterMs)
  const expression = parseExpression(of.schedule)
  const zone = zoneOf(of.timeZone)
  if (expression === undefined || zone === undefined) return undefined
  const today = Math.floor(zone.wallMs(afterMs) / DAY_MS)
  // From yesterday on: after the clocks were set back over midnight, the wall shows a day that had already begun.
  for (let day = today - 1; day <= today + FIVE_YEARS_OF_DAYS; day += 1) {
    const found = firesOn(expression, day) ? firstOfDay({ expression, zone, day, afterMs }) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** No day within five years matches (31 February). Judged without a zone, so it is cheap. */
export function neverFires(schedule: string, nowMs: number): boolean {
  const expression = parseExpression(schedule)
  if (expression === undefined) return false
  const today = Math.floor(nowMs / DAY_MS)
  for (let day = today; day <= today + FIVE_YEARS_OF_DAYS; day += 1) if (firesOn(expression, day)) return false
  return true
}

/** Of `@every`, in whole seconds, at least one, as Kubernetes rounds. Undefined for times of the clock. */
export function intervalOf(schedule: string): number | undefined {
  const every = /^ *@every +(\S+) *$/.exec(schedule)?.[1]
  const ms = every === undefined ? undefined : parseDurationMs(every)
  return ms === undefined ? undefined : Math.max(1, Math.floor(ms / 1000)) * 1000
}

function nextOfInterval(stepMs: number, anchorMs: number, afterMs: number): number {
  const steps = Math.max(1, Math.floor((afterMs - anchorMs) / stepMs) + 1)
  return anchorMs + steps * stepMs
}

function firesOn(expression: Expression, days: number): boolean {
  const { month, day } = civilOf(days)
  if (!expression.months.has(month)) return false
  const byDate = expression.days.has(day)
  const byWeekday = expression.weekdays.has(weekdayOf(days))
  return expression.bothDays ? byDate && byWeekday : byDate || byWeekday
}

interface DaySearch {
  readonly expression: Expression
  readonly zone: Zone
  readonly day: number
  readonly afterMs: number
}

function firstOfDay(search: DaySearch): number | undefined {
  const { zone, day, afterMs } = search
  const midnight = day * DAY_MS
  // All offsets of a day are those of the day before and after it: zones change at most once in three days.
  const offsets = new Set([midnight - DAY_MS, midnight + 2 * DAY_MS].map((ms) => zone.wallMs(ms) - ms))
  const instants = wallTimes(search.expression, midnight)
    .flatMap((wall) => [...offsets].map((offset) => ({ wall, ms: wall - offset })))
    .filter(({ ms }) => ms > afterMs)
    .toSorted((a, b) => a.ms - b.ms)
  // One offset: no change of clocks, so every wall time exists.
  if (offsets.size === 1) return instants[0]?.ms
  return instants.find(({ wall, ms }) => zone.wallMs(ms) === wall)?.ms
}

function wallTimes(expression: Expression, midnight: number): readonly number[] {
  return [...expression.hours].flatMap((hour) =>
    [...expression.minutes].map((minute) => midnight + (hour * 60 + minute) * MINUTE_MS),
  )
}
