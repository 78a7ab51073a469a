// For how long a native CronJob has been suspended, by the monotonic clock of this replica: counted from the first look
// at which the watch itself had delivered the suspended version, since our own answer says nothing about how far the
// watch is. A run that is asked for waits for it. A take-over counts anew, which only takes longer.
import type { CronJobFact } from '#api/facts.ts'
import type { Stores } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'

export interface Suspensions {
  /** Undefined: not suspended, or not confirmed by the watch. Notes the beginning. */
  lastedMs(cronJob: CronJobFact): number | undefined
}

// Far more runs than anybody asks for at once; what is forgotten is counted anew.
const REMEMBERED = 10_000

export function createSuspensions(stores: Stores, clock: Clock): Suspensions {
  const begun = new Map<string, number>()
  return {
    lastedMs: (cronJob) => {
      if (!cronJob.suspended) begun.delete(cronJob.uid)
      if (!cronJob.suspended || !stores.children.CronJob.isConfirmed(cronJob)) return undefined
      const nowMs = clock.monotonicMs()
      const sinceMs = begun.get(cronJob.uid) ?? nowMs
      begun.set(cronJob.uid, sinceMs)
      const [oldest] = begun.keys()
      if (begun.size > REMEMBERED && oldest !== undefined) begun.delete(oldest)
      return nowMs - sinceMs
    },
  }
}
