// Plain requests to an API server with the credentials of a kubeconfig, for tests and benchmarks: independent of the
// operator's own client, so that a fault there cannot hide itself.
import { readFile } from 'node:fs/promises'
import https, { Agent } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { parse } from 'yaml'

interface Answer {
  readonly status: number
  readonly body: Json
}

/** Parsed JSON, to be walked with `at`. */
export type Json = unknown

interface RequestOptions {
  readonly body?: unknown
  readonly contentType?: string
}

export interface Api extends Disposable {
  readonly server: URL
  readonly credentials: Credentials
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** Throws unless the answer is 2xx. */
  must(method: string, path: string, options?: RequestOptions): Promise<Json>
  /** Parsed lines of a watch until the server or the signal ends it. */
  watch(path: string, signal: AbortSignal): AsyncGenerator<Json>
}

interface Credentials {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

export async function connectApi(kubeconfig: string, sockets = 32): Promise<Api> {
  const { server, credentials } = await readKubeconfig(kubeconfig)
  const agent = new Agent({ ...credentials, keepAlive: true, maxSockets: sockets, scheduling: 'lifo' })
  const send = (
    method: string,
    path: string,
    options: RequestOptions,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const text = options.body === undefined ? undefined : JSON.stringify(options.body)
      // Without a length Node sends the body of a DELETE in a form that the server ignores.
      const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }
      const type = options.contentType ?? 'application/json'
      const headers = { 'content-type': type, accept: 'application/json', ...length }
      const extra = signal === undefined ? {} : { signal }
      const outgoing = https.request(new URL(path, server), { agent, method, headers, ...extra }, resolve)
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  const request: Api['request'] = async (method, path, options = {}) => {
    const response = await send(method, path, options)
    const text = await textOf(response)
    return { status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : text }
  }
  return {
    server,
    credentials,
    request,
    must: async (method, path, options) => {
      const { status, body } = await request(method, path, options)
      if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
      return body
    },
    watch: async function* (path, signal) {
      const response = await send('GET', path, {}, signal)
      response.setEncoding('utf8')
      let rest = ''
      for await (const chunk of response) {
        const lines = `${rest}${String(chunk)}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield JSON.parse(line)
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Walks parsed JSON: at(pod, 'metadata', 'uid'). Undefined where the path ends early. */
export function at(value: Json, ...keys: readonly (string | number)[]): Json {
  let current: Json = value
  for (const key of keys) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, key)
  }
  return current
}

export function textAt(value: Json, ...keys: readonly (string | number)[]): string {
  const found = at(value, ...keys)
  return typeof found === 'string' ? found : ''
}

export function itemsOf(value: Json, ...keys: readonly (string | number)[]): readonly Json[] {
  const found = at(value, ...keys)
  return Array.isArray(found) ? found : []
}

async function readKubeconfig(file: string): Promise<{ readonly server: URL; readonly credentials: Credentials }> {
  const config: Json = parse(await readFile(file, 'utf8'))
  const name = textAt(config, 'current-context')
  const context = itemsOf(config, 'contexts').find((entry) => textAt(entry, 'name') === name)
  const cluster = itemsOf(config, 'clusters').find(
    (entry) => textAt(entry, 'name') === textAt(context, 'context', 'cluster'),
  )
  const user = itemsOf(config, 'users').find((entry) => textAt(entry, 'name') === textAt(context, 'context', 'user'))
  const data = (entry: Json, ...keys: readonly string[]): Promise<Buffer> =>
    bytesOf(textAt(entry, ...keys), textAt(entry, ...keys.slice(0, -1), (keys.at(-1) ?? '').replace('-data', '')))
  return {
    server: new URL(textAt(cluster, 'cluster', 'server')),
    credentials: {
      ca: await data(cluster, 'cluster', 'certificate-authority-data'),
      cert: await data(user, 'user', 'client-certificate-data'),
      key: await data(user, 'user', 'client-key-data'),
    },
  }
}

async function bytesOf(base64: string, file: string): Promise<Buffer> {
  if (base64 !== '') return Buffer.from(base64, 'base64')
  return file === '' ? Buffer.alloc(0) : await readFile(file)
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
