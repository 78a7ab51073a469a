// The HTTP server: guards, the table of routes, envelopes, security headers. It serves from the first moment of the
// process until its last; what it shows then is a matter of the view. It never answers with a stack.
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express, NextFunction, Request, Response } from 'express'
import express from 'express'
import type { Telemetry } from '#api/ports.ts'
import type { OperatorView, Workloads } from '#api/view.ts'
import type { Clock } from '#lib/clock.ts'
import { TerminalError } from '#lib/errors.ts'
import type { Answer } from './answer.ts'
import { failure } from './answer.ts'
import { limits, refusal, requestIdOf } from './guard.ts'
import type { Route, RouteContext } from './routes.ts'
import { createRoutes } from './routes.ts'
import { sendAnswer, setSecurityHeaders } from './send.ts'

export interface HttpSettings {
  readonly port: number
  /** Left out: all addresses. */
  readonly address?: string
  readonly allowedHosts: readonly string[]
  readonly metricsPath: string
}

export interface HttpParts {
  readonly view: OperatorView
  readonly workloads: Workloads
  readonly scrape: RouteContext['scrape']
  readonly telemetry: Telemetry
  readonly clock: Clock
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number
}

/** Resolves when the port is bound. Throws TerminalError with a sentence when it cannot be. */
export async function startHttp(settings: HttpSettings, parts: HttpParts): Promise<HttpServer> {
  let port = settings.port
  let connections = 0
  const context: RouteContext = { ...parts, now: () => parts.clock.now(), port: () => port }
  const app = createApp(settings, { parts, context, connections: () => connections })
  const server = createServer({ maxHeaderSize: limits.headerBytes, requireHostHeader: false }, app)
  server.headersTimeout = limits.headersMs
  server.requestTimeout = limits.requestMs
  server.keepAliveTimeout = limits.keepAliveMs
  server.maxConnections = limits.hardConnections
  server.on('connection', (socket) => {
    connections += 1
    socket.once('close', () => {
      connections -= 1
    })
  })
  const bound = await listen(server, settings)
  port = bound.port
  parts.telemetry.log.info('serving http', { address: bound.address, port })
  return { port, [Symbol.asyncDispose]: () => close(server, parts.clock) }
}

interface AppParts {
  readonly parts: HttpParts
  readonly context: RouteContext
  readonly connections: () => number
}

function createApp(settings: HttpSettings, { parts, context, connections }: AppParts): Express {
  const routes = createRoutes(settings.metricsPath)
  const probes = new Set(routes.filter(({ isProbe }) => isProbe === true).map(({ path }) => path))
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use((request, response, next) => {
    observe(request, response, parts)
    setSecurityHeaders(response)
    const limitsNow = { allowedHosts: settings.allowedHosts, connections: connections() }
    const refused = refusal(request, probes.has(request.path), limitsNow)
    if (refused === undefined) return next()
    // What was not read must not be taken for the next request.
    response.setHeader('Connection', 'close')
    sendAnswer(response, refused)
  })
  for (const route of routes) addRoute(app, route, context)
  app.use((_request, response) => sendAnswer(response, failure(404, 'there is nothing at this path; / lists what is')))
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error)
    sendAnswer(response, failureOf(error, request, response, parts.telemetry))
  })
  return app
}

function addRoute(app: Express, route: Route, context: RouteContext): void {
  app.get(route.path, async (request, response) => {
    response.locals['route'] = route.path
    const query = (name: string): string | undefined => {
      const value: unknown = request.query[name]
      return typeof value === 'string' && value !== '' ? value : undefined
    }
    const params = Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)]))
    sendAnswer(response, await route.answer({ params, query, has: (name) => name in request.query }, context))
  })
  app.all(route.path, (_request, response) => {
    response.locals['route'] = route.path
    response.setHeader('Allow', 'GET, HEAD')
    sendAnswer(response, failure(405, 'only GET and HEAD are allowed'))
  })
}

/** One metric per request, and one line at debug. */
function observe(request: Request, response: Response, { telemetry, clock }: HttpParts): void {
  const startedMs = clock.monotonicMs()
  const requestId = requestIdOf(request, randomUUID)
  response.locals['requestId'] = requestId
  response.setHeader('X-Request-Id', requestId)
  response.once('close', () => {
    const durationMs = clock.monotonicMs() - startedMs
    const route = String(response.locals['route'] ?? 'none')
    const method = ['GET', 'HEAD'].includes(request.method) ? request.method : 'other'
    telemetry.metrics.httpRequest(route, method, response.statusCode, durationMs / 1000)
    telemetry.log.debug('request answered', { requestId, route, status: response.statusCode, durationMs })
  })
}

function failureOf(error: unknown, request: Request, response: Response, telemetry: Telemetry): Answer {
  // The router throws this for a path such as /api/workloads/%zz.
  if (error instanceof URIError) return failure(400, 'the path is not encoded correctly')
  const requestId = String(response.locals['requestId'])
  telemetry.log.error('request failed', {
    requestId,
    route: response.locals['route'],
    method: request.method,
    err: error,
  })
  return failure(500, `internal error; the log has more under request id ${requestId}`)
}

async function listen(server: Server, { port, address }: HttpSettings): Promise<AddressInfo> {
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainListen(error, port, address)))
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      const bound = server.address()
      if (typeof bound === 'object' && bound !== null) resolve(bound)
      else reject(new TerminalError('the http server has no port'))
    })
  })
}

function explainListen(error: Error & { readonly code?: string }, port: number, address = 'all addresses'): Error {
  const change = 'choose another one with --port, HIGHLANDER_PORT or `port`'
  if (error.code === 'EADDRINUSE')
    return new TerminalError(`port ${port} on ${address} is in use by another process; ${change}`)
  if (error.code === 'EACCES') return new TerminalError(`port ${port} on ${address} needs more rights; ${change}`)
  if (error.code === 'EADDRNOTAVAIL')
    return new TerminalError(
      `this machine has no address ${address}; change HIGHLANDER_HTTP_ADDRESS or \`http.address\``,
    )
  return new TerminalError(`cannot listen on port ${port} on ${address}`, { cause: error })
}

/** Answers that are under way get a second. */
async function close(server: Server, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.schedule(1_000, () => server.closeAllConnections())
    server.close(() => {
      timer[Symbol.dispose]()
      resolve()
    })
    server.closeIdleConnections()
  })
}
