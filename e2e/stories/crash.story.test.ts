// Crash after every write: the operator is killed (SIGKILL) right after its k-th write was answered, for every k and
// kind, in the middle of a creation and of an edit. The next operator must reach the state of an undisturbed run.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { systemClock } from '#lib/clock.ts'
import { testCluster } from '../cluster/fixture.ts'
import { pickPorts } from '../cluster/ports.ts'
import { startFaultProxy, type ProxyRequest } from '../chaos/fault-proxy.ts'
import { differencesOf, endStateOf } from '../support/end-state.ts'
import { textAt, type Json } from '../support/api.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, type Found, type World } from '../support/world.ts'

interface Plan {
  readonly kind: KindName
  readonly spec: object
  readonly edit: object
}

interface Run {
  readonly endState: Json
  readonly writes: readonly ProxyRequest[]
  /** The write after which the operator was killed; undefined when the run had fewer. */
  readonly killedAfter?: string
}

const ports = [{ name: 'http', containerPort: 8080, servicePort: 80 }]
const persistentVolumes = [{ name: 'data', mountPath: '/data', size: '1Gi' }]
const terminationGracePeriodSeconds = 1
const edit = { spec: { image: 'example/new:2' } }

const plans: readonly Plan[] = [
  { kind: 'WorkloadProcess', spec: { image: 'busybox:1', ports, terminationGracePeriodSeconds }, edit },
  { kind: 'WorkloadCronJob', spec: { image: 'busybox:1', schedule: '@yearly' }, edit },
  { kind: 'WorkloadService', spec: { image: 'nginx:1', ports, terminationGracePeriodSeconds }, edit },
  {
    kind: 'WorkloadPersistent',
    spec: { image: 'redis:7', ports, persistentVolumes, terminationGracePeriodSeconds },
    edit,
  },
]

// A run now and then needs a write more than the undisturbed one, when two status changes are not coalesced.
const MARGIN = 1
const PARALLEL = 4
const LEASE_SECONDS = 4
const NAME = 'subject'

describe('crash after every write', () => {
  const table: string[] = []

  beforeEach(needsCluster)

  beforeAll(() => {
    table.push('kind, k-th write, killed after, end state')
  })

  afterAll(() => {
    if (testCluster() !== undefined) console.log(table.join('\n'))
  })

  it.each(plans)('$kind reaches the state of an undisturbed run', { timeout: 300_000 }, async (plan) => {
    const undisturbed = await run(plan, 0)
    const count = undisturbed.writes.length + MARGIN
    expect(undisturbed.writes.length).toBeGreaterThanOrEqual(3)

    const disturbed = await inParallel(count, (index) => run(plan, index + 1))

    for (const [index, result] of disturbed.entries()) {
      const differences = differencesOf(undisturbed.endState, result.endState)
      const verdict = differences.length === 0 ? 'equal' : 'DIFFERENT'
      table.push(`${plan.kind}, ${index + 1}, ${result.killedAfter ?? 'not reached'}, ${verdict}`)
      expect(differences, `killed after write ${index + 1}`).toEqual([])
    }
    expect(disturbed.filter((result) => result.killedAfter !== undefined).length).toBeGreaterThanOrEqual(3)
  })
})

/** `killAt` 0: nobody is killed. */
async function run(plan: Plan, killAt: number): Promise<Run> {
  await using world = await openWorld('crash', LEASE_SECONDS)
  const upstream = await world.cluster.kubeconfigFor(
    SERVICE_ACCOUNT,
    ['system:serviceaccounts'],
    AbortSignal.timeout(10_000),
  )
  const [port = 0] = await pickPorts(1)
  await using proxy = await startFaultProxy({ kubeconfig: upstream, folder: world.folder, port })
  const victim = await world.operator({ kubeconfig: proxy.kubeconfig })
  let killedAfter: string | undefined
  proxy.answered = (request) => {
    if (killAt === 0 || request.writeNumber !== killAt) return
    victim.send('SIGKILL')
    killedAfter = describeWrite(request)
  }
  const successor = victim.exited.then(async ({ signal }) => {
    // A state is only settled when somebody leads who would change it.
    if (signal === 'SIGKILL') await (await world.operator()).leading(AbortSignal.timeout(20_000))
  })

  await world.create(plan.kind, NAME, plan.spec)
  await world.healthy(plan.kind, NAME)
  await world.patch(plan.kind, NAME, plan.edit)
  await world.healthy(plan.kind, NAME)
  await eventually('the new image runs', () => runsNewImage(world, plan.kind))
  await world.healthy(plan.kind, NAME)

  proxy.answered = () => undefined // From here on nobody is killed.
  if (killedAfter !== undefined) await successor
  const endState = await settledState(world, plan.kind)
  const writes = proxy.requests.filter((request) => request.isWrite)
  return { endState, writes, ...(killedAfter === undefined ? {} : { killedAfter }) }
}

/** Healthy is not yet settled: a status of Kubernetes may still follow. The same state twice, a second apart, is. */
async function settledState(world: World, kind: KindName): Promise<Json> {
  return await eventually('a settled state', async () => {
    const state = await endStateOf(world, kind, NAME)
    await systemClock.sleep(1_000, AbortSignal.timeout(5_000))
    return JSON.stringify(await endStateOf(world, kind, NAME)) === JSON.stringify(state) ? state : undefined
  })
}

async function runsNewImage(world: World, kind: KindName): Promise<boolean> {
  if (kind === 'WorkloadCronJob') {
    const cronJob = await world.get('CronJob', NAME)
    return (
      textAt(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', 0, 'image') === 'example/new:2'
    )
  }
  const pods: readonly unknown[] = await world.list('Pod' satisfies Found)
  return (
    pods.length === 1 &&
    textAt(pods[0], 'spec', 'containers', 0, 'image') === 'example/new:2' &&
    textAt(pods[0], 'status', 'phase') === 'Running'
  )
}

function describeWrite(request: ProxyRequest): string {
  return `${request.method} ${request.path.split('?')[0]?.replace(/^.*\/namespaces\/[^/]+\//, '') ?? ''}`
}

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = []
  for (let from = 0; from < count; from += PARALLEL) {
    const size = Math.min(PARALLEL, count - from)
    results.push(...(await Promise.all(Array.from({ length: size }, (_, index) => work(from + index)))))
  }
  return results
}
