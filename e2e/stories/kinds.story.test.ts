// All four kinds on a real control plane: create, change, drift, deletion, names. One operator for the whole file.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { at, textAt, type Json } from '../support/api.ts'
import type { OperatorProcess } from '../support/operator-process.ts'
import { testCluster } from '../cluster/fixture.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

interface Example {
  readonly kind: KindName
  readonly spec: Readonly<Record<string, unknown>>
  readonly child: Found
  readonly childName: (name: string) => string
  /** An edit of the child by hand, and where it shows. */
  readonly drift: object
  readonly driftPath: readonly (string | number)[]
  readonly driftValue: unknown
}

const port = { name: 'http', containerPort: 8080, servicePort: 80 }

const examples: readonly Example[] = [
  {
    kind: 'WorkloadProcess',
    spec: { image: 'busybox:1', terminationGracePeriodSeconds: 1 },
    child: 'Pod',
    childName: (name) => `${name}-pod`,
    drift: { metadata: { labels: { app: 'somebody-else' } } },
    driftPath: ['metadata', 'labels', 'app'],
    driftValue: 'somebody-else',
  },
  {
    kind: 'WorkloadCronJob',
    spec: { image: 'busybox:1', schedule: '0 0 1 1 *' },
    child: 'CronJob',
    childName: (name) => name,
    drift: { spec: { schedule: '*/5 * * * *' } },
    driftPath: ['spec', 'schedule'],
    driftValue: '*/5 * * * *',
  },
  {
    kind: 'WorkloadService',
    spec: { image: 'nginx:1', ports: [port], terminationGracePeriodSeconds: 1 },
    child: 'Deployment',
    childName: (name) => name,
    drift: { spec: { progressDeadlineSeconds: 77 } },
    driftPath: ['spec', 'progressDeadlineSeconds'],
    driftValue: 77,
  },
  {
    kind: 'WorkloadPersistent',
    spec: {
      image: 'redis:7',
      ports: [port],
      persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }],
      terminationGracePeriodSeconds: 1,
    },
    child: 'StatefulSet',
    childName: (name) => name,
    drift: { spec: { replicas: 2 } },
    driftPath: ['spec', 'replicas'],
    driftValue: 2,
  },
]

describe('the four kinds', () => {
  let world: World
  let operator: OperatorProcess

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('kinds')
    operator = await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  describe.each(examples)('$kind', (example) => {
    // Kinds share the names of their Services: one namespace, one name each.
    const named = (name: string): string => `${example.kind.slice('Workload'.length).toLowerCase()}-${name}`

    it('becomes active and healthy, and owns its child', async () => {
      const created = await world.create(example.kind, named('first'), example.spec)

      await world.healthy(example.kind, named('first'))

      const child = await world.get(example.child, example.childName(named('first')))
      expect(textAt(child, 'metadata', 'ownerReferences', 0, 'uid')).toBe(uidOf(created))
    })

    it('writes nothing to the child when only labels of the resource change', async () => {
      await world.create(example.kind, named('labelled'), example.spec)
      await world.healthy(example.kind, named('labelled'))
      const before = await world.get(example.child, example.childName(named('labelled')))

      await world.patch(example.kind, named('labelled'), { metadata: { labels: { team: 'red' } } })
      await world.create(example.kind, named('later'), example.spec)
      await world.healthy(example.kind, named('later'))

      const after = await world.get(example.child, example.childName(named('labelled')))
      expect(uidOf(after)).toBe(uidOf(before))
      expect(stampsOf(after)).toEqual(stampsOf(before))
    })

    it('puts back what somebody else changed in the child', async () => {
      await world.create(example.kind, named('drifting'), example.spec)
      await world.healthy(example.kind, named('drifting'))
      const name = example.childName(named('drifting'))
      const uid = uidOf(await world.get(example.child, name))

      await world.patch(example.child, name, example.drift)

      const repaired = await eventually('the drift is repaired', async () => {
        const child = await world.get(example.child, name)
        return at(child, ...example.driftPath) === example.driftValue ? undefined : child
      })
      expect(uidOf(repaired)).toBe(uid)
    })

    it('brings back a child that somebody deleted', async () => {
      await world.create(example.kind, named('deleted'), example.spec)
      await world.healthy(example.kind, named('deleted'))
      const name = example.childName(named('deleted'))
      const uid = uidOf(await world.get(example.child, name))

      await world.remove(example.child, name)

      await eventually('a new child', async () => isAnother(await world.get(example.child, name), uid))
      await world.healthy(example.kind, named('deleted'))
    })

    it('removes the children with the resource', async () => {
      await world.create(example.kind, named('ended'), example.spec)
      await world.healthy(example.kind, named('ended'))

      await world.remove(example.kind, named('ended'))

      await eventually(
        'the child is gone',
        async () => (await world.get(example.child, example.childName(named('ended')))) === undefined,
      )
    })

    it('leaves a foreign object of the same name alone, says so, and goes on when it is gone', async () => {
      const name = example.childName(named('taken'))
      const foreign = await world.api.must('POST', foreignPath(world, example), { body: foreignObject(example, name) })

      await world.create(example.kind, named('taken'), example.spec)

      const condition = await eventually('the condition', async () => {
        const accepted = await world.condition(example.kind, named('taken'), 'Accepted')
        return accepted?.status === 'False' ? accepted : undefined
      })
      expect(condition.reason).toBe('NameConflict')
      expect(condition.message).toContain(name)
      const kept = await world.get(example.child, name)
      expect(textAt(kept, 'metadata', 'resourceVersion').length).toBeGreaterThan(0)
      expect(uidOf(kept)).toBe(uidOf(foreign))
      expect(at(kept, 'metadata', 'labels')).toEqual(at(foreign, 'metadata', 'labels'))
    })

    it('keeps what runs when an edit is refused by the API server, and says why', async () => {
      await world.create(example.kind, named('refused'), example.spec)
      await world.healthy(example.kind, named('refused'))
      const name = example.childName(named('refused'))
      const before = await world.get(example.child, name)

      await world.patch(example.kind, named('refused'), {
        spec: { volumeMounts: [{ name: 'missing', mountPath: '/x' }] },
      })

      const condition = await eventually('the refusal', async () => {
        const accepted = await world.condition(example.kind, named('refused'), 'Accepted')
        return accepted?.status === 'False' ? accepted : undefined
      })
      expect(condition.reason).toBe('InvalidPodTemplate')
      expect(condition.message).toContain('missing')
      const after = await world.get(example.child, name)
      expect(uidOf(after)).toBe(uidOf(before))
      expect(at(after, 'metadata', 'deletionTimestamp')).toBeUndefined()

      await world.patch(example.kind, named('refused'), { spec: { volumeMounts: null } })
      await world.healthy(example.kind, named('refused'))
    })

    it('stops on suspend and comes back', async () => {
      await world.create(example.kind, named('suspended'), example.spec)
      await world.healthy(example.kind, named('suspended'))

      await world.patch(example.kind, named('suspended'), { spec: { suspend: true } })

      await eventually(named('suspended'), async () => {
        const ready = await world.condition(example.kind, named('suspended'), 'Ready')
        return ready?.reason === 'Suspended' && ready.status === 'True'
      })
      const pods = await world.list('Pod', `highlander.plexobject.io/name=${named('suspended')}`)
      await eventually(
        'no pod',
        async () => (await world.list('Pod', `highlander.plexobject.io/name=${named('suspended')}`)).length === 0,
      )
      expect(pods.length).toBeLessThanOrEqual(1)

      await world.patch(example.kind, named('suspended'), { spec: { suspend: false } })
      await world.healthy(example.kind, named('suspended'))
    })
  })

  it('replaces the pod of a Process exactly once when its image changes', async () => {
    await world.create('WorkloadProcess', 'edited', { image: 'busybox:1', terminationGracePeriodSeconds: 1 })
    await world.healthy('WorkloadProcess', 'edited')
    const before = uidOf(await world.get('Pod', 'edited-pod'))

    await world.patch('WorkloadProcess', 'edited', { spec: { image: 'busybox:2' } })

    const pod = await eventually('a new pod', async () => isAnother(await world.get('Pod', 'edited-pod'), before))
    expect(textAt(pod, 'spec', 'containers', 0, 'image')).toBe('busybox:2')
    await world.healthy('WorkloadProcess', 'edited')
    expect(uidOf(await world.get('Pod', 'edited-pod'))).toBe(uidOf(pod))
  })

  it('answers kubectl get with exactly NAME ACTIVE HEALTHY AGE', async () => {
    await world.create('WorkloadCronJob', 'table', { image: 'busybox:1', schedule: '@daily' })
    await world.healthy('WorkloadCronJob', 'table')

    const table = await world.kubectl.run(['get', 'workloadcronjobs', 'table', '-n', world.namespace])

    const [header = '', row = ''] = table.split('\n')
    expect(header.trim().split(/\s+/)).toEqual(['NAME', 'ACTIVE', 'HEALTHY', 'AGE'])
    expect(row.trim().split(/\s+/).slice(0, 3)).toEqual(['table', 'true', 'true'])
  })

  it('keeps two workloads of one name in two namespaces apart', async () => {
    await using other = await openWorld('twin')
    await using second = await other.operator()
    const spec = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }

    await Promise.all([world.create('WorkloadProcess', 'twin', spec), other.create('WorkloadProcess', 'twin', spec)])

    const [left, right] = await Promise.all([
      world.healthy('WorkloadProcess', 'twin'),
      other.healthy('WorkloadProcess', 'twin'),
    ])
    expect(textAt(left, 'status', 'instance', 'podUID')).not.toBe(textAt(right, 'status', 'instance', 'podUID'))
    expect(second.pid).not.toBe(operator.pid)
  })
})

/** Annotations and generation: what a write of ours would move. */
function stampsOf(child: Json): unknown {
  return [
    at(child, 'metadata', 'generation'),
    at(child, 'metadata', 'annotations', 'highlander.plexobject.io/applied'),
    at(child, 'metadata', 'annotations', 'highlander.plexobject.io/epoch'),
  ]
}

function isAnother(child: Json, uid: string): Json {
  return child === undefined || uidOf(child) === uid ? undefined : child
}

function foreignPath(world: World, example: Example): string {
  const paths: Partial<Record<Found, string>> = {
    Pod: '/api/v1',
    CronJob: '/apis/batch/v1',
    Deployment: '/apis/apps/v1',
    StatefulSet: '/apis/apps/v1',
  }
  return `${paths[example.child]}/namespaces/${world.namespace}/${example.child.toLowerCase()}s`
}

function foreignObject(example: Example, name: string): object {
  const labels = { owner: 'somebody' }
  const pod = { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox:1' }] }
  const template = { metadata: { labels }, spec: { ...pod, restartPolicy: 'Always' } }
  const specs: Partial<Record<Found, object>> = {
    Pod: pod,
    CronJob: { schedule: '@yearly', jobTemplate: { spec: { template: { metadata: { labels }, spec: pod } } } },
    Deployment: { replicas: 0, selector: { matchLabels: labels }, template },
    StatefulSet: { replicas: 0, serviceName: 'x', selector: { matchLabels: labels }, template },
  }
  return { metadata: { name, labels }, spec: specs[example.child] }
}
