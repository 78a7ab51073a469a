import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LeaseObject } from '#api/ports.ts'
import type { FakeApiServer } from '#testing/fake-api-server.ts'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { Client } from './call.ts'
import { connect } from './client.ts'

const LEASES = '/apis/coordination.k8s.io/v1/leases'

let server: FakeApiServer
let client: Client
let stop: AbortController

beforeEach(async () => {
  server = await startFakeApiServer()
  stop = new AbortController()
  client = connect(server.settings(), fakeTelemetry(), { leaseDeadlineMs: 200 })
})

afterEach(async () => {
  stop.abort()
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function lease(holderIdentity: string, metadata: Partial<LeaseObject['metadata']> = {}): LeaseObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'fence', namespace: 'ops', annotations: { note: 'kept' }, ...metadata },
    spec: { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 3, renewTime: '2026-01-01T12:00:00.000000Z' },
  }
}

it('creates once, and tells when it exists already', async () => {
  const created = await client.leases.create(lease('a'), stop.signal)
  const again = await client.leases.create(lease('b'), stop.signal)

  const found = await client.leases.get('ops', 'fence', stop.signal)

  expect(found).toEqual(created)
  expect(found).toMatchObject(lease('a'))
  expect(again).toBeUndefined()
})

it('reads with a quorum: without a resource version', async () => {
  const found = await client.leases.get('ops', 'fence', stop.signal)

  expect(found).toBeUndefined()
  expect(server.requests[0]?.query.size).toBe(0)
})

it('replaces only the version it knows', async () => {
  const created = await client.leases.create(lease('a'), stop.signal)
  const known = created?.metadata ?? { name: '', namespace: '' }
  const replaced = await client.leases.replace(lease('b', known), stop.signal)

  const late = await client.leases.replace(lease('c', known), stop.signal)

  expect(replaced?.spec.holderIdentity).toBe('b')
  expect(late).toBeUndefined()
})

it('does not create a lease that was deleted meanwhile', async () => {
  const created = await client.leases.create(lease('a'), stop.signal)
  server.cluster.remove(LEASES, 'ops', 'fence')

  const replaced = await client.leases.replace(lease('b', created?.metadata ?? {}), stop.signal)

  expect(replaced).toBeUndefined()
  expect(server.cluster.get({ collection: LEASES, namespace: 'ops', name: 'fence' })).toBeUndefined()
})

it('gives up after one retry period, and the next call has a new connection', async () => {
  server.fail({ when: ({ method }) => method === 'GET', fault: { type: 'freeze' } })
  const first = await client.leases.get('ops', 'fence', stop.signal).catch((error: unknown) => error)

  const second = await client.leases.get('ops', 'fence', stop.signal)

  expect(first).toMatchObject({ reason: 'timeout' })
  expect(second).toBeUndefined()
  expect(server.requests.map(({ connection }) => connection)).toEqual([1, 2])
})

it('tells the state at the start and each change, also across a broken stream', async () => {
  const seen: (string | undefined)[] = []
  client.leases.watch('ops', 'fence', (found) => seen.push(found?.spec.holderIdentity), stop.signal)
  await expect.poll(() => server.watches().length).toBe(1)
  server.cluster.put(LEASES, { ...lease('a') })
  server.cluster.put(LEASES, { ...lease('other', { name: 'other' }) })
  await expect.poll(() => seen).toEqual([undefined, 'a'])

  server.watches()[0]?.reset()
  server.cluster.put(LEASES, { ...lease('b') })

  await expect.poll(() => seen.at(-1), { timeout: 3_000 }).toBe('b')
  server.cluster.remove(LEASES, 'ops', 'fence')
  await expect.poll(() => seen.at(-1)).toBeUndefined()
})

it('stops watching with its signal', async () => {
  client.leases.watch('ops', 'fence', () => undefined, stop.signal)
  await expect.poll(() => server.watches().length).toBe(1)

  stop.abort()

  await expect.poll(() => server.watches().length).toBe(0)
})
