// The only way to the API server: requests and watches over three lanes, with fresh credentials and a deadline each.
// It promises that a write is sent at most once and never after its signal or deadline. It decides nothing about trying
// again, except for a GET that met a connection which the server had already closed.
import type { IncomingMessage } from 'node:http'
import type { Telemetry } from '#api/ports.ts'
import { orAbort, scopeOf } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { systemClock } from '#lib/clock.ts'
import { AbortError, ConflictError, TerminalError, TransientError, isAbort } from '#lib/errors.ts'
import { formatDuration } from '#lib/time.ts'
import type { Call, Client, Lane } from './call.ts'
import type { Credentials, KubeSettings } from './config.ts'
import type { CredentialKeeper } from './credentials.ts'
import { createCredentialKeeper } from './credentials.ts'
import type { Answer } from './errors.ts'
import { errorOfAnswer, isTrustError, networkError } from './errors.ts'
import type { LaneName, Lanes } from './lanes.ts'
import { PLACES, createLanes } from './lanes.ts'
import { createLeaseClient } from './lease-client.ts'
import type { Permits } from './permits.ts'
import { createPermits } from './permits.ts'
import { watchSilence } from './silence.ts'
import { countRequest } from './stats.ts'
import type { Exchange, Exchanged } from './transport.ts'
import { exchange } from './transport.ts'

export interface ConnectOptions {
  readonly version?: string
  /** Added to the user agent of each request, such as `term=12`; '' for nothing. */
  readonly suffix?: () => string
  /** Deadline of each call about a Lease: leader.retryPeriod. */
  readonly leaseDeadlineMs?: number
  readonly clock?: Clock
}

export function connect(settings: KubeSettings, telemetry: Telemetry, options: ConnectOptions = {}): Client {
  return new KubeClient(settings, telemetry, options)
}

const DEFAULT_LEASE_DEADLINE_MS = 2_000
const NOTHING = new Uint8Array(0)

class KubeClient implements Client {
  readonly server: string
  readonly leases: Client['leases']
  readonly #url: URL
  readonly #pathPrefix: string
  readonly #telemetry: Telemetry
  readonly #clock: Clock
  readonly #userAgent: () => string
  readonly #credentials: CredentialKeeper
  readonly #permits: Readonly<Record<Lane, Permits>> = {
    request: createPermits(PLACES.request),
    lease: createPermits(PLACES.lease),
  }
  #lanes: Lanes | undefined
  readonly #closed = new AbortController()

  constructor(settings: KubeSettings, telemetry: Telemetry, options: ConnectOptions) {
    this.server = settings.server
    this.#url = new URL(settings.server)
    this.#pathPrefix = this.#url.pathname.replace(/\/+$/, '')
    this.#telemetry = telemetry
    this.#clock = options.clock ?? systemClock
    const product = `k8-highlander/${options.version ?? 'dev'}`
    const suffix = options.suffix ?? (() => '')
    this.#userAgent = () => `${product} ${suffix()}`.trimEnd()
    this.#credentials = createCredentialKeeper(settings, telemetry.log, this.#clock)
    this.leases = createLeaseClient(this, {
      deadlineMs: options.leaseDeadlineMs ?? DEFAULT_LEASE_DEADLINE_MS,
      clock: this.#clock,
      log: telemetry.log,
    })
  }

  async send(call: Call, lane: Lane, signal: AbortSignal): Promise<unknown> {
    using scope = scopeOf([signal, this.#closed.signal], { clock: this.#clock, ms: call.deadlineMs })
    const startedMs = this.#clock.monotonicMs()
    let code = 'canceled'
    try {
      const response = await this.#open(call, lane, scope.signal)
      const text = await readText(response)
      code = String(response.statusCode)
      return answerOf(response, text, call)
    } catch (error) {
      const thrown = scope.isTimedOut() ? noAnswer(call, call.deadlineMs) : this.#explain(error, scope.signal)
      if (code === 'canceled' && thrown instanceof TransientError) code = thrown.reason
      throw thrown
    } finally {
      countRequest(this.#telemetry.metrics, call, { code, seconds: this.#secondsSince(startedMs) })
    }
  }

  async *watch(call: Call, stallMs: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    using scope = scopeOf([signal, this.#closed.signal])
    using silence = watchSilence(this.#clock, call.deadlineMs, () => scope.abort())
    try {
      const response = await this.#openWatch(call, scope.signal)
      silence.setLimit(stallMs)
      yield NOTHING // the head is here: a quiet watch says for a minute nothing else
      for await (const chunk of bytesOf(response)) {
        silence.heard()
        yield chunk
      }
    } catch (error) {
      throw silence.isTooLong() ? noAnswer(call, silence.limitMs()) : this.#explain(error, scope.signal)
    } finally {
      // Also when the reader left in the middle: the socket is reset then.
      scope.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#lanes?.destroy()
  }

  async #openWatch(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const startedMs = this.#clock.monotonicMs()
    const response = await this.#open(call, 'watch', signal)
    const code = String(response.statusCode)
    countRequest(this.#telemetry.metrics, call, { code, seconds: this.#secondsSince(startedMs), isWatch: true })
    if (response.statusCode === 200) return response
    throw errorOfAnswer(answerFrom(response, await readText(response)), nameOf(call))
  }

  /** The head of the answer. */
  async #open(call: Call, lane: LaneName, signal: AbortSignal): Promise<IncomingMessage> {
    let exchanged = await this.#exchange(call, lane, signal)
    // The server closed an idle connection while we took it: nothing was processed, and a read may be sent twice.
    if (exchanged.type === 'failed' && exchanged.stale && call.method === 'GET' && !signal.aborted) {
      exchanged = await this.#exchange(call, lane, signal)
    }
    if (exchanged.type === 'failed') throw exchanged.error
    return exchanged.response
  }

  async #exchange(call: Call, lane: LaneName, signal: AbortSignal): Promise<Exchanged> {
    const credentials = await orAbort(this.#credentials.get(), signal)
    const lanes = this.#lanesFor(credentials)
    const permit = lane === 'watch' ? undefined : await this.#permits[lane].enter(signal)
    const exchanged = await exchange(
      lanes,
      {
        lane,
        method: call.method,
        server: this.#url,
        path: `${this.#pathPrefix}${call.path}${queryOf(call)}`,
        ...contentOf(call, { 'User-Agent': this.#userAgent(), Accept: 'application/json', ...credentials.headers }),
        ...(call.maySend === undefined ? {} : { maySend: call.maySend }),
        onClosed: () => permit?.[Symbol.dispose](),
      },
      signal,
    )
    const isRefused =
      exchanged.type === 'answered' ? exchanged.response.statusCode === 401 : isTrustError(exchanged.error)
    if (isRefused) this.#credentials.refused(credentials)
    return exchanged
  }

  /** Another CA, certificate or key needs other connections; what runs over the old ones may end. */
  #lanesFor(credentials: Credentials): Lanes {
    if (this.#lanes?.tlsId === credentials.tlsId) return this.#lanes
    this.#lanes?.drain()
    this.#lanes = createLanes(this.#url, credentials.tls, credentials.tlsId)
    return this.#lanes
  }

  #explain(error: unknown, signal: AbortSignal): Error {
    if (isAbort(error)) return error instanceof AbortError ? error : new AbortError('aborted', { cause: error })
    if (isOurs(error)) return error
    return signal.aborted ? new AbortError('aborted', { cause: error }) : networkError(error, this.server)
  }

  #secondsSince(startedMs: number): number {
    return (this.#clock.monotonicMs() - startedMs) / 1000
  }
}

function isOurs(error: unknown): error is Error {
  return error instanceof TransientError || error instanceof TerminalError || error instanceof ConflictError
}

function nameOf(call: Call): string {
  return `${call.method} ${call.path}`
}

function noAnswer(call: Call, limitMs: number): TransientError {
  return new TransientError(`${nameOf(call)} was not answered within ${formatDuration(limitMs)}`, { reason: 'timeout' })
}

function queryOf(call: Call): string {
  return call.query === undefined ? '' : `?${new URLSearchParams(call.query).toString()}`
}

function contentOf(call: Call, headers: Record<string, string>): Pick<Exchange, 'headers' | 'body'> {
  if (call.body === undefined) return { headers }
  const body = JSON.stringify(call.body)
  return {
    // Node frames the body of a DELETE only when told its length. Unframed, the server deletes without preconditions.
    headers: {
      ...headers,
      'Content-Type': call.contentType ?? 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
    },
    body,
  }
}

function answerFrom(response: IncomingMessage, text: string): Answer {
  const retryAfter = response.headers['retry-after']
  return { status: response.statusCode ?? 0, text, ...(retryAfter === undefined ? {} : { retryAfter }) }
}

function answerOf(response: IncomingMessage, text: string, call: Call): unknown {
  const status = response.statusCode ?? 0
  if (status < 200 || status > 299) throw errorOfAnswer(answerFrom(response, text), nameOf(call))
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TransientError(`${nameOf(call)} was answered with what is no JSON`, { cause: error })
  }
}

/** By events, which cost a third of an async iterator. */
function readText(response: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
  response.once('error', reject)
  // Node swallows an error that nobody listened for yet: then the close is all there is.
  const onClose = (): void => {
    if (!response.readableEnded) reject(response.errored ?? new Error('the answer was cut off'))
  }
  if (response.destroyed) onClose()
  else response.once('close', onClose)
  return promise
}

function bytesOf(response: IncomingMessage): AsyncIterable<Buffer> {
  return response // without an encoding set, chunks are Buffers
}
