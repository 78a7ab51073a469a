// What the three clocks of this process say now. Taken before a call is sent, never after its answer.
import type { Clock } from '#lib/clock.ts'
import type { Moment } from './lock.ts'

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), bootMs: clock.bootMs(), wallMs: clock.now() }
}
