// Which of many identical log lines are written: the first, then one each 60 s with the number left out since.
import type { LogFields } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'

export interface Repeats {
  /** Undefined: leave it out. Else how many were left out since the last that was written. */
  next(message: string, fields: LogFields): number | undefined
}

const EVERY_MS = 60_000
// More different warnings than this within a minute: the oldest is forgotten and may come again early.
const MOST = 1_000

export function createRepeats(clock: Clock): Repeats {
  const seen = new Map<string, { readonly writtenAtMs: number; leftOut: number }>()
  return {
    next: (message, fields) => {
      const key = `${message} ${JSON.stringify(fields, withoutTimes)}`
      const known = seen.get(key)
      if (known !== undefined && clock.monotonicMs() - known.writtenAtMs < EVERY_MS) {
        known.leftOut += 1
        return undefined
      }
      seen.delete(key)
      seen.set(key, { writtenAtMs: clock.monotonicMs(), leftOut: 0 })
      if (seen.size > MOST) forgetOldest()
      return known?.leftOut ?? 0
    },
  }

  function forgetOldest(): void {
    const [oldest] = seen.keys()
    if (oldest !== undefined) seen.delete(oldest)
  }
}

/** Measured times and counts of tries differ in lines that say the same. */
function withoutTimes(name: string, value: unknown): unknown {
  return name.endsWith('Ms') || name === 'attempt' || name === 'reconcileId' ? undefined : value
}
