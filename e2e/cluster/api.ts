// The few requests the harness itself makes to its own API server, with the administrator's certificate.
import https, { Agent } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { scopeOf } from '#lib/abort.ts'
import { systemClock } from '#lib/clock.ts'
import { TransientError } from '#lib/errors.ts'
import { parseJson } from './json.ts'
import type { Pki } from './pki.ts'

const REQUEST_LIMIT_MS = 5_000

export interface Api extends Disposable {
  /** The parsed answer, 'exists' for 409 on POST, 'gone' for 404 on DELETE. Throws TransientError for the rest. */
  request(request: ApiRequest, signal: AbortSignal): Promise<unknown>
  /** The lines of a watch until the server or the signal ends it. */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string>
}

interface ApiRequest {
  /** PATCH: a merge patch; what is gone meanwhile is no failure. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
}

export function connectApi(server: URL, pki: Pki): Api {
  const agent = new Agent({
    ca: pki.authority.certificate,
    cert: pki.admin.certificate,
    key: pki.admin.privateKey,
    keepAlive: true,
  })
  const send = (request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const type = request.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const options = { agent, method: request.method, signal, headers: { 'content-type': type } }
      const outgoing = https.request(new URL(request.path, server), options, resolve)
      outgoing.on('error', reject)
      outgoing.end(request.body === undefined ? undefined : JSON.stringify(request.body))
    })
  return {
    request: async (request, signal) => {
      using scope = scopeOf([signal], { clock: systemClock, ms: REQUEST_LIMIT_MS })
      try {
        const response = await send(request, scope.signal)
        return answerOf(request, response.statusCode ?? 0, await textOf(response))
      } catch (error) {
        if (!scope.isTimedOut()) throw error
        throw new TransientError(`${request.method} ${request.path} got no answer within ${REQUEST_LIMIT_MS} ms`)
      }
    },
    lines: async function* (path, signal) {
      const response = await send({ method: 'GET', path }, signal)
      if (response.statusCode !== 200) throw failure(path, response.statusCode ?? 0, await textOf(response))
      yield* splitLines(response)
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function answerOf(request: ApiRequest, status: number, text: string): unknown {
  if (request.method === 'POST' && status === 409) return 'exists'
  if ((request.method === 'DELETE' || request.method === 'PATCH') && status === 404) return 'gone'
  if (status < 200 || status > 299) throw failure(`${request.method} ${request.path}`, status, text)
  return text.startsWith('{') ? parseJson(text) : text
}

function failure(what: string, status: number, text: string): TransientError {
  return new TransientError(`${what} answered ${status}: ${text.slice(0, 300)}`)
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

async function* splitLines(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8')
  let rest = ''
  for await (const chunk of response) {
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
}
