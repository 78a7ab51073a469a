// The Service object in front of an instance, on a real control plane: made again where Kubernetes allows no change in
// place, never given up for a form that the API server refuses, and taken back in whatever form it was left.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testCluster } from '../cluster/fixture.ts'
import { at, textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const KIND = 'WorkloadService'
const spec = {
  image: 'example/app:1',
  terminationGracePeriodSeconds: 1,
  ports: [{ name: 'http', containerPort: 8080, servicePort: 80 }],
}

let world: World

beforeAll(async () => {
  if (testCluster() === undefined) return
  world = await openWorld('fronts')
  await world.operator()
})

beforeEach(needsCluster)

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

async function start(name: string, service: object = {}): Promise<readonly string[]> {
  await world.create(KIND, name, { ...spec, service })
  await world.healthy(KIND, name)
  return await podsOf(name)
}

async function podsOf(name: string): Promise<readonly string[]> {
  return (await world.list('Pod', `app=${name}`)).map(uidOf)
}

async function set(name: string, service: object): Promise<void> {
  await world.patch(KIND, name, { spec: { service } })
}

const clusterIpOf = async (name: string) => textAt(await world.get('Service', name), 'spec', 'clusterIP')
const servesAt = (name: string, isIt: (clusterIp: string) => boolean) =>
  eventually('a Service of that form', async () => {
    const clusterIp = await clusterIpOf(name)
    return clusterIp !== '' && isIt(clusterIp) && clusterIp
  })
const isNone = (clusterIp: string): boolean => clusterIp === 'None'
const isAddress = (clusterIp: string): boolean => clusterIp !== 'None'

const accepted = (name: string, status: 'True' | 'False') =>
  eventually(`Accepted is ${status}`, async () => {
    const found = await world.condition(KIND, name, 'Accepted')
    return found?.status === status ? found : undefined
  })

describe('an edit that needs another Service', () => {
  it('makes the object again, to and fro, and touches no pod', async () => {
    const pods = await start('form')
    const first = uidOf(await world.get('Service', 'form'))

    await set('form', { headless: true })
    await servesAt('form', isNone)
    const second = uidOf(await world.get('Service', 'form'))
    await set('form', { headless: false, type: 'NodePort' })
    const given = await servesAt('form', isAddress)
    await set('form', { type: 'NodePort', clusterIP: '10.0.77.7' })
    await servesAt('form', (clusterIp) => clusterIp === '10.0.77.7')
    await world.healthy(KIND, 'form')

    expect(new Set([first, second, uidOf(await world.get('Service', 'form'))]).size).toBe(3)
    expect(given).not.toBe('10.0.77.7')
    expect(await podsOf('form')).toEqual(pods)
  })

  it.each([
    { what: 'an address outside the range', service: { clusterIP: '192.0.2.7' }, says: /192\.0\.2\.7/ },
    {
      what: 'a port of the node outside the range',
      service: { headless: false, type: 'NodePort' },
      ports: [{ name: 'http', containerPort: 8080, nodePort: 79 }],
      from: { headless: true },
      says: /provided port is not in the valid range/,
    },
    {
      what: 'a class that is no class',
      service: { headless: false, type: 'LoadBalancer', loadBalancerClass: 'No Class' },
      from: { headless: true },
      says: /spec\.loadBalancerClass/,
    },
  ])('keeps the old one and says why: $what', async ({ service, says, ports = spec.ports, from = {} }) => {
    const name = `refused-${Object.keys(service).length}-${ports === spec.ports ? 'as-is' : 'port'}`
    const pods = await start(name, from)
    const before = await world.get('Service', name)

    await world.patch(KIND, name, { spec: { service, ports } })

    const refused = await accepted(name, 'False')
    expect(refused).toMatchObject({ reason: 'InvalidSpec', message: expect.stringMatching(says) })
    expect(refused.message).toContain(`Service "${name}" is invalid`)
    const undone = { type: null, clusterIP: null, loadBalancerClass: null, headless: false, ...from }
    await world.patch(KIND, name, { spec: { service: undone, ports: spec.ports } })
    await accepted(name, 'True')
    await world.healthy(KIND, name)
    expect(uidOf(await world.get('Service', name))).toBe(uidOf(before))
    expect(await podsOf(name)).toEqual(pods)
  })

  it('keeps the old one while another Service has the address or the port of the nodes', async () => {
    const onNode = { ports: [{ ...spec.ports[0], nodePort: 30_777 }] }
    await world.create(KIND, 'holder', { ...spec, ...onNode, service: { type: 'NodePort', clusterIP: '10.0.77.8' } })
    await world.healthy(KIND, 'holder')
    await start('taken', { headless: true })
    const before = uidOf(await world.get('Service', 'taken'))
    const isTaken = async (message: RegExp) => {
      const refused = await accepted('taken', 'False')
      expect(refused).toMatchObject({ reason: 'InvalidSpec', message: expect.stringMatching(message) })
      expect(uidOf(await world.get('Service', 'taken'))).toBe(before)
    }

    await set('taken', { headless: false, clusterIP: '10.0.77.8' })
    await isTaken(/10\.0\.77\.8: provided IP is already allocated/)
    await world.patch(KIND, 'taken', { spec: { ...onNode, service: { type: 'NodePort', clusterIP: null } } })
    await eventually('the other refusal', async () => {
      const found = await world.condition(KIND, 'taken', 'Accepted')
      return found?.message.includes('30777')
    })
    await isTaken(/30777.*provided port is already allocated/)
    expect(await world.list('Service')).toHaveLength((await world.list('Deployment')).length)
  })

  it('leaves nothing behind after a crash in the middle of a trial', async () => {
    await start('crashed')
    const front = await world.get('Service', 'crashed')
    const { labels, ownerReferences } = Object(at(front, 'metadata'))
    const metadata = { name: 'crashed-x2z7h', labels, ownerReferences }

    const body = { metadata, spec: { clusterIP: '10.0.77.10', ports: [{ port: 80 }] } }
    await world.api.must('POST', `/api/v1/namespaces/${world.namespace}/services`, { body })

    await eventually('it is gone', async () => (await world.get('Service', metadata.name)) === undefined)
    expect(uidOf(await world.get('Service', 'crashed'))).toBe(uidOf(front))
  })

  it('makes the object again although it holds a port of the nodes', async () => {
    const onNode = { ports: [{ ...spec.ports[0], nodePort: 30_778 }] }
    await world.create(KIND, 'holding', { ...spec, ...onNode, service: { type: 'NodePort' } })
    await world.healthy(KIND, 'holding')

    await set('holding', { clusterIP: '10.0.77.9' })

    await servesAt('holding', (clusterIp) => clusterIp === '10.0.77.9')
    await world.healthy(KIND, 'holding')
    expect(at(await world.get('Service', 'holding'), 'spec', 'ports', 0, 'nodePort')).toBe(30_778)
  })
})

describe('a Service that was left behind in another form', () => {
  it.each([
    { name: 'left-headless', left: { headless: true }, wanted: {}, isIt: isAddress },
    { name: 'left-addressed', left: {}, wanted: { headless: true }, isIt: isNone },
  ])('is adopted, and made again: $name', async ({ name, left, wanted, isIt }) => {
    const pods = await start(name, left)
    const before = uidOf(await world.get('Service', name))
    await world.remove(KIND, name, '?propagationPolicy=Orphan')
    await eventually('it has no owner', async () => {
      const front = await world.get('Service', name)
      return (await world.get(KIND, name)) === undefined && at(front, 'metadata', 'ownerReferences') === undefined
    })

    const again = await world.create(KIND, name, { ...spec, service: wanted })

    await servesAt(name, isIt)
    await world.healthy(KIND, name)
    const front = await world.get('Service', name)
    expect(uidOf(front)).not.toBe(before)
    expect(textAt(front, 'metadata', 'ownerReferences', 0, 'uid')).toBe(uidOf(again))
    expect(await podsOf(name)).toEqual(pods)
    const told = () => world.events(name)
    await eventually('the Event', async () =>
      (await told()).some(({ reason, note }) => reason === 'Adopted' && note.includes(`Service ${name}`)),
    )
  })

  it('by the Go version is adopted, and made again', async () => {
    const name = 'go-front'
    const labels = { app: name, 'managed-by': 'k8-highlander' }
    const body = {
      metadata: { name, labels },
      spec: { clusterIP: 'None', selector: { app: name }, ports: [{ name: 'http', port: 8080 }] },
    }
    await world.api.must('POST', `/api/v1/namespaces/${world.namespace}/services?fieldManager=k8-highlander`, { body })

    await start(name)

    await servesAt(name, isAddress)
    await world.healthy(KIND, name)
    expect(at(await world.get('Service', name), 'spec', 'ports', 0)).toMatchObject({ port: 80, targetPort: 8080 })
  })
})
