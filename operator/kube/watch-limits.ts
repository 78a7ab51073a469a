// The limits of lists and watches, in one place.

export interface WatchLimits {
  /** Time to the first byte of a watch; a page has `pageMs`. */
  readonly headersMs: number
  readonly pageMs: number
  readonly pageSize: number
  /** Servers send a bookmark about every 60 s: no byte for this long means that the connection is dead. */
  readonly stallMs: number
  /** A stream that lived this long and ended cleanly is resumed at once. */
  readonly shortLivedMs: number
  /** The server ends a watch after a random time in this range, so that replicas do not come back together. */
  readonly timeoutSeconds: readonly [number, number]
  readonly backoff: BackoffLimits
  /** The same failure is logged again only after this time. */
  readonly logAgainMs: number
}

export interface BackoffLimits {
  readonly initialMs: number
  readonly maxMs: number
  readonly factor: number
  readonly jitter: number
  /** Alive for this long: the row starts again. */
  readonly resetAfterMs: number
}

export const retryBackoff: BackoffLimits = {
  initialMs: 800,
  maxMs: 30_000,
  factor: 2,
  jitter: 0.2,
  resetAfterMs: 120_000,
}

export const watchLimits: WatchLimits = {
  headersMs: 10_000,
  pageMs: 30_000,
  pageSize: 500,
  stallMs: 90_000,
  shortLivedMs: 5_000,
  timeoutSeconds: [300, 600],
  backoff: retryBackoff,
  logAgainMs: 60_000,
}
