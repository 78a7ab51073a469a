// Which native objects people get, on a real control plane: volumes that grow, and the overlay of the pod.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, itemsOf, textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

const STORAGE_CLASSES = '/apis/storage.k8s.io/v1/storageclasses'
const VOLUMES = '/api/v1/persistentvolumes'

let world: World

beforeAll(async () => {
  if (testCluster() === undefined) return
  world = await openWorld('objects')
  await world.operator()
})

beforeEach(needsCluster)

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

async function eventsOf(name: string): Promise<readonly string[]> {
  return (await world.events(name)).map(({ reason }) => reason)
}

describe('volumes', () => {
  const volume = (size: string, more: object = {}) => ({ name: 'data', mountPath: '/data', size, ...more })
  const spec = (size: string, more?: object) => ({
    image: 'redis:7',
    persistentVolumes: [volume(size, more)],
    terminationGracePeriodSeconds: 1,
  })

  it('grow while the instance runs on, and the StatefulSet is not written', async () => {
    await world.create('WorkloadPersistent', 'growing', spec('1Gi'))
    await world.healthy('WorkloadPersistent', 'growing')
    const [pod, set] = [await world.get('Pod', 'growing-0'), await world.get('StatefulSet', 'growing')]
    const generation = at(set, 'metadata', 'generation')

    await world.patch('WorkloadPersistent', 'growing', { spec: { persistentVolumes: [volume('2Gi')] } })

    const volumes = await eventually('the claim has grown', async () => {
      const [found] = itemsOf(await world.get('WorkloadPersistent', 'growing'), 'status', 'volumes')
      return textAt(found, 'capacity') === '2Gi' ? found : undefined
    })
    expect(volumes).toMatchObject({ claim: 'data-growing-0', phase: 'Bound', requested: '2Gi', capacity: '2Gi' })
    await world.healthy('WorkloadPersistent', 'growing')
    expect(uidOf(await world.get('Pod', 'growing-0'))).toBe(uidOf(pod))
    expect(at(await world.get('StatefulSet', 'growing'), 'metadata', 'generation')).toBe(generation)
    const events = await eventually('the Events', async () => {
      const reasons = await eventsOf('growing')
      return reasons.includes('VolumeExpanded') ? reasons : undefined
    })
    expect(events).toContain('VolumeExpanding')
  })

  it('that the storage class does not enlarge are told with the sentence of the server', async () => {
    const storageClassName = `fixed-${randomUUID().slice(0, 8)}`
    const metadata = { name: storageClassName }
    await world.api.must('POST', STORAGE_CLASSES, { body: { metadata, provisioner: 'example.test/none' } })
    await world.api.must('POST', VOLUMES, { body: fixedVolume(storageClassName) })
    await world.create('WorkloadPersistent', 'fixed', spec('1Gi', { storageClassName }))
    await world.healthy('WorkloadPersistent', 'fixed')
    const pod = uidOf(await world.get('Pod', 'fixed-0'))

    await world.patch('WorkloadPersistent', 'fixed', {
      spec: { persistentVolumes: [volume('2Gi', { storageClassName })] },
    })

    const ready = await eventually('the refusal', async () => {
      const found = await world.condition('WorkloadPersistent', 'fixed', 'Ready')
      return found?.reason === 'VolumePending' ? found : undefined
    })
    expect(ready.status).toBe('False')
    expect(ready.message).toContain('must support resize')
    expect(await world.condition('WorkloadPersistent', 'fixed', 'Accepted')).toMatchObject({ status: 'True' })
    expect(uidOf(await world.get('Pod', 'fixed-0'))).toBe(pod)
    await eventually('the Event', async () => (await eventsOf('fixed')).includes('VolumeFailed'))

    await world.api.must('PATCH', `${STORAGE_CLASSES}/${storageClassName}`, {
      body: { allowVolumeExpansion: true },
      contentType: 'application/merge-patch+json',
    })
    await world.healthy('WorkloadPersistent', 'fixed')
    await world.api.request('DELETE', `${STORAGE_CLASSES}/${storageClassName}`)
    await world.api.request('DELETE', `${VOLUMES}/${storageClassName}`)
  })

  function fixedVolume(name: string): object {
    return {
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: name,
        hostPath: { path: '/nonexistent' },
        claimRef: { namespace: world.namespace, name: 'data-fixed-0' },
      },
    }
  }
})

interface Kind {
  readonly kind: KindName
  readonly spec: object
  readonly child: Found
  readonly childName: (name: string) => string
  /** Where the child has the spec of its pod. */
  readonly pod: readonly string[]
}

const template = ['spec', 'template', 'spec']
const same = (name: string): string => name
const kinds: readonly Kind[] = [
  { kind: 'WorkloadProcess', spec: {}, child: 'Pod', childName: (name) => `${name}-pod`, pod: ['spec'] },
  {
    kind: 'WorkloadCronJob',
    spec: { schedule: '@yearly' },
    child: 'CronJob',
    childName: same,
    pod: ['spec', 'jobTemplate', ...template],
  },
  { kind: 'WorkloadService', spec: {}, child: 'Deployment', childName: same, pod: template },
  { kind: 'WorkloadPersistent', spec: {}, child: 'StatefulSet', childName: same, pod: template },
]

describe.each(kinds)('the overlay of a $kind', ({ kind, spec, child, childName, pod }) => {
  const name = kind.toLowerCase()
  const base = { image: 'busybox:1', terminationGracePeriodSeconds: 1, ...spec }
  const overlay = (podSpec: object) => ({ spec: { podTemplate: { spec: podSpec } } })
  const accepted = (status: string) =>
    eventually(`Accepted is ${status}`, async () => {
      const found = await world.condition(kind, name, 'Accepted')
      return found?.status === status ? found : undefined
    })

  it('reaches the pod, and what is wrong in it leaves what runs alone', async () => {
    await world.create(kind, name, { ...base, podTemplate: { spec: { hostNetwork: true } } })
    await world.healthy(kind, name)
    const made = await world.get(child, childName(name))
    expect(at(made, ...pod, 'hostNetwork')).toBe(true)
    const pods = async () => (await world.list('Pod', `highlander.plexobject.io/name=${name}`)).map(uidOf)
    const before = await pods()

    await world.patch(kind, name, overlay({ hostNetwrok: true }))
    const typo = await accepted('False')
    expect(typo.reason).toBe('InvalidPodTemplate')
    expect(typo.message).toMatch(/hostNetwrok.*(field not declared in schema|unknown field)|unknown field.*hostNetwrok/)

    await world.patch(kind, name, overlay({ hostNetwrok: null, nodeName: 'elsewhere' }))
    await eventually('the sentence of the operator', async () => {
      const found = await world.condition(kind, name, 'Accepted')
      return found?.reason === 'InvalidPodTemplate' && found.message.includes('nodeName')
    })
    expect(await pods()).toEqual(before)
    expect(uidOf(await world.get(child, childName(name)))).toBe(uidOf(made))

    await world.patch(kind, name, overlay({ nodeName: null }))
    await accepted('True')
    await world.healthy(kind, name)
    expect(await pods()).toEqual(before)
  })
})
