// Exponential back-off with jitter, as a value that is asked for the next wait.
import type { Clock } from './clock.ts'

export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor: number
  /** Share of the wait that is random, 0 to 1: 0.2 gives 80 % to 120 %. */
  readonly jitter: number
  /** A success that lasted this long starts the row again. */
  readonly resetAfterMs?: number
  readonly random?: () => number
}

export interface Backoff {
  /** The wait before the next try; each call raises it. */
  nextMs(): number
  reset(): void
}

export function createBackoff(options: BackoffOptions, clock?: Clock): Backoff {
  const random = options.random ?? Math.random
  let attempt = 0
  let lastAtMs = Number.NEGATIVE_INFINITY
  return {
    nextMs: () => {
      const nowMs = clock?.monotonicMs() ?? 0
      if (clock !== undefined && options.resetAfterMs !== undefined && nowMs - lastAtMs > options.resetAfterMs)
        attempt = 0
      const ms = backoffMs(attempt, options, random)
      attempt += 1
      lastAtMs = nowMs + ms
      return ms
    },
    reset: () => {
      attempt = 0
    },
  }
}

/** The wait before try number `attempt` + 1, counted from 0. */
export function backoffMs(
  attempt: number,
  options: Pick<BackoffOptions, 'initialMs' | 'maxMs' | 'factor' | 'jitter'>,
  random: () => number,
): number {
  // 2^40 is beyond every cap and still exact; a higher power would become Infinity and then NaN with jitter 0.
  const exponent = Math.min(attempt, 40)
  const plain = Math.min(options.initialMs * options.factor ** exponent, options.maxMs)
  return plain * (1 - options.jitter + 2 * options.jitter * random())
}
