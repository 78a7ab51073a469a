// At most n at a time, first come, first served.
import { onAbort } from '#lib/abort.ts'
import { AbortError } from '#lib/errors.ts'

export interface Permits {
  /** Waits for its turn. Disposing gives the place to the next one; twice is once. AbortError when the signal fires. */
  enter(signal: AbortSignal): Promise<Disposable>
}

export function createPermits(places: number): Permits {
  let free = places
  const waiting = new Set<() => void>()
  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }
  return {
    enter: async (signal) => {
      if (signal.aborted) throw new AbortError()
      if (free > 0) free -= 1
      else await turn(waiting, signal)
      let isHeld = true
      return {
        [Symbol.dispose]: () => {
          if (isHeld) leave()
          isHeld = false
        },
      }
    },
  }
}

async function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  using _listener = onAbort(signal, () => {
    // Not waiting any more: the place was already given to us, so the signal comes too late for this wait.
    if (waiting.delete(resolve)) reject(new AbortError())
  })
  waiting.add(resolve)
  await promise
}
