// A rate with a burst: take() answers at once while there are tokens, then waits for the next one.
import type { Clock } from '#lib/clock.ts'

export interface TokenBucket {
  /** AbortError when the signal fires while waiting. */
  take(signal: AbortSignal): Promise<void>
}

export function createTokenBucket(
  rate: { readonly perSecond: number; readonly burst: number },
  clock: Clock,
): TokenBucket {
  let tokens = rate.burst
  let atMs = clock.monotonicMs()
  return {
    take: async (signal) => {
      const nowMs = clock.monotonicMs()
      tokens = Math.min(rate.burst, tokens + ((nowMs - atMs) / 1000) * rate.perSecond) - 1
      atMs = nowMs
      // Below zero the token was taken in advance; whoever comes meanwhile waits longer.
      if (tokens < 0) await clock.sleep((-tokens / rate.perSecond) * 1000, signal)
    },
  }
}
