import { describe, expect, it } from 'vitest'
import type { LeaseObject } from '#api/ports.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import { createFakeLeases } from '#testing/fake-leases.ts'
import type { FakeLeases } from '#testing/fake-leases.ts'
import { createFakeLockStore } from '#testing/fake-lock-store.ts'
import { describeLockStore } from '#testing/lock-store-contract.ts'
import { createLeaseLockStore } from './lease-lock-store.ts'
import { fenceLeaseName, leaseAnnotation } from './lease-record.ts'
import type { Fence, Seen } from './lock-store.ts'

const never = new AbortController().signal
const SETTINGS = { namespace: 'ops', tenant: 'default', cluster: 'primary', leaseDurationMs: 15_000 }
const CLAIM = { claim: 'c1', seq: 1n, holder: 'pod_1', cluster: 'primary', clusterId: '', fence: '' }

function openOver(leases: FakeLeases): Fence {
  return createLeaseLockStore(leases.client(), SETTINGS, createFakeClock())
}

async function givenHeld(): Promise<{ readonly leases: FakeLeases; readonly fence: Fence }> {
  const leases = createFakeLeases()
  const fence = openOver(leases)
  await fence.acquire(CLAIM, { expected: '', minEpoch: 8n }, never)
  return { leases, fence }
}

function stored(leases: FakeLeases): LeaseObject {
  const lease = leases.stored()
  if (lease === undefined) throw new Error('there is no Lease')
  return lease
}

describeLockStore('the store in memory', async () => {
  const store = createFakeLockStore()
  return () => store
})

describeLockStore('the fence', async () => {
  const leases = createFakeLeases()
  return () => openOver(leases)
})

describe('the fence', () => {
  it('names the Lease that Events are about, as it was last seen', async () => {
    const leases = createFakeLeases()
    const fence = createLeaseLockStore(leases.client(), SETTINGS, createFakeClock())
    const before = fence.subject()

    await fence.acquire(CLAIM, { expected: '', minEpoch: 1n }, never)

    const subject = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'ops',
      name: 'highlander-fence-default',
    }
    expect([before, fence.subject()]).toEqual([
      { ...subject, uid: '' },
      { ...subject, uid: 'uid-1' },
    ])
  })

  it('writes a Lease that people and other tools can read', async () => {
    const { leases } = await givenHeld()

    expect(stored(leases)).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: 'highlander-fence-default',
        namespace: 'ops',
        uid: 'uid-1',
        resourceVersion: '1',
        labels: { 'app.kubernetes.io/managed-by': 'highlander', 'highlander.plexobject.io/tenant': 'default' },
        annotations: {
          'highlander.plexobject.io/seq': '1',
          'highlander.plexobject.io/last-holder': 'pod_1',
          'highlander.plexobject.io/terms':
            '[{"epoch":8,"holder":"pod_1","cluster":"primary","since":"2026-01-01T12:00:00Z"}]',
        },
      },
      spec: {
        holderIdentity: 'pod_1_c1',
        leaseDurationSeconds: 15,
        leaseTransitions: 8,
        acquireTime: '2026-01-01T12:00:00.000000Z',
        renewTime: '2026-01-01T12:00:00.000000Z',
      },
    })
  })

  it('renews with one request', async () => {
    const { leases, fence } = await givenHeld()

    await fence.renew({ claim: 'c1', seq: 2n }, never)

    expect(leases.requests).toEqual(['create', 'replace'])
  })

  it('renews again over what somebody has annotated meanwhile, and keeps it', async () => {
    const { leases, fence } = await givenHeld()
    leases.annotate({ 'example.com/note': 'x', [leaseAnnotation.stepDown]: '8 pod_2' })

    const renewed = await fence.renew({ claim: 'c1', seq: 2n }, never)

    expect(renewed).toEqual({ type: 'renewed', request: '8 pod_2' })
    expect(leases.requests).toEqual(['create', 'replace 409', 'get', 'replace'])
    expect(stored(leases).metadata.annotations).toMatchObject({ 'example.com/note': 'x' })
  })

  it('is lost when somebody has overwritten the holder', async () => {
    const { leases, fence } = await givenHeld()
    leases.edit((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: 'someone' } }))

    expect(await fence.renew({ claim: 'c1', seq: 2n }, never)).toEqual({ type: 'lost' })
    expect(await fence.read(never)).toMatchObject({ record: { claim: 'someone', holder: 'someone' } })
  })

  it('does not create a deleted Lease by renewing it', async () => {
    const { leases, fence } = await givenHeld()
    leases.remove()

    expect(await fence.renew({ claim: 'c1', seq: 2n }, never)).toEqual({ type: 'missing' })
    expect(leases.stored()).toBeUndefined()
  })

  it('is not renewed over a Lease that was deleted and taken by a rival', async () => {
    const { leases, fence } = await givenHeld()
    leases.remove()
    await openOver(leases).acquire({ ...CLAIM, claim: 'c2' }, { expected: '', minEpoch: 9n }, never)

    expect(await fence.renew({ claim: 'c1', seq: 2n }, never)).toEqual({ type: 'lost' })
  })

  it('is taken by a rival though somebody has annotated it since the rival read it', async () => {
    const { leases } = await givenHeld()
    const rival = openOver(leases)
    const seen = await rival.read(never)
    leases.annotate({ 'example.com/note': 'x' })

    const version = seen.type === 'record' ? seen.version : ''
    const acquired = await rival.acquire({ ...CLAIM, claim: 'c2', seq: 2n }, { expected: version, minEpoch: 1n }, never)

    expect(acquired).toEqual({ type: 'acquired', epoch: 9n })
    expect(leases.requests.slice(-3)).toEqual(['replace 409', 'get', 'replace'])
  })

  it('is not created anew by a rival that has read it before it was deleted', async () => {
    const { leases } = await givenHeld()
    const rival = openOver(leases)
    await rival.read(never)
    leases.remove()

    const acquired = await rival.acquire({ ...CLAIM, claim: 'c2', seq: 2n }, { expected: 'c1:1', minEpoch: 1n }, never)

    expect(acquired).toEqual({ type: 'changed' })
    expect(leases.stored()).toBeUndefined()
  })

  it('raises the epoch again after an older Lease of its own was restored', async () => {
    const { leases, fence } = await givenHeld()
    const backup = stored(leases)
    await fence.renew({ claim: 'c1', seq: 2n }, never)
    leases.restore({ ...backup, spec: { ...backup.spec, leaseTransitions: 3 } })

    expect(await fence.renew({ claim: 'c1', seq: 3n }, never)).toMatchObject({ type: 'renewed' })
    expect(stored(leases).spec.leaseTransitions).toBe(8)
  })

  it('drops a step-down request of an earlier term when it is acquired', async () => {
    const { leases, fence } = await givenHeld()
    leases.annotate({ [leaseAnnotation.stepDown]: '8' })
    await fence.release({ claim: 'c1', seq: 2n, drained: false, request: '' }, never)
    expect(await fence.read(never)).toMatchObject({ version: ':2', record: { request: '8', holder: 'pod_1' } })

    await fence.acquire({ ...CLAIM, seq: 3n }, { expected: ':2', minEpoch: 1n }, never)

    expect(stored(leases).metadata.annotations).not.toHaveProperty(leaseAnnotation.stepDown)
  })

  it('remembers the last ten terms, also for a new process', async () => {
    const { leases, fence } = await givenHeld()
    for (let term = 2n; term <= 12n; term += 1n) {
      await fence.release({ claim: 'c1', seq: term * 2n, drained: false, request: '' }, never)
      const expected = `:${term * 2n}`
      await fence.acquire({ ...CLAIM, seq: term * 2n + 1n }, { expected, minEpoch: 1n }, never)
    }

    const other = openOver(leases)
    await other.read(never)

    expect(other.history().map(({ epoch }) => Number(epoch))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  })

  it('reads what people have spoilt without falling over', async () => {
    const { leases, fence } = await givenHeld()
    leases.annotate({ [leaseAnnotation.seq]: 'many', [leaseAnnotation.terms]: '[{"epoch":"x"},7' })
    leases.edit((lease) => ({ ...lease, spec: {} }))

    expect(await fence.read(never)).toMatchObject({ version: ':0', record: { epoch: 0n, state: 'released' } })
  })

  it('tells what the watch shows', async () => {
    const { leases, fence } = await givenHeld()
    const shown: (Seen | undefined)[] = []

    const watch = fence.changes((seen) => shown.push(seen))
    await fence.renew({ claim: 'c1', seq: 2n }, never)
    leases.remove()
    await Promise.resolve()
    watch[Symbol.dispose]()

    expect(shown.map((seen) => (seen?.type === 'record' ? seen.version : seen?.type))).toEqual([
      'c1:1',
      'c1:2',
      'absent',
    ])
  })

  it('is named after the tenant, or its hash when that is no DNS label', () => {
    expect(fenceLeaseName('team-a')).toBe('highlander-fence-team-a')
    expect(fenceLeaseName('Team A')).toMatch(/^highlander-fence-[0-9a-f]{16}$/)
  })
})
