import { afterEach, beforeEach, expect, it } from 'vitest'
import { annotation, label, MANAGED_BY } from '#api/labels.ts'
import type { Informers } from '#api/ports.ts'
import type { FakeApiServer } from '#testing/fake-api-server.ts'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { PODS, quickLimits } from '#testing/watched-pods.ts'
import type { Client } from './call.ts'
import { connect } from './client.ts'
import type { InformersOptions } from './informers.ts'
import { startInformers } from './informers.ts'
import { projections } from './projections.ts'

const CRS = '/apis/highlander.plexobject.io/v1/workloadprocesses'

let server: FakeApiServer
let client: Client
let stop: AbortController
let informers: Informers

beforeEach(async () => {
  server = await startFakeApiServer()
  client = connect(server.settings(), fakeTelemetry())
  stop = new AbortController()
})

afterEach(async () => {
  await informers[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

// Patient: a watch that was silent on a slow machine would ask a second time.
const limits = { ...quickLimits, headersMs: 20_000, stallMs: 20_000 }

function start(over: Partial<InformersOptions> = {}): Informers {
  const options = { namespaces: [], projections, telemetry: fakeTelemetry(), limits }
  informers = startInformers(client, { ...options, ...over }, stop.signal)
  return informers
}

function putCr(name: string): void {
  const metadata = { name, namespace: 'prod', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }
  server.cluster.put(CRS, { apiVersion: 'highlander.plexobject.io/v1', kind: 'WorkloadProcess', metadata, spec: {} })
}

function putPod(name: string, epoch: string, labels: Readonly<Record<string, string>> = {}): void {
  const metadata = {
    name,
    namespace: 'prod',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { [label.managedBy]: MANAGED_BY, [label.kind]: 'WorkloadProcess', [label.name]: 'report', ...labels },
    annotations: { [annotation.epoch]: epoch },
  }
  const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'i' }] }
  server.cluster.put(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Running' } })
}

it('fills the store of each kind, by owner and by node', async () => {
  putCr('report')
  putPod('report-pod', '7')

  const started = start()
  await started.synced(stop.signal)

  expect(started.stores.crs.WorkloadProcess.get('prod', 'report')?.kind).toBe('WorkloadProcess')
  expect(started.stores.children.Pod.by('owner', 'WorkloadProcess/prod/report')).toHaveLength(1)
  expect(started.stores.children.Pod.by('node', 'n1')).toHaveLength(1)
  expect(server.requests).toHaveLength(12)
})

it('watches native objects that are managed by us, and no others', async () => {
  putPod('foreign', '7', { [label.managedBy]: 'somebody' })

  const started = start()
  await started.synced(stop.signal)

  expect(started.stores.children.Pod.size).toBe(0)
})

it('knows the largest epoch it has ever seen', async () => {
  putPod('a', '7')
  putPod('b', '9')
  const started = start()
  await started.synced(stop.signal)

  server.cluster.remove(PODS, 'prod', 'b')

  await expect.poll(() => started.stores.children.Pod.size).toBe(1)
  expect(started.highestEpoch()).toBe(9n)
})

it('is ready without a kind that is forbidden or missing, and names it', async () => {
  using _none = server.fail({ when: ({ path }) => path === CRS, fault: { type: 'status', code: 404 }, times: 99 })
  using _no = server.fail({
    when: ({ path }) => path === '/api/v1/nodes',
    fault: { type: 'status', code: 403 },
    times: 99,
  })

  const started = start()
  await started.synced(stop.signal)

  const problems = started.states().filter(({ problem }) => problem !== undefined)
  expect(problems.map(({ kind, problem }) => [kind, problem?.type])).toEqual([['WorkloadProcess', 'missing']])
  expect(
    started
      .states()
      .filter((state) => !state.synced)
      .map(({ kind }) => kind),
  ).toEqual(['WorkloadProcess', 'Node'])
})

it('watches nodes in the cluster and everything else in the given namespaces', async () => {
  const started = start({ namespaces: ['prod', 'stage'] })

  await started.synced(stop.signal)

  const paths = server.requests.map(({ path }) => path)
  expect(paths).toHaveLength(23)
  expect(paths.filter((path) => !path.includes('/namespaces/'))).toEqual(['/api/v1/nodes'])
})

it('has closed all streams when it is disposed', async () => {
  const started = start()
  await started.synced(stop.signal)

  await informers[Symbol.asyncDispose]()

  await expect.poll(() => server.watches().length).toBe(0)
})
