// What hands of people do to children: labels that go, owners that go. The instance stays one, and all comes back.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { at, textAt, type Json } from '../support/api.ts'
import { testCluster } from '../cluster/fixture.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

const PROCESS = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }
const SERVICE = { image: 'nginx:1', terminationGracePeriodSeconds: 1 }
const OURS = { metadata: { labels: { 'managed-by': null } } }

describe('hands of people', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('hands')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it.each<[KindName, object, Found, string]>([
    ['WorkloadProcess', PROCESS, 'Pod', 'unlabelled-pod'],
    ['WorkloadService', SERVICE, 'Deployment', 'unlabelled'],
  ])(
    'take our label off the child of a %s: it is the same child, has the label again and is watched',
    async (...of) => {
      const [kind, spec, child, name] = of
      await world.create(kind, 'unlabelled', spec)
      await world.healthy(kind, 'unlabelled')
      const uid = uidOf(await world.get(child, name))

      await world.patch(child, name, OURS)
      await eventually('labelled again', async () => isOurs(await world.get(child, name)))
      await world.patch(child, name, { metadata: { labels: { app: 'somebody-else' } } })

      await eventually(
        'watched again',
        async () => textAt(await world.get(child, name), 'metadata', 'labels', 'app') !== 'somebody-else',
      )
      await world.healthy(kind, 'unlabelled')
      expect(uidOf(await world.get(child, name))).toBe(uid)
      await world.remove(kind, 'unlabelled')
    },
  )

  it('take our label off the granted pod of a service: no other pod starts before it has ended', async () => {
    await world.create('WorkloadService', 'strict', SERVICE)
    const granted = at(await world.healthy('WorkloadService', 'strict'), 'status', 'grant', 'uid')
    const [pod] = await podsOf('strict')
    const name = textAt(pod, 'metadata', 'name')
    await world.patch('Pod', name, OURS)
    await world.patch('Deployment', 'strict', { spec: { replicas: 2 } })
    await eventually('looked at', async () => at(await world.get('Deployment', 'strict'), 'spec', 'replicas') === 1)

    const meanwhile = at(await world.get('WorkloadService', 'strict'), 'status', 'grant', 'uid')
    await world.remove('Pod', name)

    const after = await eventually('the successor has the grant', async () => {
      const uid = at(await world.get('WorkloadService', 'strict'), 'status', 'grant', 'uid')
      return uid === granted ? undefined : uid
    })
    expect(meanwhile).toBe(granted)
    expect(after).not.toBe(granted)
    await world.healthy('WorkloadService', 'strict')
  })

  it('leave a pod behind that the next resource asks for with another image: adopted, then replaced', async () => {
    await world.create('WorkloadProcess', 'left', PROCESS)
    await world.healthy('WorkloadProcess', 'left')
    const before = uidOf(await world.get('Pod', 'left-pod'))
    await world.remove('WorkloadProcess', 'left', '?propagationPolicy=Orphan')
    await eventually('gone', async () => (await world.get('WorkloadProcess', 'left')) === undefined)

    await world.create('WorkloadProcess', 'left', { ...PROCESS, image: 'busybox:2' })

    await world.healthy('WorkloadProcess', 'left')
    const pod = await eventually('a new pod', async () => {
      const found = await world.get('Pod', 'left-pod')
      return uidOf(found) === before ? undefined : found
    })
    expect(textAt(pod, 'spec', 'containers', 0, 'image')).toBe('busybox:2')
  })

  async function podsOf(name: string): Promise<readonly Json[]> {
    return await world.list('Pod', `highlander.plexobject.io/name=${name}`)
  }
})

function isOurs(child: Json): boolean {
  return textAt(child, 'metadata', 'labels', 'managed-by') === 'k8-highlander'
}
