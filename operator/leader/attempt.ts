// One call to a store, with a deadline that holds even when the store ignores its signal.
import { orAbort, scopeOf } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import type { ErrorReason } from '#lib/errors.ts'
import { AbortError, ConflictError, TerminalError, TransientError } from '#lib/errors.ts'

export interface Limit {
  readonly clock: Clock
  readonly ms: number
  /** Left out: nothing but time ends the call. */
  readonly signal?: AbortSignal
}

/** Throws what the call throws; TransientError (timeout) after `ms`, AbortError when the signal fires. */
export async function attempt<T>(limit: Limit, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using scope = scopeOf(limit.signal === undefined ? [] : [limit.signal], limit)
  try {
    return await orAbort(call(scope.signal), scope.signal)
  } catch (error) {
    if (scope.isTimedOut()) throw new TransientError('no answer in time', { cause: error, reason: 'timeout' })
    throw error
  }
}

export function reasonOf(error: unknown): ErrorReason {
  const isOurs =
    error instanceof TransientError ||
    error instanceof TerminalError ||
    error instanceof ConflictError ||
    error instanceof AbortError
  return isOurs ? error.reason : 'unknown'
}
