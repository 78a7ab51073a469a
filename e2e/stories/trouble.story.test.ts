// Workloads in trouble: each says in a condition what is wrong and what to do, and holds up no other.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testCluster } from '../cluster/fixture.ts'
import { textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, type Condition, type World } from '../support/world.ts'

const PROCESS = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }

describe('workloads in trouble', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('trouble')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('no node fits', async () => {
    await world.create('WorkloadProcess', 'homeless', { ...PROCESS, nodeSelector: { disk: 'none' } })

    const ready = await readyWith('homeless', 'Unschedulable')

    expect(ready.message).toContain('node')
  })

  it.each([
    ['ErrImagePull', 'ImagePullFailed'],
    ['CreateContainerConfigError', 'ConfigMissing'],
    ['CrashLoopBackOff', 'CrashLoop'],
  ])('a container that waits with %s is %s', async (waiting, reason) => {
    const name = reason.toLowerCase()
    await world.create('WorkloadProcess', name, { ...PROCESS, nodeSelector: { disk: 'none' } })
    await readyWith(name, 'Unschedulable')

    await reportWaiting(`${name}-pod`, waiting)

    const ready = await readyWith(name, reason)
    expect(ready.message.length).toBeGreaterThan(20)
    await world.create('WorkloadProcess', `${name}-neighbour`, PROCESS)
    await world.healthy('WorkloadProcess', `${name}-neighbour`)
  })

  it('a quota is exceeded, and later raised', async () => {
    await using other = await openWorld('quota')
    await other.operator()
    await allowPods(other, 0)

    await other.create('WorkloadProcess', 'poor', PROCESS)

    const ready = await eventually('QuotaExceeded', async () => {
      const condition = await other.condition('WorkloadProcess', 'poor', 'Ready')
      return condition?.reason === 'QuotaExceeded' ? condition : undefined
    })
    expect(ready.message).toContain('quota')
    await other.api.must('DELETE', `/api/v1/namespaces/${other.namespace}/resourcequotas/pods`)
    await other.healthy('WorkloadProcess', 'poor')
  })

  it('a quota that is full with the instance itself does not keep its successor out', async () => {
    await using other = await openWorld('full')
    await other.operator()
    await allowPods(other, 1)
    await other.create('WorkloadProcess', 'alone', PROCESS)
    await other.healthy('WorkloadProcess', 'alone')

    await other.patch('WorkloadProcess', 'alone', { spec: { image: 'busybox:2' } })

    await eventually('the new image', async () => {
      const pod = await other.get('Pod', 'alone-pod')
      return textAt(pod, 'spec', 'containers', 0, 'image') === 'busybox:2'
    })
    await other.healthy('WorkloadProcess', 'alone')
  })

  it('a resource that the API server let through but cannot be carried out keeps the others going', async () => {
    await world.create('WorkloadProcess', 'odd', { ...PROCESS, podLabels: { 'not a key': 'x' } }).catch(() => undefined)
    await world.create('WorkloadProcess', 'odd2', { ...PROCESS, affinity: { nodeAffinity: 'nonsense' } })

    const accepted = await eventually('refused', async () => {
      const condition = await world.condition('WorkloadProcess', 'odd2', 'Accepted')
      return condition?.status === 'False' ? condition : undefined
    })

    expect(accepted.reason).toBe('InvalidPodTemplate')
    await world.create('WorkloadProcess', 'fine', PROCESS)
    await world.healthy('WorkloadProcess', 'fine')
  })

  async function allowPods(other: World, pods: number): Promise<void> {
    const quota = { metadata: { name: 'pods' }, spec: { hard: { pods: String(pods) } } }
    await other.api.must('POST', `/api/v1/namespaces/${other.namespace}/resourcequotas`, { body: quota })
    await eventually('the quota is in force', async () => {
      const path = ['-n', other.namespace, '-o', 'jsonpath={.status.hard.pods}']
      return (await other.kubectl.run(['get', 'resourcequota', 'pods', ...path])) === String(pods)
    })
  }

  async function readyWith(name: string, reason: string): Promise<Condition> {
    return await eventually(`${name} is ${reason}`, async () => {
      const condition = await world.condition('WorkloadProcess', name, 'Ready')
      return condition?.reason === reason ? condition : undefined
    })
  }

  /** What a kubelet would report: the pod is on no simulated node, so nobody else writes its status. */
  async function reportWaiting(pod: string, reason: string): Promise<void> {
    const main = {
      name: 'main',
      image: 'busybox:1',
      imageID: '',
      ready: false,
      restartCount: 3,
      state: { waiting: { reason, message: 'from the test' } },
    }
    const path = `/api/v1/namespaces/${world.namespace}/pods/${pod}/status`
    const conditions = [{ type: 'PodScheduled', status: 'True' }]
    const options = {
      body: { status: { containerStatuses: [main], conditions } },
      contentType: 'application/strategic-merge-patch+json',
    }
    await world.api.must('PATCH', path, options)
  }
})
