import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Fact } from '#api/facts.ts'
import type { FakeApiServer, RecordedRequest } from '#testing/fake-api-server.ts'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import type { FakeTelemetry } from '#testing/fake-telemetry.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { PODS, factOf, putPod, quickLimits } from '#testing/watched-pods.ts'
import type { Call, Client } from './call.ts'
import { connect } from './client.ts'
import type { Informer, InformerOptions } from './informer.ts'
import { startInformer } from './informer.ts'

let server: FakeApiServer
let client: Client
let telemetry: FakeTelemetry
let stop: AbortController
const started: Informer<Fact>[] = []

beforeEach(async () => {
  server = await startFakeApiServer()
  telemetry = fakeTelemetry()
  stop = new AbortController()
  client = connect(server.settings(), telemetry)
  putPod(server, 'first')
})

afterEach(async () => {
  stop.abort()
  await Promise.all(started.splice(0).map(({ ended }) => ended))
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function start(over: Partial<InformerOptions<Fact>> = {}): Informer<Fact> {
  const options = { kind: 'Pod', namespaces: 'all', project: factOf, telemetry, limits: quickLimits } as const
  const informer = startInformer(client, { ...options, ...over }, stop.signal)
  started.push(informer)
  return informer
}

const isWatch = ({ query }: RecordedRequest): boolean => query.has('watch')

it('starts with one streaming list, and is synced at its end', async () => {
  const informer = start({ labelSelector: 'managed-by=k8-highlander' })

  await informer.synced(stop.signal)

  expect(server.requests).toHaveLength(1)
  expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
    watch: '1',
    allowWatchBookmarks: 'true',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    timeoutSeconds: expect.stringMatching(/^[3-6]\d\d$/),
    labelSelector: 'managed-by=k8-highlander',
  })
})

it.each([400, 422])(
  'reads pages when the server answers %i to a streaming list, for the rest of the process',
  async (code) => {
    for (let n = 0; n < 1_200; n += 1) putPod(server, `p${n}`)
    const mode = { streaming: true }
    using _old = server.fail({
      when: ({ query }) => query.has('sendInitialEvents'),
      fault: { type: 'status', code },
      times: 9,
    })
    const informer = start({ mode })
    await informer.synced(stop.signal)
    putPod(server, 'late')

    const other = start({ mode })

    await other.synced(stop.signal)
    await expect.poll(() => informer.store.size).toBe(1_202)
    expect(other.store.size).toBe(1_202)
    expect(server.requests.filter(({ query }) => query.has('sendInitialEvents'))).toHaveLength(1)
    expect(server.requests.filter(({ query }) => query.has('limit'))).toHaveLength(6)
  },
)

it('starts the pages again when their token has expired', async () => {
  for (let n = 0; n < 10; n += 1) putPod(server, `p${n}`)
  server.fail({ when: ({ query }) => query.has('continue'), fault: { type: 'status', code: 410 } })

  const informer = start({ mode: { streaming: false }, limits: { ...quickLimits, pageSize: 4 } })

  await informer.synced(stop.signal)
  expect(informer.store.size).toBe(11)
})

it('resumes from the version of a bookmark', async () => {
  const informer = start()
  await informer.synced(stop.signal)
  server.cluster.put('/api/v1/services', { metadata: { name: 's', namespace: 'prod' } })
  const version = String(server.cluster.version())
  server.watches()[0]?.bookmark()

  server.watches()[0]?.end()

  await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(2)
  expect(server.requests[1]?.query.get('resourceVersion')).toBe(version)
})

it('lists again when its version is answered with 410', async () => {
  const informer = start()
  await informer.synced(stop.signal)
  server.fail({ when: isWatch, fault: { type: 'status', code: 410 } })
  server.cluster.remove(PODS, 'prod', 'first')

  server.watches()[0]?.end()

  await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(3)
  expect(server.requests[2]?.query.get('sendInitialEvents')).toBe('true')
  await expect.poll(() => informer.store.size).toBe(0)
})

it('lists anew after a list that was cut off, and never resumes from its middle', async () => {
  const queries: Call['query'][] = []
  const line = { type: 'ADDED', object: { metadata: { name: 'a', namespace: 'prod', uid: 'u', resourceVersion: '5' } } }
  const cutting: Pick<Client, 'watch'> = {
    watch: async function* (call) {
      queries.push(call.query)
      yield Buffer.from(`${JSON.stringify(line)}\n`)
    },
  }
  client = Object.assign(client, cutting)

  const informer = start()

  await expect.poll(() => queries.length).toBeGreaterThanOrEqual(2)
  expect(queries[1]).toMatchObject({ sendInitialEvents: 'true' })
  expect(queries[1]).not.toHaveProperty('resourceVersion')
  expect(informer.state().synced).toBe(false)
})

it('removes in a relist what has gone meanwhile, without taking it as seen deleted', async () => {
  const informer = start()
  await informer.synced(stop.signal)
  const uid = informer.store.get('prod', 'first')?.uid ?? ''
  server.watches()[0]?.reset()
  server.cluster.remove(PODS, 'prod', 'first')

  server.cluster.compact()

  await expect.poll(() => informer.store.size).toBe(0)
  expect(informer.store.sawDeleted(uid)).toBe(false)
})

it('takes a DELETED event as proof that the object is gone', async () => {
  const informer = start()
  await informer.synced(stop.signal)
  const uid = informer.store.get('prod', 'first')?.uid ?? ''

  server.cluster.remove(PODS, 'prod', 'first')

  await expect.poll(() => informer.store.sawDeleted(uid)).toBe(true)
  expect(informer.store.size).toBe(0)
})

it('watches each given namespace and no other', async () => {
  putPod(server, 'a', 'one')
  putPod(server, 'b', 'two')

  const informer = start({ namespaces: ['one', 'two'] })

  await informer.synced(stop.signal)
  expect([...informer.store.all()].map(({ name }) => name).toSorted()).toEqual(['a', 'b'])
  expect(server.requests.map(({ path }) => path).toSorted()).toEqual([
    '/api/v1/namespaces/one/pods',
    '/api/v1/namespaces/two/pods',
  ])
})

it('says which rule is missing, lets others start meanwhile, and recovers when it is added', async () => {
  const message = 'pods is forbidden: User "x" cannot watch resource "pods" in API group "" at the cluster scope'
  const forbidden = server.fail({ when: isWatch, fault: { type: 'status', code: 403, message }, times: 1_000 })
  const informer = start()
  await informer.settled(stop.signal)
  const { problem, synced } = informer.state()

  forbidden[Symbol.dispose]()

  await informer.synced(stop.signal)
  expect(synced).toBe(false)
  expect(problem).toEqual({
    type: 'forbidden',
    sentence:
      'may not watch pods: add the rule {apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]} ' +
      "to the ClusterRole of the operator's service account",
  })
  expect(informer.state().problem).toBeUndefined()
})

it('asks again without a word when nothing was heard of a kind for a while, and misses nothing', async () => {
  const informer = start()
  await informer.synced(stop.signal)

  await vi.waitFor(() => expect(server.requests.filter(isWatch).length).toBeGreaterThanOrEqual(3), 10_000)
  putPod(server, 'late')
  await vi.waitFor(() => expect(informer.store.get('prod', 'late')).toBeDefined(), 5_000)

  expect(telemetry.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
})

it('says that the CRD is not installed, and how to install it', async () => {
  using _missing = server.fail({ when: isWatch, fault: { type: 'status', code: 404 }, times: 1_000 })

  const informer = start({ kind: 'WorkloadProcess' })

  await informer.settled(stop.signal)
  expect(informer.state().problem).toEqual({
    type: 'missing',
    sentence:
      'the CRD workloadprocesses.highlander.plexobject.io is not installed: kubectl apply -f manifests/crds.yaml',
  })
})

it('takes it as no fault that an optional kind may not be read', async () => {
  using _forbidden = server.fail({ when: isWatch, fault: { type: 'status', code: 403 }, times: 1_000 })

  const informer = start({ kind: 'Node', isOptional: true })

  await informer.settled(stop.signal)
  expect(informer.state().problem).toBeUndefined()
  expect(telemetry.messages('warn')).toEqual([])
})

it('logs a failure that repeats once, not each time', async () => {
  using _down = server.fail({ when: isWatch, fault: { type: 'status', code: 503 }, times: 5 })

  const informer = start()

  await informer.synced(stop.signal)
  expect(server.requests).toHaveLength(6)
  expect(telemetry.messages('warn')).toHaveLength(1)
})

it('leaves out an object that cannot be read, and says so', async () => {
  const project = (object: unknown): Fact | undefined => {
    const fact = factOf(object)
    if (fact?.name === 'odd') throw new TypeError('no such field')
    return fact
  }
  putPod(server, 'odd')

  const informer = start({ project })

  await informer.synced(stop.signal)
  expect([...informer.store.all()].map(({ name }) => name)).toEqual(['first'])
  expect(telemetry.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({ name: 'odd' })
})

it('is as fresh as its last byte', async () => {
  const informer = start()
  await informer.synced(stop.signal)
  const before = informer.state().freshAtMs ?? Number.POSITIVE_INFINITY

  server.watches()[0]?.bookmark()

  await expect.poll(() => informer.state().freshAtMs).toBeGreaterThan(before)
})
