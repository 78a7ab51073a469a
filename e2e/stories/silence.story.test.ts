// A node falls silent with an instance on it, whose process may still run. Nothing may start until it is proven ended, or
// until the policy or a person says otherwise.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { systemClock } from '#lib/clock.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, itemsOf, textAt, type Json } from '../support/api.ts'
import { openQuietNode, openServedNode, type QuietNode } from '../support/node.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const PATIENCE_MS = 45_000
const FORCE_AFTER_MS = 60_000
const servers: readonly KindName[] = ['WorkloadProcess', 'WorkloadService', 'WorkloadPersistent']

/** The node controller evicts at once: the wait for that is not the subject. */
const tolerations = ['unreachable', 'not-ready'].map((what) => ({
  key: `node.kubernetes.io/${what}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 1,
}))

interface Scene extends AsyncDisposable {
  readonly quiet: QuietNode
  /** The instance on the quiet node. */
  readonly pod: Json
}

describe('a node that falls silent', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('silence')
    await world.operator()
  })

  beforeEach((context) => {
    needsCluster(context)
    context.skip(testCluster()?.given === true, 'makes nodes, which only a cluster of its own should have')
  })

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it.concurrent.each(servers)('keeps the successor of a %s waiting until it answers', async (kind) => {
    const name = `wait-${kind.slice('Workload'.length).toLowerCase()}`
    await using scene = await openScene(kind, name, {})
    const { quiet, pod } = scene

    await quiet.fallSilent()

    await evicted(pod)
    await says(kind, name, 'Ready', 'False NodeUnreachable')
    await says(kind, name, 'Stalled', 'True NodeUnreachable')
    await says(kind, name, 'Exclusive', 'Unknown OldInstanceUnreachable')
    const ready = await world.condition(kind, name, 'Ready')
    expect(ready?.message).toContain(quiet.name)
    expect(ready?.message).toContain(`${annotation.confirmDead}=${uidOf(pod)}`)
    expect((await openPods(name)).map(uidOf)).toEqual([uidOf(pod)])

    await quiet.answer()
    await quiet.end(pod)

    const successor = await successorOf(kind, name, pod)
    await says(kind, name, 'Exclusive', 'True Verified')
    const status = at(await world.get(kind, name), 'status')
    expect(itemsOf(status, 'history').map((one) => textAt(one, 'podUID'))).toEqual([uidOf(successor), uidOf(pod)])
    expect(at(status, 'lastFailover')).toMatchObject({
      from: `${textAt(pod, 'metadata', 'name')}@${quiet.name}`,
      to: `${textAt(successor, 'metadata', 'name')}@${textAt(successor, 'spec', 'nodeName')}`,
    })
    await tells(name, ['WaitingForOldInstance', 'FailoverStarted', 'FailoverCompleted'])
  })

  it.concurrent.each(servers)(
    'lets a %s go on without it after forceAfter, and says what that waives',
    { timeout: 4 * PATIENCE_MS + FORCE_AFTER_MS },
    async (kind) => {
      const name = `force-${kind.slice('Workload'.length).toLowerCase()}`
      const exclusivity = { nodeUnreachable: 'ForceAfter', forceAfter: `${FORCE_AFTER_MS / 1000}s` }
      await using scene = await openScene(kind, name, { exclusivity })
      const { quiet, pod } = scene
      const startedMs = systemClock.monotonicMs()

      await quiet.fallSilent()

      await evicted(pod)
      await says(kind, name, 'Reconciling', 'True NodeUnreachable')
      const successor = await successorOf(kind, name, pod, FORCE_AFTER_MS + PATIENCE_MS)
      // Not before its time: the one thing here that a clock has to judge.
      expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(FORCE_AFTER_MS)
      await says(kind, name, 'Exclusive', 'Unknown AtMostOneWaived')
      if (kind !== 'WorkloadPersistent') expect(tokenOf(successor)).toBeGreaterThan(tokenOf(pod))
      const status = at(await world.get(kind, name), 'status')
      expect(at(status, 'lastFailover')).toMatchObject({
        from: `${textAt(pod, 'metadata', 'name')}@${quiet.name}`,
        reason: 'Forced',
      })
      await tells(name, ['AtMostOneWaived', 'FailoverCompleted'])

      await quiet.remove()
      await says(kind, name, 'Exclusive', 'True Verified')
    },
  )

  it.concurrent('holds back the runs of a schedule, counts them, and confirm-dead lets it go on', async () => {
    const kind = 'WorkloadCronJob'
    await using scene = await openScene(kind, 'runs', { schedule: '@every 5s' })
    const { quiet, pod } = scene

    await quiet.fallSilent()

    await evicted(pod)
    await says(kind, 'runs', 'Ready', 'False NodeUnreachable')
    const missed = await eventually('missed runs', async () => {
      const count = Number(at(await world.get(kind, 'runs'), 'status', 'missedRuns') ?? 0)
      return count >= 2 ? count : undefined
    })
    await tells('runs', ['RunMissed'])
    expect((await openPods('runs')).map(uidOf)).toEqual([uidOf(pod)])

    await world.patch(kind, 'runs', { metadata: { annotations: { [annotation.confirmDead]: uidOf(pod) } } })

    await eventually('another run', async () => (await openPods('runs')).find((one) => uidOf(one) !== uidOf(pod)))
    await says(kind, 'runs', 'Ready', 'True Scheduled')
    expect(at(await world.get(kind, 'runs'), 'status', 'missedRuns')).toBeGreaterThanOrEqual(missed)
  })

  /** The instance runs on a quiet node; there is a served one for whoever follows. */
  async function openScene(kind: KindName, name: string, spec: object): Promise<Scene> {
    await using stack = new AsyncDisposableStack()
    const labels = { story: `${world.namespace}-${name}` }
    const quiet = stack.use(await openQuietNode(world, `quiet-${world.namespace}-${name}`, labels))
    await world.create(kind, name, {
      image: 'busybox:1',
      terminationGracePeriodSeconds: 1,
      nodeSelector: labels,
      tolerations,
      ...spec,
    })
    const pod = await eventually('a pod on the quiet node', async () => {
      const [first] = await openPods(name)
      return textAt(first, 'spec', 'nodeName') === quiet.name ? first : undefined
    })
    await quiet.run(textAt(pod, 'metadata', 'name'))
    await world.healthy(kind, name)
    await quiet.cordon()
    stack.use(await openServedNode(world, `served-${world.namespace}-${name}`, labels))
    const owned = stack.move()
    return { quiet, pod, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  }

  /** Without those that wait at the gate. */
  async function openPods(name: string): Promise<readonly Json[]> {
    const pods = await world.list('Pod', `highlander.plexobject.io/name=${name}`)
    return pods.filter((pod) => itemsOf(pod, 'spec', 'schedulingGates').length === 0)
  }

  async function evicted(pod: Json): Promise<void> {
    await eventually('eviction', async () => {
      const found = await world.get('Pod', textAt(pod, 'metadata', 'name'))
      return textAt(found, 'metadata', 'deletionTimestamp') !== ''
    })
  }

  async function successorOf(kind: KindName, name: string, pod: Json, patienceMs = PATIENCE_MS): Promise<Json> {
    const successor = await eventually(
      'a successor',
      async () => (await openPods(name)).find((one) => uidOf(one) !== uidOf(pod)),
      patienceMs,
    )
    await world.healthy(kind, name)
    return (await world.get('Pod', textAt(successor, 'metadata', 'name'))) ?? successor
  }

  async function says(kind: KindName, name: string, type: string, expected: string): Promise<void> {
    await eventually(`${type} ${expected}`, async () => {
      const found = await world.condition(kind, name, type)
      if (`${found?.status} ${found?.reason}` === expected) return true
      throw new Error(JSON.stringify(found))
    })
  }

  async function tells(name: string, reasons: readonly string[]): Promise<void> {
    await eventually(`Events ${reasons.join(', ')}`, async () => {
      const told = (await world.events(name)).map(({ reason }) => reason)
      if (reasons.every((reason) => told.includes(reason))) return true
      throw new Error(told.join(', '))
    })
  }
})

function tokenOf(pod: Json): number {
  return Number(textAt(pod, 'metadata', 'annotations', annotation.token))
}
