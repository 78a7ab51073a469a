// A real API server behind a proxy that can misbehave. It ends TLS with an authority of its own and goes on to the
// server with the client certificate of a kubeconfig, so it sees every request and may spoil any of them.
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https, { Agent } from 'node:https'
import type { Socket } from 'node:net'
import path from 'node:path'
import { stringify } from 'yaml'
import { systemClock } from '#lib/clock.ts'
import { createAuthority, issueIdentity, type Authority, type Identity } from '../cluster/x509.ts'
import { connectApi } from '../support/api.ts'

export interface ProxyRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly isWatch: boolean
  /** A request that changes objects, but neither Leases nor Events, and no dry run. */
  readonly isWrite: boolean
  /** 1 for the first write, and so on; 0 for reads. */
  readonly writeNumber: number
}

type Fault =
  /** The connection is reset, the server never sees the request. */
  | { readonly type: 'reset' }
  /** The server carries it out, the answer is lost. */
  | { readonly type: 'lose-answer' }
  /** The answer comes this much later than the server gave it. */
  | { readonly type: 'delay-answer'; readonly ms: number }
  | { readonly type: 'answer'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Never any byte. */
  | { readonly type: 'freeze' }

export interface FaultProxy extends AsyncDisposable {
  /** For the operator: reaches the server through this proxy. */
  readonly kubeconfig: string
  readonly requests: readonly ProxyRequest[]
  /** Asked for each request; undefined lets it through. */
  decide: (request: ProxyRequest) => Fault | undefined
  /** Told when the last byte of an answer has been handed to the socket. */
  answered: (request: ProxyRequest) => void
  /** Ends all open watches: 'reset' in mid-stream, 'truncate' after half a line, 'clean' as a server does. */
  cutWatches(how: 'reset' | 'truncate' | 'clean'): void
  /** A new authority and certificate at the same address; the kubeconfig file is rewritten. */
  changeAuthority(): Promise<void>
}

export interface FaultProxyOptions {
  /** Reaches the real server; its client certificate is who the operator is. */
  readonly kubeconfig: string
  readonly folder: string
  readonly port: number
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const upstream = await connectApi(options.kubeconfig)
  const agent = new Agent({ ...upstream.credentials, keepAlive: true })
  const watches = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  const requests: ProxyRequest[] = []
  let writes = 0
  const file = path.join(options.folder, `proxy-${options.port}.yaml`)
  const server = https.createServer({ ...tlsOf(await renew(file, options.port)), keepAliveTimeout: 60_000 })
  const proxy: FaultProxy = {
    kubeconfig: file,
    requests,
    decide: () => undefined,
    answered: () => undefined,
    cutWatches: (how) => {
      for (const response of watches) cut(response, how)
      watches.clear()
    },
    changeAuthority: async () => {
      server.setSecureContext(tlsOf(await renew(file, options.port)))
      server.closeAllConnections()
    },
    [Symbol.asyncDispose]: async () => {
      // Stop listening first: a client would be back on a new connection before the old ones are closed.
      const closed = new Promise((resolve) => server.close(resolve))
      // Not server.closeAllConnections: it does not know those that are still shaking hands.
      for (const socket of sockets) socket.destroy()
      await closed
      agent.destroy()
      upstream[Symbol.dispose]()
    },
  }
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    const seen = describe(incoming, writes + 1)
    if (seen.isWrite) writes += 1
    requests.push(seen)
    if (seen.isWatch) watches.add(response)
    response.once('close', () => watches.delete(response))
    const fault = proxy.decide(seen)
    if (spoil(fault, response)) return
    forward({ incoming, response, agent, server: upstream.server, fault, done: () => proxy.answered(seen) })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return proxy
}

function describe(incoming: IncomingMessage, nextWrite: number): ProxyRequest {
  const url = incoming.url ?? ''
  const method = incoming.method ?? ''
  const isWrite = method !== 'GET' && !/\/(leases|events)(\/|\?|$)/.test(url) && !url.includes('dryRun=')
  return { method, path: url, isWatch: /[?&]watch=(1|true)/.test(url), isWrite, writeNumber: isWrite ? nextWrite : 0 }
}

/** Faults that keep the request from the server. True when there is nothing left to do. */
function spoil(fault: Fault | undefined, response: ServerResponse): boolean {
  if (fault?.type === 'freeze') return true
  if (fault?.type === 'reset') {
    response.socket?.destroy()
    return true
  }
  if (fault?.type !== 'answer') return false
  const retry = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }
  response.writeHead(fault.status, { 'content-type': 'application/json', ...retry })
  response.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: fault.status,
      message: 'planted by the test',
    }),
  )
  return true
}

interface Forwarding {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly agent: Agent
  readonly server: URL
  readonly fault: Fault | undefined
  readonly done: () => void
}

function forward({ incoming, response, agent, server, fault, done }: Forwarding): void {
  // The credentials are those of the proxy; whatever the client sent stays here.
  const { authorization: _, host: __, ...headers } = incoming.headers
  const url = new URL(incoming.url ?? '/', server)
  const outgoing = https.request(url, { agent, method: incoming.method, headers }, (answer) => {
    if (fault?.type === 'lose-answer') {
      answer.resume().once('end', () => response.socket?.destroy())
      return
    }
    const relay = (): void => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      response.once('finish', done)
    }
    if (fault?.type === 'delay-answer') systemClock.schedule(fault.ms, relay)
    else relay()
  })
  outgoing.on('error', () => response.socket?.destroy())
  response.once('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function cut(response: ServerResponse, how: 'reset' | 'truncate' | 'clean'): void {
  // The server's answer may still be written to a watch that was ended here.
  response.on('error', () => undefined)
  if (how === 'clean') {
    response.end()
    return
  }
  if (how === 'truncate') response.write('{"type":"MODIFIED","object":{"kind":"Po')
  systemClock.schedule(how === 'truncate' ? 20 : 0, () => response.socket?.destroy())
}

async function renew(
  file: string,
  port: number,
): Promise<{ readonly authority: Authority; readonly identity: Identity }> {
  const nowMs = systemClock.now()
  const authority = createAuthority('fault-proxy-ca', nowMs)
  const identity = issueIdentity(
    authority,
    { commonName: 'fault-proxy', dnsNames: ['localhost'], addresses: ['127.0.0.1'] },
    nowMs,
  )
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'proxy',
    clusters: [{ name: 'proxy', cluster }],
    users: [{ name: 'proxy', user: { token: 'known-to-nobody' } }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
  }
  await writeFile(file, stringify(config), { mode: 0o600 })
  return { authority, identity }
}

function tlsOf(made: { readonly identity: Identity }): { readonly cert: string; readonly key: string } {
  return { cert: made.identity.certificate, key: made.identity.privateKey }
}
