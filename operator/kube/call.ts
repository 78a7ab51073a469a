// The words in which the rest of kube/ talks to the API server: one call, two lanes, one kind of stream.
import type { LeaseClient } from '#api/ports.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** `lease` has a socket of its own, so that a full pool cannot delay a renewal. */
export type Lane = 'request' | 'lease'

export interface Call {
  readonly method: Method
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Left out: application/json. */
  readonly contentType?: string
  /** From the call of send to the last byte of the answer. On it the raw socket is reset. */
  readonly deadlineMs: number
  /**
   * Writes: asked in the very tick that hands the bytes to a connected socket. False: nothing is sent and send throws
   * AbortError.
   */
  readonly maySend?: () => boolean
  /** For metrics and messages: plural of the resource. */
  readonly resource: string
}

export interface Client extends AsyncDisposable {
  /**
   * One request, one JSON answer. Throws TransientError (429 and 5xx with retryAfterMs, time-outs, broken sockets),
   * ConflictError (409; reason already_exists or conflict), TerminalError (400, 403, 422; 404 with reason not_found when
   * the object is absent, unknown when the path is not served), AbortError (the signal fired, or maySend said no).
   * A write is never repeated here.
   */
  send(call: Call, lane: Lane, signal: AbortSignal): Promise<unknown>
  /** The bytes of a watch. Ends when the server ends it; throws the errors of send, also when no byte came for stallMs. */
  watch(call: Call, stallMs: number, signal: AbortSignal): AsyncIterable<Uint8Array>
  readonly leases: LeaseClient
  /** For people and the lock identity: URL of the API server. */
  readonly server: string
}
