// Connections to the API server, apart by purpose: a full pool of requests cannot delay a renewal of the lease, and no
// watch waits for either. A socket is handed to a request only when its TLS handshake is over, so what is written to it
// is on its way; and the raw TCP socket under it stays at hand, since only a reset of that one discards unsent bytes.
import type { RequestOptions } from 'node:https'
import { Agent } from 'node:https'
import type { Socket } from 'node:net'
import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { onAbort } from '#lib/abort.ts'
import { AbortError } from '#lib/errors.ts'
import type { TlsSettings } from './config.ts'

export type LaneName = 'request' | 'watch' | 'lease'

/** Options of a request, with the signal that also ends a connection being opened for it; Node keeps its own `signal` back. */
export interface LaneOptions extends RequestOptions {
  readonly opening: AbortSignal
}

export interface Lanes {
  readonly tlsId: string
  agent(lane: LaneName): Agent
  /** Resets the TCP connection under a socket of these lanes: bytes not yet sent never are. */
  reset(socket: object): void
  /** What runs goes on; each socket is closed when it has done so. */
  drain(): void
  destroy(): void
}

// The server keeps an idle connection for 90 s; ours are closed before, so that a request seldom meets a dying one.
const IDLE_MS = 60_000
const TCP_KEEP_ALIVE_MS = 30_000
// How many requests are under way at once. The agents have no limit of their own: they do not count connections that
// are still being opened, so the client lets no more than these in.
export const PLACES = { request: 16, lease: 1 } as const

export function createLanes(server: URL, tls: TlsSettings, tlsId: string): Lanes {
  const rawSockets = new WeakMap<object, Socket>()
  const connect = (signal: AbortSignal | undefined, done: Connected): void =>
    openSocket(server, tls, { rawSockets, signal, done })
  const agents = {
    request: createAgent(connect),
    watch: createAgent(connect),
    lease: createAgent(connect),
  }
  const all = Object.values(agents)
  return {
    tlsId,
    agent: (lane) => agents[lane],
    reset: (socket) => void rawSockets.get(socket)?.resetAndDestroy(),
    drain: () => {
      for (const agent of all) {
        // An agent without keep-alive closes a socket as soon as its request is over.
        Reflect.set(agent, 'keepAlive', false)
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
      }
    },
    destroy: () => {
      for (const agent of all) agent.destroy()
    },
  }
}

type Connected = (error: Error | null, socket?: Duplex) => void
type Connect = (signal: AbortSignal | undefined, done: Connected) => void

function createAgent(connect: Connect): Agent {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS })
  // With a callback and no return value the agent waits.
  agent.createConnection = (options, done) => {
    connect(openingOf(options), (error, socket) => {
      if (socket !== undefined) done?.(null, socket)
      // The type asks for a socket beside the error; the agent reads none.
      else Reflect.apply(done ?? (() => undefined), undefined, [error])
    })
    return undefined
  }
  return agent
}

function openingOf(options: object): AbortSignal | undefined {
  return 'opening' in options && options.opening instanceof AbortSignal ? options.opening : undefined
}

interface Opening {
  readonly rawSockets: WeakMap<object, Socket>
  readonly signal: AbortSignal | undefined
  readonly done: Connected
}

/** Calls `done` exactly once: with a socket whose handshake is over, or with what went wrong. */
function openSocket(server: URL, settings: TlsSettings, { rawSockets, signal, done }: Opening): void {
  const host = server.hostname.replace(/^\[|\]$/g, '')
  const raw = connectTcp({
    host,
    port: Number(server.port || '443'),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  })
  const listener = signal === undefined ? undefined : onAbort(signal, () => abandon(raw))
  let isOver = false
  const finish: Connected = (error, socket) => {
    if (isOver) return
    isOver = true
    listener?.[Symbol.dispose]()
    done(error, socket)
  }
  const fail = (error: Error): void => {
    finish(error)
    raw.destroy()
  }
  raw.on('error', fail)
  raw.once('close', () => finish(signal?.aborted === true ? new AbortError() : closedEarly()))
  raw.once('connect', () => {
    const socket = connectTls({
      ...settings,
      socket: raw,
      host,
      ...(settings.servername === undefined && isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
    })
    rawSockets.set(socket, raw)
    socket.on('error', fail)
    socket.once('secureConnect', () => finish(null, socket))
  })
}

/** A connection that is not there yet cannot be reset: that would wait for it. */
function abandon(raw: Socket): void {
  if (raw.connecting) raw.destroy()
  else raw.resetAndDestroy()
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed during the TLS handshake'), { code: 'ECONNRESET' })
}
