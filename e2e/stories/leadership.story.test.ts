// Two operators of one tenant on a real API server: one acts, the other stands by warm.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { at, textAt } from '../support/api.ts'
import type { OperatorProcess } from '../support/operator-process.ts'
import { OPERATOR_NAMESPACE } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const LEASE_SECONDS = 4
const LEASE_MS = LEASE_SECONDS * 1_000
const PROCESS = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }
const SERVICE = { image: 'nginx:1', ports: [{ name: 'http', containerPort: 80 }] }

describe('leadership by Lease', () => {
  let world: World

  beforeEach(needsCluster)
  beforeEach(async () => {
    world = await openWorld('lead', LEASE_SECONDS)
  })

  afterEach(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('lets one act while the other stands by ready', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    const second = await world.operator()

    await world.create('WorkloadProcess', 'one', PROCESS)
    await world.healthy('WorkloadProcess', 'one')

    expect(await isLeader(first)).toBe(true)
    expect(await isLeader(second)).toBe(false)
    expect(textAt(await lease(), 'spec', 'holderIdentity')).toContain(`operator-${new URL(first.url).port}`)
  })

  it('tells of each change of leader in Events about the Lease', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    const second = await world.operator()

    first.send('SIGTERM')
    await second.leading(AbortSignal.timeout(10_000))

    const fence = `lease/highlander-fence-${world.namespace}`
    await eventually('elected, released, elected', async () => {
      const told = await world.kubectl.run(['get', 'events', '-n', OPERATOR_NAMESPACE, '--sort-by=.eventTime'])
      const reasons = told
        .split('\n')
        .filter((line) => line.includes(fence))
        .map((line) => /Leader[A-Za-z]+/.exec(line)?.[0])
      return reasons.join() === 'LeaderElected,LeaderReleased,LeaderElected'
    })
    const described = await world.kubectl.run(['describe', fence, '-n', OPERATOR_NAMESPACE])
    expect(described).toContain('leads with epoch 1: first leader.')
  })

  it('hands over at once on SIGTERM and restarts nothing', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    const second = await world.operator()
    const before = await settle()

    const startedMs = systemClock.monotonicMs()
    first.send('SIGTERM')
    await second.leading(AbortSignal.timeout(10_000))
    const tookMs = systemClock.monotonicMs() - startedMs

    expect(tookMs).toBeLessThan(LEASE_MS) // Faster than any expiry: it was released, not waited out.
    expect(await first.exited).toEqual({ code: 0, signal: null })
    expect(await podUids()).toEqual(before)
  })

  it('takes over after the lease duration when the leader is killed, and restarts nothing', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    const second = await world.operator()
    const before = await settle()
    const epoch = Number(at(await lease(), 'spec', 'leaseTransitions'))

    first.send('SIGKILL')
    await second.leading(AbortSignal.timeout(LEASE_MS + 10_000))

    expect(Number(at(await lease(), 'spec', 'leaseTransitions'))).toBeGreaterThan(epoch)
    expect(await podUids()).toEqual(before)
    await world.remove('Pod', 'process-pod')
    await eventually('the new leader replaces the pod', async () => {
      const pod = await world.get('Pod', 'process-pod')
      return pod !== undefined && !before.includes(uidOf(pod))
    })
  })

  it('still repairs drift after three changes of leadership', async () => {
    let leader = await world.operator()
    await leader.leading(AbortSignal.timeout(10_000))
    await settle()
    for (let change = 0; change < 3; change += 1) {
      const next = await world.operator()
      leader.send('SIGTERM')
      await next.leading(AbortSignal.timeout(10_000))
      leader = next
    }

    await world.patch('Deployment', 'service', { spec: { progressDeadlineSeconds: 77 } })

    await eventually(
      'repaired',
      async () => at(await world.get('Deployment', 'service'), 'spec', 'progressDeadlineSeconds') !== 77,
    )
  })

  it('repairs, as a new leader, what was changed while nobody led', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    await settle()
    first.send('SIGTERM')
    await first.exited
    await world.patch('Deployment', 'service', { spec: { progressDeadlineSeconds: 77 } })

    const second = await world.operator()
    await second.leading(AbortSignal.timeout(10_000))

    await eventually(
      'repaired',
      async () => at(await world.get('Deployment', 'service'), 'spec', 'progressDeadlineSeconds') !== 77,
    )
  })

  it('removes children with the operator stopped', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    await settle()
    first.send('SIGTERM')
    await first.exited

    await world.remove('WorkloadProcess', 'process')
    await world.remove('WorkloadService', 'service')

    await eventually('no pod is left', async () => (await world.list('Pod')).length === 0)
  })

  it('loses the term but no workload when the leader is paused beyond its lease', async () => {
    const first = await world.operator()
    await first.leading(AbortSignal.timeout(10_000))
    const second = await world.operator()
    const before = await settle()

    first.send('SIGSTOP')
    await second.leading(AbortSignal.timeout(LEASE_MS + 10_000))
    first.send('SIGCONT')

    await eventually('the paused one stands by', async () => !(await isLeader(first)))
    expect(await isLeader(second)).toBe(true)
    expect(await podUids()).toEqual(before)
  })

  /** A Process and a Service, healthy; the uids of their pods. */
  async function settle(): Promise<readonly string[]> {
    await world.create('WorkloadProcess', 'process', PROCESS)
    await world.create('WorkloadService', 'service', SERVICE)
    await world.healthy('WorkloadProcess', 'process')
    await world.healthy('WorkloadService', 'service')
    return await podUids()
  }

  async function podUids(): Promise<readonly string[]> {
    return (await world.list('Pod')).map(uidOf).toSorted()
  }

  async function lease(): Promise<unknown> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/highlander-fence-${world.namespace}`
    return await world.api.must('GET', path)
  }

  async function isLeader(operator: OperatorProcess): Promise<boolean> {
    const response = await fetch(`${operator.url}/status`)
    const body: unknown = await response.json()
    return at(body, 'data', 'isLeader') === true
  }
})
