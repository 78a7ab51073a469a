// One open watch of the fake API server: sends what its client asked for, and breaks in the ways that real ones break.
import type { ServerResponse } from 'node:http'
import type { ClusterEvent, FakeCluster, Selector, Target } from './fake-cluster.ts'
import { isIn, matches } from './fake-cluster.ts'

export interface FakeWatch {
  readonly target: Target
  /** A clean end, as after timeoutSeconds. */
  end(): void
  /** Resets the TCP connection. */
  reset(): void
  /** An ERROR event with this code; the stream ends after it. */
  fail(code: number, message: string): void
  /** Sends bytes as they are. */
  raw(text: string): void
  bookmark(): void
  /** The last line once more. */
  repeat(): void
  isOpen(): boolean
}

export interface WatchRequest {
  readonly target: Target
  readonly selector: Selector
  readonly query: URLSearchParams
}

export interface WatchPlace {
  readonly response: ServerResponse
  readonly cluster: FakeCluster
  readonly reset: () => void
  /** Bytes wait here while the server is frozen. */
  readonly write: (bytes: string) => void
}

export function openWatch(of: WatchRequest, place: WatchPlace): FakeWatch | undefined {
  const { cluster, response } = place
  const wantsList = of.query.get('sendInitialEvents') === 'true'
  const since = of.query.get('resourceVersion')
  const past = since === null || wantsList ? [] : cluster.since(Number(since))
  response.writeHead(200, { 'Content-Type': 'application/json' })
  let lastLine = ''
  const send = (type: string, object: unknown): void => {
    lastLine = `${JSON.stringify({ type, object })}\n`
    place.write(lastLine)
  }
  if (past === undefined) {
    send('ERROR', statusOf(410, 'too old resource version', 'Expired'))
    response.end()
    return undefined
  }
  const pass = (event: ClusterEvent): void => {
    const isMine = event.target.collection === of.target.collection && isIn(of.target, event.object)
    if (isMine && matches(of.selector, event.object)) send(event.type, event.object)
  }
  if (wantsList || since === null) for (const object of cluster.list(of.target, of.selector)) send('ADDED', object)
  if (wantsList) send('BOOKMARK', bookmarkOf(cluster.version(), { 'k8s.io/initial-events-end': 'true' }))
  for (const event of past) pass(event)
  response.flushHeaders()
  const subscription = cluster.subscribe(pass)
  response.once('close', () => subscription[Symbol.dispose]())
  return {
    target: of.target,
    end: () => void response.end(),
    reset: place.reset,
    fail: (code, message) => {
      send('ERROR', statusOf(code, message, code === 410 ? 'Expired' : 'InternalError'))
      response.end()
    },
    raw: place.write,
    bookmark: () => send('BOOKMARK', bookmarkOf(cluster.version(), {})),
    repeat: () => place.write(lastLine),
    isOpen: () => !response.writableEnded && !response.destroyed,
  }
}

export function statusOf(code: number, message: string, reason: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, message, reason }
}

function bookmarkOf(version: number, annotations: Readonly<Record<string, string>>): unknown {
  return { metadata: { resourceVersion: String(version), annotations } }
}
