// Days and zones, without Date: a pure function of the time that is given. Wall time is kept as if it were UTC.

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

export interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days since 1970-01-01 of a date of the Gregorian calendar (the usual era arithmetic, years from March). */
export function daysOf({ year, month, day }: Civil): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The date of a number of days since 1970-01-01. */
export function civilOf(days: number): Civil {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** 0 is Sunday. 1970-01-01 was a Thursday. */
export function weekdayOf(days: number): number {
  return (((days + 4) % 7) + 7) % 7
}

export interface Zone {
  /** Wall time at an instant. */
  wallMs(ms: number): number
}

/** Undefined for a name that this platform does not know. */
export function zoneOf(name: string): Zone | undefined {
  if (name === 'UTC' || name === 'Etc/UTC') return { wallMs: (ms) => ms }
  const known = zones.get(name)
  if (known !== undefined) return known
  try {
    const zone = zoneFrom(new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', { ...parts, timeZone: name }))
    zones.set(name, zone)
    return zone
  } catch {
    return undefined
  }
}

/** Making a format costs more than all its uses in a look. There are some six hundred zones. */
const zones = new Map<string, Zone>()

const parts = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
  hourCycle: 'h23',
} as const

function zoneFrom(format: Intl.DateTimeFormat): Zone {
  return {
    wallMs: (ms) => {
      const found = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
      const read = (type: keyof Intl.DateTimeFormatPartTypesRegistry): number => found.get(type) ?? 0
      const days = daysOf({ year: read('year'), month: read('month'), day: read('day') })
      return days * DAY_MS + read('hour') * 3_600_000 + read('minute') * MINUTE_MS + read('second') * 1000
    },
  }
}
