// Children that were left behind, by `--cascade=orphan` and by the Go version, on a real control plane.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { apiVersionOf, pathOf, resourceOf } from '#api/resource.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, itemsOf, textAt, type Json } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  if (testCluster() === undefined) return
  world = await openWorld('adoption')
  await world.operator()
})

beforeEach(needsCluster)

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

interface Example {
  readonly kind: KindName
  readonly spec: object
  readonly children: (name: string) => readonly (readonly [Found, string])[]
}

const ports = [{ name: 'http', containerPort: 8080, servicePort: 8080 }]
const base = { image: 'example/app:1', terminationGracePeriodSeconds: 1 }
const volumes = [{ name: 'data', mountPath: '/data', size: '1Gi' }]

const examples: readonly Example[] = [
  { kind: 'WorkloadProcess', spec: base, children: (name) => [['Pod', `${name}-pod`]] },
  { kind: 'WorkloadCronJob', spec: { ...base, schedule: '@yearly' }, children: (name) => [['CronJob', name]] },
  {
    kind: 'WorkloadService',
    spec: { ...base, ports },
    children: (name) => [
      ['Deployment', name],
      ['Service', name],
    ],
  },
  {
    kind: 'WorkloadPersistent',
    spec: { ...base, ports, persistentVolumes: volumes },
    children: (name) => [
      ['StatefulSet', name],
      ['Service', name],
      ['PersistentVolumeClaim', `data-${name}-0`],
      ['Pod', `${name}-0`],
    ],
  },
]

async function uidsOf(objects: readonly (readonly [Found, string])[]): Promise<readonly string[]> {
  return await Promise.all(objects.map(async ([kind, name]) => uidOf(await world.get(kind, name))))
}

async function podsOf(name: string): Promise<readonly Json[]> {
  return await world.list('Pod', `app=${name}`)
}

async function isAdopted(name: string): Promise<boolean> {
  return (await world.events(name)).some(({ reason }) => reason === 'Adopted')
}

describe.each(examples)('$kind deleted with --cascade=orphan and made again', ({ kind, spec, children }) => {
  it('takes its children back without a restart', async () => {
    const name = `orphan-${kind.slice('Workload'.length).toLowerCase()}`
    await world.create(kind, name, spec)
    await world.healthy(kind, name)
    const before = { children: await uidsOf(children(name)), pods: (await podsOf(name)).map(uidOf) }
    await world.remove(kind, name, '?propagationPolicy=Orphan')
    await eventually('it is gone', async () => (await world.get(kind, name)) === undefined)
    await eventually('its children have no owner', async () => {
      const [[childKind, childName] = ['Pod', name] as const] = children(name)
      return itemsOf(await world.get(childKind, childName), 'metadata', 'ownerReferences').length === 0
    })

    const again = await world.create(kind, name, spec)
    await world.healthy(kind, name)

    expect({ children: await uidsOf(children(name)), pods: (await podsOf(name)).map(uidOf) }).toEqual(before)
    const [[childKind, childName] = ['Pod', name] as const] = children(name)
    const child = await world.get(childKind, childName)
    expect(textAt(child, 'metadata', 'ownerReferences', 0, 'uid')).toBe(uidOf(again))
    if (kind === 'WorkloadService')
      expect(textAt(await world.get(kind, name), 'status', 'grant', 'uid')).toBe(before.pods[0])
    await eventually('the Event Adopted', () => isAdopted(name))
  })
})

describe('children of the Go version', () => {
  const labels = (name: string) => ({ app: name, 'managed-by': 'k8-highlander' })
  const passing = { 'controller-id': 'old-1', 'cluster-name': 'primary', 'is-leader': 'true' }
  const container = (name: string) => ({ name, image: 'example/app:1', env: [{ name: 'OLD', value: '1' }] })
  const template = (name: string) => ({
    metadata: { labels: { ...labels(name), ...passing } },
    spec: { containers: [container(name)], terminationGracePeriodSeconds: 1 },
  })

  async function make(kind: Found, name: string, spec: object, app = name): Promise<Json> {
    const resource = resourceOf(kind)
    const metadata = { name, labels: { ...labels(app), ...passing }, annotations: { 'k8-highlander.io/was': 'here' } }
    const body = { apiVersion: apiVersionOf(resource), kind, metadata, spec }
    const path = pathOf(resource, { namespace: world.namespace })
    return await world.api.must('POST', `${path}?fieldManager=k8-highlander`, { body })
  }

  it('a rolling Deployment becomes Recreate, loses what is not wished, and its Service stays', async () => {
    const name = 'go-service'
    const made = await make('Deployment', name, {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: template(name),
    })
    const front = await make('Service', name, { selector: { app: name }, ports: [{ name: 'http', port: 8080 }] })
    await world.patch('Deployment', name, { metadata: { labels: { team: 'red' } } })
    await eventually('its pod runs', async () => textAt((await podsOf(name))[0], 'status', 'phase') === 'Running')

    await world.create('WorkloadService', name, { ...base, ports })
    await world.healthy('WorkloadService', name)

    const adopted = await world.get('Deployment', name)
    expect(uidOf(adopted)).toBe(uidOf(made))
    expect(at(adopted, 'spec', 'strategy')).toEqual({ type: 'Recreate' })
    expect(at(adopted, 'metadata', 'labels')).toMatchObject({ team: 'red', 'cluster-name': expect.any(String) })
    expect(at(adopted, 'metadata', 'labels')).not.toHaveProperty('is-leader')
    expect(at(adopted, 'metadata', 'annotations')).not.toHaveProperty('k8-highlander.io/was')
    expect(itemsOf(adopted, 'spec', 'template', 'spec', 'containers').map((one) => textAt(one, 'name'))).toEqual([
      'main',
    ])
    for (const key of Object.keys(passing))
      expect(at(adopted, 'spec', 'template', 'metadata', 'labels')).not.toHaveProperty(key)
    expect(uidOf(await world.get('Service', name))).toBe(uidOf(front))
    expect(await podsOf(name)).toHaveLength(1)

    await world.patch('WorkloadService', name, { spec: { env: { NEW: '1' } } })
    await world.healthy('WorkloadService', name)
    await world.patch('WorkloadService', name, { spec: { env: null } })
    await world.healthy('WorkloadService', name)
    expect(JSON.stringify(await world.get('Deployment', name))).not.toContain('"NEW"')
  })

  it('a StatefulSet keeps its claims, which get our labels, and its Service keeps its address', async () => {
    const name = 'go-persistent'
    await make('Service', name, { selector: { app: name }, ports: [{ name: 'http', port: 8080 }] })
    const made = await make('StatefulSet', name, {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: template(name),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    })
    const address = textAt(await world.get('Service', name), 'spec', 'clusterIP')
    const claim = await eventually('its claim', () => world.get('PersistentVolumeClaim', `data-${name}-0`))
    await eventually('its pod runs', async () => textAt((await podsOf(name))[0], 'status', 'phase') === 'Running')

    await world.create('WorkloadPersistent', name, { ...base, ports, persistentVolumes: volumes })
    await world.healthy('WorkloadPersistent', name)

    expect(uidOf(await world.get('StatefulSet', name))).toBe(uidOf(made))
    expect(textAt(await world.get('Service', name), 'spec', 'clusterIP')).toBe(address)
    const labelled = await eventually('the labels of the claim', async () => {
      const found = await world.get('PersistentVolumeClaim', `data-${name}-0`)
      return at(found, 'metadata', 'labels', 'highlander.plexobject.io/name') === name ? found : undefined
    })
    expect(uidOf(labelled)).toBe(uidOf(claim))

    await world.patch('WorkloadPersistent', name, { spec: { persistentVolumes: [{ ...volumes[0], size: '2Gi' }] } })
    await eventually('the claim has grown', async () => {
      const found = await world.get('PersistentVolumeClaim', `data-${name}-0`)
      return textAt(found, 'status', 'capacity', 'storage') === '2Gi'
    })
  })

  it('a CronJob is adopted in place', async () => {
    const name = 'go-cronjob'
    const pod = { ...template(name), spec: { ...template(name).spec, restartPolicy: 'OnFailure' } }
    const made = await make('CronJob', name, { schedule: '@daily', jobTemplate: { spec: { template: pod } } })

    await world.create('WorkloadCronJob', name, { ...base, schedule: '@yearly' })
    await world.healthy('WorkloadCronJob', name)

    const adopted = await world.get('CronJob', name)
    expect(uidOf(adopted)).toBe(uidOf(made))
    expect(textAt(adopted, 'spec', 'schedule')).toBe('@yearly')
    expect(itemsOf(adopted, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers')).toHaveLength(1)
  })

  it('a pod runs on', async () => {
    const name = 'go-process'
    const spec = { ...template(name).spec, restartPolicy: 'OnFailure' }
    const made = await make('Pod', `${name}-pod`, { ...spec, containers: [container('main')] }, name)

    await world.create('WorkloadProcess', name, base)
    await world.healthy('WorkloadProcess', name)

    expect(uidOf(await world.get('Pod', `${name}-pod`))).toBe(uidOf(made))
    await eventually('the Event Adopted', () => isAdopted(name))
  })
})

it('a Deployment that somebody made roll is put back', async () => {
  const name = 'rolled'
  await world.create('WorkloadService', name, base)
  await world.healthy('WorkloadService', name)
  const [pod] = (await podsOf(name)).map(uidOf)

  await world.patch('Deployment', name, { spec: { strategy: { type: 'RollingUpdate' } } })

  await eventually('it recreates again', async () => {
    const strategy = at(await world.get('Deployment', name), 'spec', 'strategy')
    return JSON.stringify(strategy) === '{"type":"Recreate"}'
  })
  expect((await podsOf(name)).map(uidOf)).toEqual([pod])
})
