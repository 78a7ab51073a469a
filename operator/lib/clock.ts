// Time as a dependency. This file and time.ts are the only ones that touch Date, performance or timers.
import os from 'node:os'
import { AbortError } from './errors.ts'

export interface Clock {
  /** Wall clock, ms since 1970. For what people read; never for measuring. */
  now(): number
  /** Never goes back; stands still while the machine is suspended. */
  monotonicMs(): number
  /** Never goes back; counts suspend. Resolution 10 ms. */
  bootMs(): number
  /** Rejects with AbortError when the signal fires, also when it had fired before. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Runs `act` once after `ms`; disposing before that cancels it. `act` must not throw. */
  schedule(ms: number, act: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  bootMs: () => os.uptime() * 1000,
  sleep: (ms, signal) => sleep(ms, signal),
  schedule: (ms, act) => {
    const timer = setTimeout(act, ms)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new AbortError()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(new AbortError())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
