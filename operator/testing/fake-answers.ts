// How the fake API server answers: lists with pages, outcomes of writes, faults.
import type { ServerResponse } from 'node:http'
import { isObject } from '#lib/json.ts'
import type { FakeCluster, Outcome, Selector } from './fake-cluster.ts'
import { targetOf } from './fake-cluster.ts'
import { statusOf } from './fake-watch.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: unknown
}

export function selectorOf(query: URLSearchParams): Selector {
  return { labels: query.get('labelSelector') ?? '', fields: query.get('fieldSelector') ?? '' }
}

export function write(cluster: FakeCluster, asked: Asked): Outcome {
  const target = targetOf(asked.path)
  const body = isObject(asked.body) ? asked.body : {}
  switch (asked.method) {
    case 'POST':
      return cluster.create(target, body)
    case 'DELETE':
      return cluster.delete(target, asked.body)
    case 'PATCH': {
      const isApply = String(asked.headers['content-type']).startsWith('application/apply-patch')
      if (isApply && cluster.get(target) === undefined) return cluster.create(target, body)
      return cluster.update(target, body, !isApply)
    }
    default:
      return cluster.update(target, body, false)
  }
}

export function answer(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

export function answerFault(
  response: ServerResponse,
  fault: { readonly code: number; readonly message?: string; readonly retryAfter?: string },
): void {
  const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter }
  const reason = fault.code === 404 ? 'NotFound' : 'Injected'
  answer(response, fault.code, statusOf(fault.code, fault.message ?? `injected ${fault.code}`, reason), headers)
}

export function answerOutcome(response: ServerResponse, outcome: Outcome): void {
  switch (outcome.type) {
    case 'ok':
      return answer(response, outcome.code, outcome.object)
    case 'exists':
      return answer(response, 409, statusOf(409, 'already exists', 'AlreadyExists'))
    case 'conflict':
      return answer(response, 409, statusOf(409, 'the object has been modified', 'Conflict'))
    case 'missing':
      return answer(response, 404, statusOf(404, 'not found', 'NotFound'))
    default:
      return outcome satisfies never
  }
}

/** Pages as of one version: the token names the snapshot and the place in it. */
export function answerList(response: ServerResponse, cluster: FakeCluster, asked: Asked): void {
  const token = asked.query.get('continue') ?? ''
  const [version = String(cluster.version()), start = '0'] = token === '' ? [] : token.split('/')
  const all =
    token === '' ? cluster.list(targetOf(asked.path), selectorOf(asked.query)) : cluster.snapshots.get(version)
  if (all === undefined) return answer(response, 410, statusOf(410, 'the continue parameter is too old', 'Expired'))
  const limit = Number(asked.query.get('limit') ?? all.length)
  const items = all.slice(Number(start), Number(start) + limit)
  const next = Number(start) + items.length
  const isLast = next >= all.length
  if (!isLast) cluster.snapshots.set(version, all)
  const metadata = { resourceVersion: version, ...(isLast ? {} : { continue: `${version}/${next}` }) }
  return answer(response, 200, { kind: 'List', metadata, items })
}
