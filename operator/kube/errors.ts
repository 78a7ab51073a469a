// What the API server answers and what the network throws, in the words of lib/errors.ts. Nothing above kube/ sees an
// HTTP status. The message is the server's own sentence where it sent one.
import type { ErrorReason } from '#lib/errors.ts'
import { ConflictError, TerminalError, TransientError, messageOf } from '#lib/errors.ts'
import { numberAt, objectAt, textAt } from '#lib/json.ts'

export interface Answer {
  readonly status: number
  /** The body as text; a Status object where the API server itself answered. */
  readonly text: string
  /** Header Retry-After: seconds, or an HTTP date (ignored). */
  readonly retryAfter?: string
}

/** `what` names the request for answers that explain nothing themselves: "GET /api/v1/pods". */
export function errorOfAnswer(answer: Answer, what: string): Error {
  return errorOfStatus(answer.status, statusOf(answer.text), {
    fallback: `${what} was answered with ${answer.status}${excerptOf(answer.text)}`,
    ...(answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }),
  })
}

/** The error in a watch event of type ERROR. */
export function errorOfEvent(status: unknown, what: string): Error {
  const code = numberAt(status, 'code') ?? 500
  return errorOfStatus(code, status, { fallback: `${what} was ended with ${code}` })
}

/**
 * Each HTTP status as one of the four errors. 410 (a resource version or page token that has expired) is a
 * ConflictError: read again. 401 is transient, since credentials are read anew after it.
 */
function errorOfStatus(
  code: number,
  status: unknown,
  details: { readonly fallback: string; readonly retryAfter?: string },
): Error {
  const message = textAt(status, 'message') ?? details.fallback
  if (code === 409 || code === 410) {
    const isTaken = textAt(status, 'reason') === 'AlreadyExists'
    return new ConflictError(message, { reason: isTaken ? 'already_exists' : 'conflict' })
  }
  const transientReason = transientReasonOf(code)
  if (transientReason === undefined) return refusalOf(code, status, message)
  const retryAfterMs = retryAfterMsOf(status, details.retryAfter)
  return new TransientError(message, {
    reason: transientReason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

function transientReasonOf(code: number): ErrorReason | undefined {
  if (code === 401) return 'unauthorized'
  if (code === 429) return 'throttled'
  if (code === 408 || code === 504) return 'timeout'
  return code >= 500 ? 'unavailable' : undefined
}

/**
 * Only the API server can say that an object is not there, or that a wish is wrong: it does so with a Status. A page of a
 * proxy says nothing about either. A path that is not served (a CRD that is not installed) is answered without one, too.
 */
function refusalOf(code: number, status: unknown, message: string): Error {
  if (code === 404) {
    const isAbsent = textAt(status, 'reason') === 'NotFound'
    return new TerminalError(message, { reason: isAbsent ? 'not_found' : 'unknown' })
  }
  if (textAt(status, 'kind') !== 'Status') return new TransientError(message, { reason: 'unavailable' })
  if (code !== 403) return new TerminalError(message, { reason: 'invalid' })
  return new TerminalError(message, { reason: message.includes('exceeded quota') ? 'quota' : 'forbidden' })
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by the configured certificate authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by the configured certificate authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by the configured certificate authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not signed by the configured certificate authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the configured certificate authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

/** Whatever a socket threw, as one sentence that names the server. */
export function networkError(error: unknown, server: string): TransientError {
  const code = codeOf(error)
  const words = (code === undefined ? undefined : NETWORK_WORDS[code]) ?? messageOf(error)
  return new TransientError(`cannot reach the API server ${server}: ${words}`, {
    cause: error,
    reason: code === 'ETIMEDOUT' ? 'timeout' : 'unavailable',
  })
}

/** True when new credentials or a new CA may mend it: the server is there, but is not trusted or does not trust us. */
export function isTrustError(error: unknown): boolean {
  const code = codeOf(error)
  if (code === undefined) return false
  // ERR_INVALID_CHAR: a token that was read while it was being written.
  return /CERT|_SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^EPROTO|^ERR_INVALID_CHAR/.test(code)
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function retryAfterMsOf(status: unknown, header: string | undefined): number | undefined {
  const seconds = header === undefined ? numberAt(objectAt(status, 'details'), 'retryAfterSeconds') : Number(header)
  return seconds === undefined || !Number.isFinite(seconds) || seconds < 0 ? undefined : seconds * 1000
}

function statusOf(text: string): unknown {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // A proxy's page or a cut answer: the caller has a sentence of its own.
  }
}

function excerptOf(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line === '' ? '' : `: ${line.slice(0, 200)}`
}
