// The faults of the network and of the API server, planted between a real API server and the operator. What must hold
// in each: nothing is lost, nothing is made twice, no hot loop, and the operator is the same process afterwards.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { pickPorts } from '../cluster/ports.ts'
import { startFaultProxy, type FaultProxy } from '../chaos/fault-proxy.ts'
import type { OperatorProcess } from '../support/operator-process.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const PROCESS = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }
const COUNT = 10

describe('faults between the operator and a real API server', () => {
  let stack: AsyncDisposableStack
  let world: World
  let proxy: FaultProxy
  let operator: OperatorProcess

  beforeEach(needsCluster)
  beforeEach(async () => {
    stack = new AsyncDisposableStack()
    world = stack.use(await openWorld('faults'))
    const kubeconfig = await world.cluster.kubeconfigFor(
      SERVICE_ACCOUNT,
      ['system:serviceaccounts'],
      AbortSignal.timeout(10_000),
    )
    const [port = 0] = await pickPorts(1)
    proxy = stack.use(await startFaultProxy({ kubeconfig, folder: world.folder, port }))
    operator = await world.operator({ kubeconfig: proxy.kubeconfig })
    await operator.leading(AbortSignal.timeout(10_000))
  })

  afterEach(async () => {
    await stack?.disposeAsync()
  })

  it.each(['reset', 'truncate', 'clean'] as const)('loses nothing when watches end with: %s', async (how) => {
    for (let index = 0; index < COUNT; index += 1) {
      await world.create('WorkloadProcess', `p${index}`, PROCESS)
      proxy.cutWatches(how)
    }

    await allHealthy()
    await expectOneEach()
  })

  it('waits as told on 429 and goes on', async () => {
    let refused = 0
    proxy.decide = (request) => {
      if (!request.isWrite || refused >= COUNT) return undefined
      refused += 1
      return { type: 'answer', status: 429, retryAfterSeconds: 1 }
    }

    await createAll()

    await allHealthy()
    await expectOneEach()
    expect(refused).toBe(COUNT)
    expect(proxy.requests.filter((request) => request.isWrite).length).toBeLessThan(COUNT * 8)
  })

  it.each([500, 503])('rides out a storm of %s', async (status) => {
    const until = systemClock.monotonicMs() + 3_000
    proxy.decide = (request) =>
      request.isWrite && systemClock.monotonicMs() < until ? { type: 'answer', status } : undefined

    await createAll()

    await allHealthy()
    await expectOneEach()
  })

  it('makes nothing twice when the answer to every first write is lost after the commit', async () => {
    const lost = new Set<string>()
    proxy.decide = (request) => {
      const key = `${request.method} ${request.path}`
      if (!request.isWrite || lost.has(key)) return undefined
      lost.add(key)
      return { type: 'lose-answer' }
    }

    await createAll()

    await allHealthy()
    await expectOneEach()
    expect(lost.size).toBeGreaterThan(COUNT)
  })

  it('makes nothing twice when answers come after the deadline', async () => {
    let delayed = 0
    proxy.decide = (request) => {
      if (!request.isWrite || delayed >= 3) return undefined
      delayed += 1
      return { type: 'delay-answer', ms: 4_000 }
    }

    await createAll()

    await allHealthy()
    await expectOneEach()
  })

  it('finds its way when the authority and certificate of the server change', async () => {
    await proxy.changeAuthority()

    await createAll()

    await allHealthy()
    await expectOneEach()
  })

  it('keeps its workloads through a server that stands still', async () => {
    await createAll()
    await allHealthy()
    const before = await podUids()
    const until = systemClock.monotonicMs() + 6_000
    proxy.decide = () => (systemClock.monotonicMs() < until ? { type: 'freeze' } : undefined)
    proxy.cutWatches('reset')

    await world.create('WorkloadProcess', 'late', PROCESS)
    await world.healthy('WorkloadProcess', 'late')

    const after = await podUids()
    expect(before.every((uid) => after.includes(uid))).toBe(true)
  })

  async function createAll(): Promise<void> {
    await Promise.all(
      Array.from({ length: COUNT }, (_, index) => world.create('WorkloadProcess', `p${index}`, PROCESS)),
    )
  }

  async function allHealthy(): Promise<void> {
    await Promise.all(Array.from({ length: COUNT }, (_, index) => world.healthy('WorkloadProcess', `p${index}`)))
  }

  async function podUids(): Promise<readonly string[]> {
    return (await world.list('Pod')).map(uidOf)
  }

  /** One pod each, the first that was made: a second one would show as another uid in the status. */
  async function expectOneEach(): Promise<void> {
    await eventually('quiet', async () => {
      const seen = proxy.requests.length
      await systemClock.sleep(500, AbortSignal.timeout(5_000))
      return proxy.requests.slice(seen).filter((request) => request.isWrite).length === 0
    })
    expect(await world.list('Pod')).toHaveLength(COUNT)
    const log = await operator.log()
    expect(log).not.toContain('nhandled')
    expect(await isAlive(operator)).toBe(true)
  }

  async function isAlive(process: OperatorProcess): Promise<boolean> {
    return (await fetch(`${process.url}/healthz`)).ok
  }
})
