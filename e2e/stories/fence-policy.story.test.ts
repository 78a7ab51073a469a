// The optional admission policy on a real API server: what it refuses of the operator's account, what it lets everybody
// else do, and that an operator under it works as without it.
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, connectApi, textAt, type Api, type Json } from '../support/api.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const POLICY = path.resolve(import.meta.dirname, '../../manifests/fence-policy.yaml')
const MERGE = { contentType: 'application/merge-patch+json' }
const common = { image: 'app:1', terminationGracePeriodSeconds: 1 }
const workloads: readonly (readonly [KindName, object])[] = [
  ['WorkloadProcess', common],
  ['WorkloadCronJob', { image: 'app:1', schedule: '@yearly' }],
  ['WorkloadService', common],
  ['WorkloadPersistent', common],
]

describe('the admission policy', () => {
  let world: World
  /** As the operator's account. */
  let account: Api

  beforeAll(async () => {
    const cluster = testCluster()
    if (cluster === undefined) return
    world = await openWorld('policy')
    await world.kubectl.run(['apply', '-f', POLICY])
    account = await connectApi(
      await cluster.kubeconfigFor(SERVICE_ACCOUNT, ['system:serviceaccounts'], AbortSignal.timeout(10_000)),
    )
    // A policy is in force a moment after it is stored.
    await eventually('the policy is in force', async () => {
      const name = await newPod('probe', '9')
      const { status } = await write(name, '8')
      await world.remove('Pod', name, '?gracePeriodSeconds=0')
      return status === 422
    })
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.kubectl.run(['delete', '-f', POLICY, '--ignore-not-found'])
    account?.[Symbol.dispose]()
    await world?.[Symbol.asyncDispose]()
  })

  it.each([
    ['a lower epoch', '8', 422],
    ['no epoch', null, 422],
    ['what is no number', 'x', 422],
    ['the same epoch', '9', 200],
    ['a higher epoch', '10', 200],
  ])('judges a write with %s', async (_what, epoch, status) => {
    const name = await newPod(`write-${String(epoch)}`, '9')

    const answer = await write(name, epoch)

    expect(answer.status).toBe(status)
    if (status === 422) expect(textAt(answer.body, 'message')).toContain('is older than epoch 9 of this object')
  })

  it('lets an epoch that is no number be put right', async () => {
    const name = await newPod('nonsense', 'nonsense')

    expect((await write(name, '1')).status).toBe(200)
  })

  it('refuses a delete that does not say what it has seen', async () => {
    const name = await newPod('delete', '9')
    const { uid, resourceVersion } = metadataOf(await world.get('Pod', name))
    const remove = async (preconditions: object) =>
      await account.request('DELETE', podPath(name), { body: { gracePeriodSeconds: 0, preconditions } })

    for (const half of [{}, { uid }, { resourceVersion }]) {
      const { status, body } = await remove(half)
      expect([status, textAt(body, 'message')]).toEqual([
        422,
        expect.stringContaining('a delete must carry uid and resourceVersion preconditions'),
      ])
    }
    expect((await remove({ uid, resourceVersion })).status).toBe(200)
  })

  it('touches nobody else', async () => {
    const name = await newPod('others', '9')

    await world.patch('Pod', name, { metadata: { annotations: { [annotation.epoch]: '1' } } })
    await world.remove('Pod', name, '?gracePeriodSeconds=0')
  })

  it('keeps a grant from going back or away', async () => {
    await world.create('WorkloadService', 'granted', common)
    const grant = (epoch: number) => ({ pod: 'p', uid: 'u', epoch, token: 1 })
    const base = `/apis/highlander.plexobject.io/v1/namespaces/${world.namespace}/workloadservices/granted/status`
    const set = async (status: object) => (await account.request('PATCH', base, { body: { status }, ...MERGE })).status

    expect(await set({ grant: grant(5) })).toBe(200)
    expect(await set({ grant: grant(4) })).toBe(422)
    expect(await set({ grant: null })).toBe(422)
    expect(await set({ address: 'x' })).toBe(200)
    expect(await set({ grant: grant(6) })).toBe(200)
    await world.remove('WorkloadService', 'granted')
  })

  it('lets an operator make, change, replace and suspend all four kinds', async () => {
    await world.operator()
    for (const [kind, spec] of workloads) await world.create(kind, nameOf(kind), spec)
    for (const [kind] of workloads) await world.healthy(kind, nameOf(kind))
    const pod = uidOf(await world.get('Pod', 'process-pod'))

    for (const [kind] of workloads) await world.patch(kind, nameOf(kind), { spec: { image: 'app:2' } })
    await eventually('a new pod', async () => ![pod, ''].includes(uidOf(await world.get('Pod', 'process-pod'))))
    for (const [kind] of workloads) await world.healthy(kind, nameOf(kind))
    for (const [kind] of workloads) await world.patch(kind, nameOf(kind), { spec: { suspend: true } })

    for (const [kind] of workloads)
      await eventually(`${kind} is suspended`, async () => {
        return (await world.condition(kind, nameOf(kind), 'Ready'))?.reason === 'Suspended'
      })
  })

  async function newPod(name: string, epoch: string): Promise<string> {
    // Nobody else writes a gated pod: its version stays the one that was read.
    const schedulingGates = [{ name: 'example.test/closed' }]
    const body = {
      metadata: { name, annotations: { [annotation.epoch]: epoch } },
      spec: { schedulingGates, containers: [{ name: 'main', image: 'example.invalid/a' }] },
    }
    await world.api.must('POST', podPath(), { body })
    return name
  }

  async function write(name: string, epoch: string | null) {
    const body = { metadata: { annotations: { [annotation.epoch]: epoch } } }
    return await account.request('PATCH', podPath(name), { body, ...MERGE })
  }

  function podPath(name?: string): string {
    return `/api/v1/namespaces/${world.namespace}/pods${name === undefined ? '' : `/${name}`}`
  }
})

function metadataOf(object: Json): { readonly uid: string; readonly resourceVersion: string } {
  return { uid: uidOf(object), resourceVersion: String(at(object, 'metadata', 'resourceVersion')) }
}

function nameOf(kind: KindName): string {
  return kind.slice('Workload'.length).toLowerCase()
}
