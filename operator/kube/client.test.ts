import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { createAuthority } from '#testing/certificates.ts'
import type { FakeApiServer } from '#testing/fake-api-server.ts'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import type { FakeTelemetry } from '#testing/fake-telemetry.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { Call, Client } from './call.ts'
import { connect } from './client.ts'

const PODS = '/api/v1/namespaces/prod/pods'
const never = new AbortController().signal

let server: FakeApiServer
let client: Client
let telemetry: FakeTelemetry

beforeEach(async () => {
  server = await startFakeApiServer()
  telemetry = fakeTelemetry()
  client = connect(server.settings(), telemetry, { version: '1.2.3', suffix: () => 'term=7', leaseDeadlineMs: 300 })
})

afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function read(over: Partial<Call> = {}): Call {
  return { method: 'GET', path: PODS, deadlineMs: 2_000, resource: 'pods', ...over }
}

function create(over: Partial<Call> = {}): Call {
  const body = { kind: 'Pod', metadata: { name: 'a', namespace: 'prod' } }
  return { method: 'POST', path: PODS, body, deadlineMs: 2_000, resource: 'pods', ...over }
}

function pod(name: string): { readonly metadata: { readonly name: string; readonly namespace: string } } {
  return { metadata: { name, namespace: 'prod' } }
}

it('says who it is and in which term, and counts the request', async () => {
  await client.send(read(), 'request', never)

  expect(server.requests[0]?.headers['user-agent']).toBe('k8-highlander/1.2.3 term=7')
  expect(server.requests[0]?.headers['authorization']).toBe('Bearer test-token')
  expect(telemetry.callsOf('apiRequest')).toEqual([
    [{ verb: 'list', resource: 'pods', code: '200', seconds: expect.any(Number) }],
  ])
})

it('uses a few connections for many requests, never more than sixteen at once', async () => {
  const calls = Array.from({ length: 200 }, () => client.send(read(), 'request', never))

  await Promise.all(calls)

  expect(server.requests).toHaveLength(200)
  expect(server.connections()).toBeLessThanOrEqual(16)
})

it('does not let a full pool delay a call about the lease', async () => {
  using _frozen = server.fail({ when: ({ path }) => path === PODS, fault: { type: 'freeze' }, times: 100 })
  const stuck = Array.from({ length: 20 }, () => client.send(read(), 'request', never).catch(() => undefined))

  const lease = await client.leases.get('ns', 'fence', never)

  expect(lease).toBeUndefined()
  await client[Symbol.asyncDispose]()
  await Promise.all(stuck)
})

it.each([
  { code: 400, type: TerminalError, reason: 'invalid' },
  { code: 401, type: TransientError, reason: 'unauthorized' },
  { code: 403, type: TerminalError, reason: 'forbidden' },
  { code: 403, type: TerminalError, reason: 'quota', message: 'pods "a" is forbidden: exceeded quota: small' },
  { code: 404, type: TerminalError, reason: 'not_found' },
  { code: 409, type: ConflictError, reason: 'conflict' },
  { code: 422, type: TerminalError, reason: 'invalid' },
  { code: 429, type: TransientError, reason: 'throttled' },
  { code: 500, type: TransientError, reason: 'unavailable' },
  { code: 503, type: TransientError, reason: 'unavailable' },
  { code: 504, type: TransientError, reason: 'timeout' },
])('translates $code to $reason with the sentence of the server', async ({ code, type, reason, message }) => {
  server.fail({ when: () => true, fault: { type: 'status', code, message: message ?? 'so be it' } })

  const failure = await client.send(create(), 'request', never).catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(type)
  expect(failure).toMatchObject({ reason, message: message ?? 'so be it' })
})

it('tells a name that is taken from a version that has moved on', async () => {
  server.cluster.put('/api/v1/pods', pod('a'))

  const failure = client.send(create(), 'request', never)

  await expect(failure).rejects.toMatchObject({ name: 'ConflictError', reason: 'already_exists' })
})

it('passes on how long the server asks to wait', async () => {
  server.fail({ when: () => true, fault: { type: 'status', code: 429, retryAfter: '7' } })

  const failure = client.send(read(), 'request', never)

  await expect(failure).rejects.toMatchObject({ retryAfterMs: 7_000 })
})

it('names the server when nobody listens there', async () => {
  const { url } = server
  await server[Symbol.asyncDispose]()

  const failure = client.send(read(), 'request', never)

  await expect(failure).rejects.toThrow(`cannot reach the API server ${url}: connection refused`)
})

it('gives up at its deadline and resets the connection, so that nothing arrives later', async () => {
  using _frozen = server.fail({ when: () => true, fault: { type: 'freeze' } })

  const failure = client.send(create({ deadlineMs: 150 }), 'request', never)

  await expect(failure).rejects.toMatchObject({ name: 'TransientError', reason: 'timeout' })
  await expect.poll(() => server.openConnections()).toBe(0)
  expect(server.resets()).toBe(1)
})

it('gives up at its deadline while the server does not even shake hands', async () => {
  using _frozen = server.freeze()

  const failure = client.send(create({ deadlineMs: 150 }), 'request', never)

  await expect(failure).rejects.toMatchObject({ reason: 'timeout' })
})

it('asks again whether it may send when the connection is there, and sends nothing when not', async () => {
  const thaw = server.freeze()
  let isValid = true
  const sending = client.send(create({ maySend: () => isValid }), 'request', never)
  isValid = false

  thaw[Symbol.dispose]()

  await expect(sending).rejects.toMatchObject({ name: 'AbortError' })
  expect(server.requests).toEqual([])
})

it('asks in the tick in which it writes, also on a connection that is used again', async () => {
  await client.send(read(), 'request', never)
  let asked = 0
  const maySend = (): boolean => {
    asked += 1
    return true
  }

  await client.send(create({ maySend }), 'request', never)

  expect(asked).toBe(1)
  expect(server.connections()).toBe(1)
})

it('leaves when its signal fires', async () => {
  using _frozen = server.fail({ when: () => true, fault: { type: 'freeze' } })
  const stop = new AbortController()
  const sending = client.send(create(), 'request', stop.signal)
  await expect.poll(() => server.requests.length).toBe(1)

  stop.abort()

  await expect(sending).rejects.toMatchObject({ name: 'AbortError' })
  await expect.poll(() => server.openConnections()).toBe(0)
})

it('reads once more when the server had closed the connection it used again', async () => {
  await client.send(read(), 'request', never)
  server.fail({ when: ({ connection }) => connection === 1, fault: { type: 'reset' } })

  const list = await client.send(read(), 'request', never)

  expect(list).toMatchObject({ kind: 'List' })
  expect(server.requests).toHaveLength(3)
})

it('never repeats a write, and tells that its outcome is unknown', async () => {
  await client.send(read(), 'request', never)
  server.fail({ when: ({ method }) => method === 'POST', fault: { type: 'lost-answer' } })

  const failure = client.send(create(), 'request', never)

  await expect(failure).rejects.toMatchObject({ name: 'TransientError', reason: 'unavailable' })
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  expect(server.cluster.get({ collection: '/api/v1/pods', namespace: 'prod', name: 'a' })).toBeDefined()
})

it('reads its token anew after the server refused it', async () => {
  let token = 'old'
  await using own = connect(server.settings({ token: () => token }), telemetry)
  server.requireToken('old')
  await own.send(read(), 'request', never)
  server.requireToken('new')
  token = 'new'
  const refused = await own.send(read(), 'request', never).catch((error: unknown) => error)

  await expect
    .poll(() => own.send(read(), 'request', never).catch(() => undefined), { interval: 200, timeout: 3_000 })
    .toBeDefined()

  expect(refused).toMatchObject({ reason: 'unauthorized' })
})

it('gives its place back when a request cannot even be made', async () => {
  await using own = connect(server.settings({ token: () => 'half\nwritten' }), telemetry, { leaseDeadlineMs: 300 })
  const tries = [1, 2, 3].map(() => own.leases.get('ns', 'fence', never).catch((error: unknown) => error))

  const failures = await Promise.all(tries)

  expect(failures).toEqual(Array(3).fill(expect.objectContaining({ name: 'TransientError', reason: 'unavailable' })))
  expect(server.requests).toEqual([])
})

it('trusts a new authority once it is configured, over new connections', async () => {
  const next = createAuthority('next')
  let ca: string | undefined
  await using own = connect(server.settings(ca === undefined ? {} : { ca: () => ca ?? '' }), telemetry)
  await own.send(read(), 'request', never)
  ca = next.ca

  server.useAuthority(next)

  await expect(own.send(read(), 'request', never)).rejects.toThrow(
    'its certificate is not signed by the configured certificate authority',
  )
})
