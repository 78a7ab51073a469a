// The four ways in which an operation fails. Adapters translate what their library throws into one of these
// at their edge; nothing above them sees an HTTP status or a driver's code.

export interface ErrorDetails {
  readonly cause?: unknown
  /** Word for metrics and logs from a closed set: timeout, throttled, unavailable, unauthorized, forbidden, not_found, already_exists, conflict, invalid, quota, canceled, unknown. */
  readonly reason?: ErrorReason
}

export type ErrorReason =
  | 'timeout'
  | 'throttled'
  | 'unavailable'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'invalid'
  | 'quota'
  | 'canceled'
  | 'unknown'

/** Worth another try with back-off. The outcome of a write that threw this is unknown unless the reason says otherwise. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  readonly reason: ErrorReason
  /** The other side asked to wait at least this long (Retry-After). */
  readonly retryAfterMs: number | undefined

  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = details.reason ?? 'unknown'
    this.retryAfterMs = details.retryAfterMs
  }
}

/** Trying again changes nothing until somebody changes the input: the other side's own sentence is in the message. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  readonly reason: ErrorReason

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = details.reason ?? 'invalid'
  }
}

/** A precondition did not hold: somebody else moved first. Read again, decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
  readonly reason: ErrorReason

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.reason = details.reason ?? 'conflict'
  }
}

/** The caller's signal fired: leave quietly. */
export class AbortError extends Error {
  override readonly name = 'AbortError'
  readonly reason: ErrorReason = 'canceled'

  constructor(message = 'aborted', options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
  }
}

/** True for our own AbortError and for what the platform throws when an AbortSignal fires. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof AbortError ||
    (error instanceof Error && (error.name === 'AbortError' || error.name === 'ABORT_ERR'))
  )
}

/** The message of anything that was thrown, with its causes, on one line. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const text = error.message === '' ? error.name : error.message
  return error.cause === undefined ? text : `${text}: ${messageOf(error.cause)}`
}
