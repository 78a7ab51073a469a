// One HTTP exchange over a lane. It promises that the bytes of a request are handed to a connected socket in the tick in
// which `maySend` was asked, and that nothing of it is sent after the signal has fired. It repeats nothing.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { onAbort } from '#lib/abort.ts'
import { AbortError } from '#lib/errors.ts'
import type { LaneName, LaneOptions, Lanes } from './lanes.ts'

export interface Exchange {
  readonly lane: LaneName
  readonly method: string
  readonly server: URL
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly maySend?: () => boolean
  /** The socket is free again, or gone. */
  readonly onClosed?: () => void
}

export type Exchanged =
  | { readonly type: 'answered'; readonly response: IncomingMessage }
  /** `stale`: the server had closed a connection that we used again, before it sent a byte of an answer. */
  | { readonly type: 'failed'; readonly error: unknown; readonly stale: boolean }

/** Resolves with the head of the answer. The signal also ends the reading of its body. */
export function exchange(lanes: Lanes, of: Exchange, signal: AbortSignal): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>()
  let isAnswered = false
  if (signal.aborted) return notMade(of, new AbortError())
  const options: LaneOptions = {
    agent: lanes.agent(of.lane),
    host: of.server.hostname.replace(/^\[|\]$/g, ''),
    port: of.server.port || '443',
    method: of.method,
    path: of.path,
    headers: { Host: of.server.host, ...of.headers },
    opening: signal,
  }
  let request: ClientRequest
  try {
    request = requestHttps(options)
  } catch (error) {
    // A token with a character that no header may have.
    return notMade(of, error)
  }
  // On the raw socket first: destroying the request alone would close the connection in good order, and the kernel
  // would still deliver what it holds once the network is back.
  const listener = onAbort(signal, () => {
    if (request.socket) lanes.reset(request.socket)
    request.destroy(new AbortError())
  })
  request.once('socket', () => hand(request, of, signal))
  request.once('response', (response) => {
    isAnswered = true
    resolve({ type: 'answered', response })
  })
  request.on('error', (error) => resolve({ type: 'failed', error, stale: isStale(request, error) }))
  request.once('close', () => {
    listener[Symbol.dispose]()
    of.onClosed?.()
    // After an error this says nothing new; an error is costly to make, so not for each request that went well.
    if (!isAnswered) resolve({ type: 'failed', error: new AbortError(), stale: false })
  })
  return promise
}

function notMade(of: Exchange, error: unknown): Promise<Exchanged> {
  of.onClosed?.()
  return Promise.resolve({ type: 'failed', error, stale: false })
}

/** Between the question and the bytes nothing is awaited. */
function hand(request: ClientRequest, of: Exchange, signal: AbortSignal): void {
  if (signal.aborted || of.maySend?.() === false) {
    request.destroy(new AbortError('the write may no longer be sent'))
    return
  }
  request.end(of.body)
}

function isStale(request: ClientRequest, error: Error): boolean {
  const code = 'code' in error ? error.code : undefined
  return request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')
}
