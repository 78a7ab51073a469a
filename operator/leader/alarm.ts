// A wait that somebody else can cut short. A ring before the wait is not lost: the next wait returns at once.
import { onAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'

export interface Alarm {
  ring(): void
  /** Resolves after `ms`, at a ring, or when the signal fires; never rejects. The caller looks which it was. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createAlarm(clock: Clock): Alarm {
  let isRung = false
  let wakeUp = (): void => undefined
  return {
    ring: () => {
      isRung = true
      wakeUp()
    },
    wait: async (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      wakeUp = resolve
      if (isRung) resolve()
      using _timer = clock.schedule(ms, resolve)
      using _listener = onAbort(signal, resolve)
      await promise
      isRung = false
    },
  }
}
