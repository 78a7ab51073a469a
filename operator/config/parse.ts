// What a key accepts: one small parser per type of value. A parser says what is allowed, the caller adds where the
// value stood and what it was. PURE.
import { formatDuration, parseDurationMs } from '#lib/time.ts'

export type Source = 'flag' | 'env' | 'file'

export type Parsed<T> =
  | { readonly type: 'value'; readonly value: T; readonly warning?: string }
  | { readonly type: 'problem'; readonly rule: string; readonly hint?: string }

export type Parse<T> = (raw: unknown, source: Source) => Parsed<T>

/** Above this a bare integer is a duration in nanoseconds, as the Go version wrote them: 1 ms. */
const SMALLEST_NANOSECONDS = 1_000_000

export function text(pattern: RegExp, rule: string): Parse<string> {
  return (raw) => {
    if (typeof raw !== 'string') return problem(rule, 'numbers and words such as true need quotes')
    return pattern.test(raw) ? value(raw) : problem(rule)
  }
}

export function integer(min: number, max: number): Parse<number> {
  return (raw) => {
    const number = typeof raw === 'string' && /^-?[0-9]{1,15}$/.test(raw) ? Number(raw) : raw
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return value(number)
    return problem(`must be an integer from ${min} to ${max}`)
  }
}

export function boolean(): Parse<boolean> {
  return (raw) => {
    const word = String(raw).toLowerCase()
    if (word === 'true' || word === '1') return value(true)
    if (word === 'false' || word === '0') return value(false)
    return problem('must be true or false')
  }
}

export function oneOf<const T extends string>(words: readonly T[]): Parse<T> {
  return (raw) => {
    const found = words.find((word) => word === raw)
    return found === undefined ? problem(`must be ${quotedList(words)}`) : value(found)
  }
}

/** A sequence in the file, words between commas elsewhere. */
export function list(pattern: RegExp, rule: string, most: number): Parse<readonly string[]> {
  return (raw) => {
    const items: readonly unknown[] = typeof raw === 'string' ? raw.split(',').map((item) => item.trim()) : asArray(raw)
    const names = items.filter((item) => typeof item === 'string' && pattern.test(item)).map(String)
    if (items.length === 0 || names.length !== items.length || names.length > most) return problem(rule)
    return value([...new Set(names)])
  }
}

export interface DurationRange {
  readonly minMs: number
  readonly maxMs: number
  /** The variable is documented as a number of seconds. */
  readonly secondsInVariable?: boolean
}

export function duration(range: DurationRange): Parse<number> {
  const rule = `must be a duration from ${exactDuration(range.minMs)} to ${exactDuration(range.maxMs)}, such as '30s'`
  return (raw, source) => {
    const parsed = durationMs(raw, source === 'env' && range.secondsInVariable === true)
    if (parsed === undefined) return problem(rule)
    if (parsed.type === 'problem') return parsed
    const allowed = Number.isInteger(parsed.value) && parsed.value >= range.minMs && parsed.value <= range.maxMs
    return allowed ? parsed : problem(rule)
  }
}

/** 'a', 'b' or 'c' */
function quotedList(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`)
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** Never rounded, unlike formatDuration: people copy it back. */
export function exactDuration(ms: number): string {
  return parseDurationMs(formatDuration(ms)) === ms ? formatDuration(ms) : `${ms}ms`
}

function durationMs(raw: unknown, bareSeconds: boolean): Parsed<number> | undefined {
  const bare = typeof raw === 'string' && /^[0-9]{1,18}$/.test(raw) ? Number(raw) : raw
  if (typeof bare === 'number' && Number.isInteger(bare)) return bareDuration(bare, bareSeconds)
  const ms = typeof raw === 'string' ? parseDurationMs(raw) : undefined
  return ms === undefined ? undefined : value(ms)
}

function bareDuration(number: number, bareSeconds: boolean): Parsed<number> {
  if (bareSeconds && number < SMALLEST_NANOSECONDS) return value(number * 1000)
  const ms = Math.round(number / 1_000_000)
  if (number < SMALLEST_NANOSECONDS)
    return problem(
      'must have a unit',
      `write '${number}s' for seconds or '${number}ms' for milliseconds; the Go version read bare numbers as nanoseconds`,
    )
  const warning = `a duration without a unit is read as nanoseconds, which is deprecated; write '${exactDuration(ms)}'`
  return { type: 'value', value: ms, warning }
}

function asArray(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : []
}

function value<T>(of: T): Parsed<T> {
  return { type: 'value', value: of }
}

function problem(rule: string, hint?: string): Extract<Parsed<never>, { readonly type: 'problem' }> {
  return { type: 'problem', rule, ...(hint === undefined ? {} : { hint }) }
}
