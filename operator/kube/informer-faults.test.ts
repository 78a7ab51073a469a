// The faults of ADR 1 and five more, each over real TLS: nothing is lost, nothing runs hot, nothing escapes.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Fact } from '#api/facts.ts'
import { createAuthority } from '#testing/certificates.ts'
import type { FakeApiServer, RecordedRequest } from '#testing/fake-api-server.ts'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import type { CredentialOverrides } from '#testing/fake-settings.ts'
import type { FakeTelemetry } from '#testing/fake-telemetry.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { PODS, factOf, putPod, quickLimits } from '#testing/watched-pods.ts'
import type { Client } from './call.ts'
import { connect } from './client.ts'
import type { Informer } from './informer.ts'
import { startInformer } from './informer.ts'

let server: FakeApiServer
let client: Client
let telemetry: FakeTelemetry
let stop: AbortController
let informer: Informer<Fact>

beforeEach(async () => {
  server = await startFakeApiServer()
  telemetry = fakeTelemetry()
  stop = new AbortController()
  putPod(server, 'first')
})

afterEach(async () => {
  stop.abort()
  await informer.ended
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function start(credentials: CredentialOverrides = {}): void {
  client = connect(server.settings(credentials), telemetry)
  const options = { kind: 'Pod', namespaces: 'all', project: factOf, telemetry, limits: quickLimits } as const
  informer = startInformer(client, options, stop.signal)
}

async function startSynced(credentials: CredentialOverrides = {}): Promise<void> {
  start(credentials)
  await informer.synced(stop.signal)
}

function putFive(): void {
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) putPod(server, name)
}

/** The store has what the server has, and it took no storm of requests to get there. */
async function expectAllSeen(objects: number, requests: number): Promise<void> {
  await expect.poll(() => informer.store.size, { timeout: 4_000, interval: 10 }).toBe(objects)
  expect(server.requests.length).toBeLessThanOrEqual(requests)
  const versions = new Map([...informer.store.all()].map((fact) => [fact.name, fact.resourceVersion]))
  const target = { collection: PODS, namespace: '', name: '' }
  const onServer = server.cluster.list(target, { labels: '', fields: '' }).map((pod) => factOf(pod))
  expect(versions).toEqual(new Map(onServer.map((fact) => [fact?.name, fact?.resourceVersion])))
}

const isWatch = ({ query }: RecordedRequest): boolean => query.has('watch')

it('sees everything after the connection was reset in mid-watch', async () => {
  await startSynced()

  server.watches()[0]?.reset()
  putFive()

  await expectAllSeen(6, 3)
})

it('syncs after one 500 on the list', async () => {
  server.fail({ when: isWatch, fault: { type: 'status', code: 500 } })

  start()

  await expectAllSeen(1, 2)
})

it('waits as long as a 429 asks, and goes on', async () => {
  server.fail({ when: isWatch, fault: { type: 'status', code: 429, retryAfter: '1' } })
  const startedMs = performance.now()

  start()

  await expectAllSeen(1, 2)
  expect(performance.now() - startedMs).toBeGreaterThan(990)
})

it('notices that the server is frozen, and sees everything once it answers', async () => {
  await startSynced()
  const thaw = server.freeze()
  putFive()
  await expect.poll(() => informer.state().problem?.type, { timeout: 2_000 }).toBe('failing')

  thaw[Symbol.dispose]()

  await expectAllSeen(6, 6)
})

it('resumes after four clean ends of the stream', async () => {
  await startSynced()
  for (const name of ['p1', 'p2', 'p3', 'p4']) {
    server.watches()[0]?.end()
    putPod(server, name)
    await expect.poll(() => informer.store.size, { timeout: 2_000, interval: 10 }).toBe(Number(name.slice(1)) + 1)
  }

  putPod(server, 'p5')

  await expectAllSeen(6, 5)
})

it('lists again after a 410 in the stream', async () => {
  await startSynced()

  server.watches()[0]?.fail(410, 'too old resource version')
  server.cluster.remove(PODS, 'prod', 'first')
  putFive()
  server.cluster.compact()

  await expectAllSeen(5, 3)
})

it('goes on when a subscriber throws, and reports it', async () => {
  await startSynced()
  informer.store.subscribe(() => {
    throw new Error('broken subscriber')
  })

  putFive()

  await expectAllSeen(6, 1)
  expect(telemetry.messages('error')).toHaveLength(5)
})

it('resumes behind the last good line after a truncated one', async () => {
  await startSynced()
  const [watch] = server.watches()
  putPod(server, 'p1')
  await expect.poll(() => informer.store.size, { interval: 10 }).toBe(2)

  watch?.raw('{"type":"ADDED","object":{"metadata":{"name":"tru')
  watch?.end()
  putFive()

  await expectAllSeen(6, 3)
  expect(telemetry.callsOf('watchRestarted')).toEqual([['pods', 'unreadable']])
})

it('closes its stream when it is stopped right after the start', async () => {
  start()
  await expect.poll(() => server.requests.length, { interval: 5 }).toBe(1)

  stop.abort()

  await informer.ended
  await expect.poll(() => server.openConnections(), { interval: 5 }).toBe(0)
  expect(server.watches()).toEqual([])
})

it('comes back by itself after a time of 503', async () => {
  await startSynced()
  using _down = server.fail({ when: isWatch, fault: { type: 'status', code: 503 }, times: 4 })

  server.watches()[0]?.end()
  putFive()

  await expectAllSeen(6, 7)
  expect(informer.state().problem).toBeUndefined()
})

it('uses a new token after the old one has expired', async () => {
  let token = 'old'
  server.requireToken('old')
  await startSynced({ token: () => token })
  token = 'new'
  server.requireToken('new')

  server.watches()[0]?.end()
  putFive()

  // The credentials are read again at most once a second.
  await expectAllSeen(6, 12)
})

it('trusts a changed CA once it is configured', async () => {
  const next = createAuthority('next')
  let ca: string | undefined
  const first = await server.settings().credentials()
  await startSynced({ ca: () => ca ?? first.tls.ca })
  ca = next.ca

  server.useAuthority(next)
  putFive()

  await expectAllSeen(6, 3)
})

it('ends a line that comes twice in silence', async () => {
  await startSynced()
  putPod(server, 'p1')
  await expect.poll(() => informer.store.size, { interval: 10 }).toBe(2)
  let changes = 0
  informer.store.subscribe(() => {
    changes += 1
  })

  server.watches()[0]?.repeat()
  putPod(server, 'p2')

  await expectAllSeen(3, 1)
  expect(changes).toBe(1)
})

it('learns from the watch of a write whose answer was lost', async () => {
  await startSynced()
  server.fail({ when: ({ method }) => method === 'POST', fault: { type: 'lost-answer' } })
  const body = { kind: 'Pod', metadata: { name: 'p1', namespace: 'prod' } }
  const call = {
    method: 'POST',
    path: '/api/v1/namespaces/prod/pods',
    body,
    deadlineMs: 500,
    resource: 'pods',
  } as const

  const failure = client.send(call, 'request', stop.signal)

  await expect(failure).rejects.toMatchObject({ name: 'TransientError' })
  await expectAllSeen(2, 2)
})
