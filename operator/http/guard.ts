// Requests that are refused before a route sees them: a foreign host name (DNS rebinding), another site's page, a body,
// a path that is too long, too many connections. PURE.
import { isIP } from 'node:net'
import type { Answer } from './answer.ts'
import { failure } from './answer.ts'

export interface Head {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface Limits {
  readonly allowedHosts: readonly string[]
  readonly connections: number
}

export const limits = {
  headerBytes: 16 * 1024,
  urlBytes: 4 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  /** Above it only probes are answered. */
  connections: 512,
  /** Above it not even those: the kernel refuses. */
  hardConnections: 1024,
} as const

/** Undefined: let it pass. */
export function refusal(head: Head, isProbe: boolean, { allowedHosts, connections }: Limits): Answer | undefined {
  if (head.url.length > limits.urlBytes) return failure(414, 'the path is longer than 4 KiB')
  if (hasBody(head)) return failure(413, 'requests must not have a body')
  if (isProbe) return undefined
  if (connections > limits.connections) return failure(503, 'too many connections; try again later')
  if (!isAllowedHost(textOf(head.headers['host']), allowedHosts))
    return failure(421, 'this host name is not allowed; add it to `http.allowedHosts` (HIGHLANDER_ALLOWED_HOSTS)')
  if (head.headers['sec-fetch-site'] === 'cross-site' && head.url.startsWith('/api'))
    return failure(403, 'pages of other sites may not read this API')
  return undefined
}

/** IP addresses, localhost, names without a dot, names of cluster Services, and what the configuration adds. */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  // Only clients that are no browsers leave it out.
  if (host === '') return true
  const name = hostName(host).toLowerCase()
  if (isIP(name) !== 0 || !name.includes('.')) return true
  if (/\.svc(\.|$)/.test(name) || name.endsWith('.cluster.local')) return true
  return allowed.some((known) => known.toLowerCase() === name)
}

export function requestIdOf(head: Head, create: () => string): string {
  const given = textOf(head.headers['x-request-id'])
  return /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : create()
}

function hasBody({ headers }: Head): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Without port, brackets and the dot at the end. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\](:[0-9]+)?$/.exec(host)
  return bracketed?.[1] ?? host.replace(/:[0-9]*$/, '').replace(/\.$/, '')
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
