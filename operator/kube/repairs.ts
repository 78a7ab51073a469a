// How soon an object may be put right again. Somebody who undoes each repair at once (a policy, another controller)
// would make a loop as fast as the network: the first few repairs are made at once, then their distance doubles up to
// a minute, until the object was left alone for a while.
import type { Clock } from '#lib/clock.ts'

interface Repairs {
  /** 0: now. */
  waitMs(uid: string): number
  /** One was made. True when the next ones have to wait from now on. */
  made(uid: string): boolean
}

const AT_ONCE = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
const PEACE_MS = 5 * 60_000
// Objects that are being put right; beyond that, all begin anew.
const KEPT = 10_000

interface Row {
  readonly count: number
  readonly lastMs: number
}

export function createRepairs(clock: Clock): Repairs {
  const rows = new Map<string, Row>()
  const rowOf = (uid: string): Row | undefined => {
    const row = rows.get(uid)
    if (row === undefined || clock.monotonicMs() - row.lastMs < PEACE_MS) return row
    rows.delete(uid)
    return undefined
  }
  return {
    waitMs: (uid) => {
      const row = rowOf(uid)
      if (row === undefined || row.count < AT_ONCE) return 0
      const distanceMs = Math.min(FIRST_WAIT_MS * 2 ** (row.count - AT_ONCE), LONGEST_WAIT_MS)
      return Math.max(0, row.lastMs + distanceMs - clock.monotonicMs())
    },
    made: (uid) => {
      const count = (rowOf(uid)?.count ?? 0) + 1
      if (rows.size >= KEPT) rows.clear()
      rows.set(uid, { count, lastMs: clock.monotonicMs() })
      return count === AT_ONCE
    },
  }
}
