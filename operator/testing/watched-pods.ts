// Pods on the fake API server, and limits short enough to see each recovery in a test.
import type { Fact } from '#api/facts.ts'
import { objectAt, textAt } from '#lib/json.ts'
import type { FakeApiServer } from './fake-api-server.ts'

export const PODS = '/api/v1/pods'

/** Fits WatchLimits of kube/. */
export const quickLimits = {
  headersMs: 400,
  pageMs: 400,
  pageSize: 500,
  stallMs: 400,
  shortLivedMs: 100,
  timeoutSeconds: [300, 600],
  backoff: { initialMs: 20, maxMs: 200, factor: 2, jitter: 0.2, resetAfterMs: 2_000 },
  logAgainMs: 60_000,
} as const

export function putPod(
  server: FakeApiServer,
  name: string,
  namespace = 'prod',
  labels: Readonly<Record<string, string>> = {},
): void {
  server.cluster.put(PODS, { kind: 'Pod', metadata: { name, namespace, labels } })
}

/** The smallest projection: identity and version. */
export function factOf(object: unknown): Fact | undefined {
  const metadata = objectAt(object, 'metadata')
  const name = textAt(metadata, 'name')
  const uid = textAt(metadata, 'uid')
  const resourceVersion = textAt(metadata, 'resourceVersion')
  if (name === undefined || uid === undefined || resourceVersion === undefined) return undefined
  return { kind: 'Pod', namespace: textAt(metadata, 'namespace') ?? '', name, uid, resourceVersion }
}
