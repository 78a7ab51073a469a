// A scriptable API server over real TLS on loopback: keeps objects in memory, serves lists, pages and watches, remembers
// each request, and fails on demand. It records applies and does not imitate them, has no defaults, no validation and no
// controllers: what depends on those is tested on a real API server.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { isObject } from '#lib/json.ts'
import type { Authority } from './certificates.ts'
import { createAuthority } from './certificates.ts'
import { answer, answerFault, answerList, answerOutcome, selectorOf, write } from './fake-answers.ts'
import type { FakeCluster } from './fake-cluster.ts'
import { createFakeCluster, targetOf } from './fake-cluster.ts'
import type { CredentialOverrides, FakeSettings } from './fake-settings.ts'
import { fakeSettings } from './fake-settings.ts'
import type { FakeWatch } from './fake-watch.ts'
import { openWatch, statusOf } from './fake-watch.ts'

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: unknown
  /** Which TCP connection, counted from 1. */
  readonly connection: number
}

type Fault =
  | { readonly type: 'status'; readonly code: number; readonly message?: string; readonly retryAfter?: string }
  /** The connection is reset before anything is done. */
  | { readonly type: 'reset' }
  /** No byte of an answer, ever. */
  | { readonly type: 'freeze' }
  /** Done, but the connection is reset instead of an answer. */
  | { readonly type: 'lost-answer' }

interface FaultRule {
  readonly when: (request: RecordedRequest) => boolean
  readonly fault: Fault
  /** Left out: once. */
  readonly times?: number
}

export interface FakeApiServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly cluster: FakeCluster
  readonly requests: readonly RecordedRequest[]
  /** Open watches, oldest first. */
  watches(): readonly FakeWatch[]
  connections(): number
  openConnections(): number
  /** Connections that the client reset, as opposed to closed in good order. */
  resets(): number
  /** Adds a fault; it holds until it was met often enough or is disposed. */
  fail(rule: FaultRule): Disposable
  /** No byte is sent or read, not even for a handshake, until thawed. */
  freeze(): Disposable
  /** Requests with another bearer token are answered with 401. */
  requireToken(token: string): void
  /** A certificate of another authority from now on; open connections are cut. */
  useAuthority(authority: Authority): void
  resetConnections(): void
  /** What a client of this server is configured with; a test may overrule the credentials. */
  settings(overrides?: CredentialOverrides): FakeSettings
}

export async function startFakeApiServer(options: { readonly cluster?: FakeCluster } = {}): Promise<FakeApiServer> {
  const authority = createAuthority()
  const server = new TestServer(authority, options.cluster ?? createFakeCluster())
  await server.listen()
  return server
}

class TestServer implements FakeApiServer {
  readonly cluster: FakeCluster
  readonly requests: RecordedRequest[] = []
  readonly #authority: Authority
  readonly #https: HttpsServer
  readonly #tcp: Server
  readonly #sockets = new Map<number, Socket>()
  readonly #rules = new Set<{ readonly rule: FaultRule; left: number }>()
  #watches: FakeWatch[] = []
  #accepted = 0
  #resets = 0
  #token: string | undefined
  #thawed: Promise<void> | undefined
  port = 0

  constructor(authority: Authority, cluster: FakeCluster) {
    this.cluster = cluster
    this.#authority = authority
    this.#https = createHttpsServer({ ...authority.issue('server'), keepAliveTimeout: 90_000 }, (request, response) => {
      // A request that its client has cut off fails here, which is nobody's fault.
      this.#serve(request, response).catch(() => response.destroy())
    })
    this.#https.on('secureConnection', (socket) => {
      socket.on('error', () => {
        this.#resets += 1
      })
    })
    this.#tcp = createServer({ noDelay: true }, (socket) => void this.#accept(socket))
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  async listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tcp.listen(0, '127.0.0.1', resolve)
    await promise
    this.port = portOf(this.#tcp.address())
  }

  watches(): readonly FakeWatch[] {
    this.#watches = this.#watches.filter((watch) => watch.isOpen())
    return this.#watches
  }

  connections(): number {
    return this.#accepted
  }

  openConnections(): number {
    return this.#sockets.size
  }

  resets(): number {
    return this.#resets
  }

  fail(rule: FaultRule): Disposable {
    const entry = { rule, left: rule.times ?? 1 }
    this.#rules.add(entry)
    return { [Symbol.dispose]: () => void this.#rules.delete(entry) }
  }

  freeze(): Disposable {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#thawed = promise
    return {
      [Symbol.dispose]: () => {
        this.#thawed = undefined
        resolve()
      },
    }
  }

  requireToken(token: string): void {
    this.#token = token
  }

  useAuthority(authority: Authority): void {
    this.#https.setSecureContext(authority.issue('server'))
    this.resetConnections()
  }

  resetConnections(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy()
  }

  settings(overrides: CredentialOverrides = {}): FakeSettings {
    return fakeSettings(this.url, this.#authority.ca, overrides)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tcp.close(() => resolve())
    this.resetConnections()
    await promise
  }

  async #accept(socket: Socket): Promise<void> {
    this.#accepted += 1
    const id = this.#accepted
    this.#sockets.set(id, socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(id))
    await this.#thawed
    this.#https.emit('connection', socket)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#thawed
    const recorded = await this.#record(request)
    await this.#thawed
    const fault = this.#faultFor(recorded)
    switch (fault?.type) {
      case 'reset':
        return this.#reset(request)
      case 'freeze':
        return undefined
      case 'status':
        return answerFault(response, fault)
      case 'lost-answer':
      case undefined:
        return this.#answer(recorded, request, response, fault !== undefined)
      default:
        return fault satisfies never
    }
  }

  #answer(recorded: RecordedRequest, request: IncomingMessage, response: ServerResponse, isLost: boolean): void {
    if (!this.#isAllowed(recorded)) return answer(response, 401, statusOf(401, 'Unauthorized', 'Unauthorized'))
    if (recorded.method === 'GET') return this.#read(recorded, request, response)
    const outcome = write(this.cluster, recorded)
    return isLost ? this.#reset(request) : answerOutcome(response, outcome)
  }

  #isAllowed({ headers }: RecordedRequest): boolean {
    return this.#token === undefined || headers['authorization'] === `Bearer ${this.#token}`
  }

  #read(recorded: RecordedRequest, request: IncomingMessage, response: ServerResponse): void {
    const target = targetOf(recorded.path)
    if (recorded.query.has('watch')) {
      const of = { target, selector: selectorOf(recorded.query), query: recorded.query }
      const watch = openWatch(of, {
        response,
        cluster: this.cluster,
        reset: () => this.#reset(request),
        write: (bytes) => {
          if (this.#thawed === undefined) writeTo(response, bytes)
          else void this.#thawed.then(() => writeTo(response, bytes))
        },
      })
      if (watch !== undefined) this.#watches.push(watch)
      return
    }
    if (target.name === '') return answerList(response, this.cluster, recorded)
    const object = this.cluster.get(target)
    if (object === undefined) return answerOutcome(response, { type: 'missing' })
    return answer(response, 200, object)
  }

  async #record(request: IncomingMessage): Promise<RecordedRequest> {
    const url = new URL(request.url ?? '/', this.url)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    const recorded = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
      connection: this.#connectionOf(request),
    }
    this.requests.push(recorded)
    return recorded
  }

  #faultFor(recorded: RecordedRequest): Fault | undefined {
    for (const entry of this.#rules) {
      if (!entry.rule.when(recorded)) continue
      entry.left -= 1
      if (entry.left <= 0) this.#rules.delete(entry)
      return entry.rule.fault
    }
    return undefined
  }

  #connectionOf(request: IncomingMessage): number {
    return [...this.#sockets].find(([, socket]) => socket.remotePort === request.socket.remotePort)?.[0] ?? 0
  }

  #reset(request: IncomingMessage): void {
    this.#sockets.get(this.#connectionOf(request))?.resetAndDestroy()
  }
}

/** What happens after the end of a stream is not told. */
function writeTo(response: ServerResponse, bytes: string): void {
  if (!response.writableEnded && !response.destroyed) response.write(bytes)
}

function portOf(address: AddressInfo | string | null): number {
  return isObject(address) && typeof address['port'] === 'number' ? address['port'] : 0
}
