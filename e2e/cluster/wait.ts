// Waiting until something holds, with a limit and with a look at the process that should make it hold.
import { scopeOf } from '#lib/abort.ts'
import { systemClock } from '#lib/clock.ts'
import { AbortError, TerminalError, messageOf } from '#lib/errors.ts'
import { formatDuration } from '#lib/time.ts'

const POLL_MS = 50

export interface WaitOptions {
  /** For the message: "kube-apiserver answers /readyz". */
  readonly what: string
  readonly limitMs: number
  /** What to add when it never holds: where to look. */
  readonly hint?: () => Promise<string>
  /** False ends the wait at once. */
  readonly canStillHappen?: () => boolean
}

/** A check that throws counts as "not yet"; its message becomes the cause. Throws TerminalError after the limit. */
export async function waitUntil(
  check: (signal: AbortSignal) => Promise<boolean>,
  options: WaitOptions,
  signal: AbortSignal,
): Promise<void> {
  const { what, limitMs, hint, canStillHappen = () => true } = options
  using scope = scopeOf([signal], { clock: systemClock, ms: limitMs })
  let last: unknown
  while (canStillHappen()) {
    try {
      if (await check(scope.signal)) return
      await systemClock.sleep(POLL_MS, scope.signal)
    } catch (error) {
      if (signal.aborted) throw new AbortError(`${what}: aborted`, { cause: error })
      if (scope.isTimedOut()) break
      last = error
      await systemClock.sleep(POLL_MS, scope.signal).catch(() => undefined)
    }
  }
  signal.throwIfAborted()
  const how = scope.isTimedOut() ? `not within ${formatDuration(limitMs)}` : 'it ended instead'
  const cause = last === undefined ? '' : ` (${messageOf(last)})`
  throw new TerminalError(`${what}: ${how}${cause}${hint === undefined ? '' : `; ${await hint()}`}`)
}
