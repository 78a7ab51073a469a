// Small words around AbortSignal. Long-lived signals see thousands of short waits, so every listener added
// here is taken off again; AbortSignal.any keeps its parts alive as long as the longest of them.
import type { Clock } from './clock.ts'
import { AbortError } from './errors.ts'

/** Calls `act` when the signal fires (at once if it has fired). Disposing takes the listener off. */
export function onAbort(signal: AbortSignal, act: () => void): Disposable {
  if (signal.aborted) {
    act()
    return { [Symbol.dispose]: () => undefined }
  }
  signal.addEventListener('abort', act, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) }
}

/** A signal that fires with its parents or after `ms`, whichever comes first. Dispose it when the work is over. */
export interface Scope extends Disposable {
  readonly signal: AbortSignal
  /** True when the time ran out, as opposed to a parent having fired. */
  readonly isTimedOut: () => boolean
  abort(): void
}

export function scopeOf(
  parents: readonly AbortSignal[],
  timeout?: { readonly clock: Clock; readonly ms: number },
): Scope {
  const controller = new AbortController()
  let timedOut = false
  const listeners = parents.map((parent) => onAbort(parent, () => controller.abort()))
  const timer = timeout?.clock.schedule(timeout.ms, () => {
    timedOut = true
    controller.abort()
  })
  return {
    signal: controller.signal,
    isTimedOut: () => timedOut,
    abort: () => controller.abort(),
    [Symbol.dispose]: () => {
      for (const listener of listeners) listener[Symbol.dispose]()
      timer?.[Symbol.dispose]()
    },
  }
}

/** Resolves when the signal has fired. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    onAbort(signal, () => resolve())
  })
}

/** The promise, or AbortError as soon as the signal fires. The work itself goes on; give it the signal too. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined)
    throw new AbortError()
  }
  return await new Promise<T>((resolve, reject) => {
    const listener = onAbort(signal, () => reject(new AbortError()))
    work.then(resolve, reject).finally(() => listener[Symbol.dispose]())
  })
}
