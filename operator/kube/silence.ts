// Notices that nothing was heard for a while. One timer however often something is heard, since a watch hears
// thousands of chunks and a timer for each would cost more than reading them.
import type { Clock } from '#lib/clock.ts'

export interface Silence extends Disposable {
  heard(): void
  /** From now on, and counted from now. */
  setLimit(ms: number): void
  /** True when it was too long, once. */
  isTooLong(): boolean
  limitMs(): number
}

export function watchSilence(clock: Clock, limit: number, onTooLong: () => void): Silence {
  let limitMs = limit
  let heardMs = clock.monotonicMs()
  let isTooLong = false
  const onTimer = (): void => {
    const leftMs = heardMs + limitMs - clock.monotonicMs()
    if (leftMs > 0) timer = clock.schedule(leftMs, onTimer)
    else {
      isTooLong = true
      onTooLong()
    }
  }
  let timer = clock.schedule(limitMs, onTimer)
  return {
    heard: () => {
      heardMs = clock.monotonicMs()
    },
    setLimit: (ms) => {
      limitMs = ms
      heardMs = clock.monotonicMs()
      timer[Symbol.dispose]()
      timer = clock.schedule(ms, onTimer)
    },
    isTooLong: () => isTooLong,
    limitMs: () => limitMs,
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  }
}
