// A cron expression of five fields as sets of numbers, with the rules of the parser that Kubernetes uses.

export interface Expression {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** A star in either field of days: both must match. Without one, either is enough. */
  readonly bothDays: boolean
}

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Undefined for what Kubernetes refuses too, such as FRI-MON. */
export function parseExpression(schedule: string): Expression | undefined {
  const text = schedule.trim()
  const fields = (macros[text] ?? text).split(/ +/)
  const minutes = parseField(fields[0], { min: 0, max: 59, names: [] })
  const hours = parseField(fields[1], { min: 0, max: 23, names: [] })
  const days = parseField(fields[2], { min: 1, max: 31, names: [] })
  const months = parseField(fields[3], { min: 1, max: 12, names: monthNames })
  const weekdays = parseField(fields[4], { min: 0, max: 6, names: dayNames })
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return undefined
  return { minutes, hours, days, months, weekdays, bothDays: hasStar(fields[2]) || hasStar(fields[4]) }
}

interface Range {
  readonly min: number
  readonly max: number
  /** Names of the values, the first for `min`. */
  readonly names: readonly string[]
}

function parseField(text: string | undefined, range: Range): ReadonlySet<number> | undefined {
  const items = (text ?? '').split(',').map((item) => parseItem(item, range))
  const known = items.filter((item) => item !== undefined)
  return known.length === items.length ? new Set(known.flat()) : undefined
}

function parseItem(text: string, range: Range): readonly number[] | undefined {
  const [span = '', stepText] = text.split('/')
  const step = stepText === undefined ? 1 : Number(stepText)
  const bounds = parseSpan(span, range, stepText !== undefined)
  if (bounds === undefined || !Number.isInteger(step) || step < 1) return undefined
  const [first, last] = bounds
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_none, index) => first + index * step)
}

/** `N/step` means from N to the end. */
function parseSpan(text: string, range: Range, hasStep: boolean): readonly [number, number] | undefined {
  if (text === '*' || text === '?') return [range.min, range.max]
  const [from = '', to] = text.split('-')
  const first = parseValue(from, range)
  const open = hasStep ? range.max : first
  const last = to === undefined ? open : parseValue(to, range)
  if (first === undefined || last === undefined) return undefined
  return isWithin(first, last, range) ? [first, last] : undefined
}

function isWithin(first: number, last: number, range: Range): boolean {
  return range.min <= first && first <= last && last <= range.max
}

function parseValue(text: string, range: Range): number | undefined {
  if (/^[0-9]+$/.test(text)) return Number(text)
  const index = range.names.indexOf(text.toLowerCase())
  return index === -1 ? undefined : range.min + index
}

/** As in Kubernetes, a star with a step above 1 counts as a list and not as a star. */
function hasStar(text: string | undefined): boolean {
  return (text ?? '').split(',').some((item) => /^[*?](\/0*1)?$/.test(item))
}
