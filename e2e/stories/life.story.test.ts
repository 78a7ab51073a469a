// The life of a workload beyond create, edit and suspend: what people ask for by annotation, on a real control plane.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, itemsOf, textAt, type Json } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

const PREFIX = 'highlander.plexobject.io'
const RESTARTED_AT = `${PREFIX}/restarted-at`
const spec = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }
/** Its pod stays when it is deleted, as if its node did not answer. */
const stubborn = {
  ...spec,
  terminationGracePeriodSeconds: 600,
  podAnnotations: { 'simulation.highlander.plexobject.io/ignores-sigterm': '1' },
}

describe('the life of a workload', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('life')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  describe.each<[KindName, string]>([
    ['WorkloadProcess', 'rp'],
    ['WorkloadService', 'rs'],
    ['WorkloadPersistent', 'rd'],
  ])('%s', (kind, name) => {
    it('gets exactly one new instance for a restart request, and says so', async () => {
      await world.create(kind, name, spec, { annotations: { [`${PREFIX}/restart-requested-at`]: 'at creation' } })
      await world.healthy(kind, name)
      const first = await onlyPod(name)

      await ask(kind, name, 'restart-requested-at', 'now')
      await handled(kind, name, 'lastHandledRestartAt', 'now')
      const second = await eventually('another pod', async () => anotherPod(name, uidOf(first)))
      await world.healthy(kind, name)
      await ask(kind, name, 'restart-requested-at', null)
      await world.create('WorkloadCronJob', `${name}-later`, { image: 'busybox:1', schedule: '@yearly' })
      await world.healthy('WorkloadCronJob', `${name}-later`)

      expect(at(first, 'metadata', 'annotations', RESTARTED_AT)).toBeUndefined()
      expect(textAt(second, 'metadata', 'annotations', RESTARTED_AT)).toBe('now')
      expect(uidOf(await onlyPod(name))).toBe(uidOf(second))
      await event(name, 'RestartRequested')
    })
  })

  describe.each<[KindName, string]>([
    ['WorkloadProcess', 'dp'],
    ['WorkloadService', 'ds'],
    ['WorkloadPersistent', 'dd'],
  ])('%s', (kind, name) => {
    it('refuses to take a pod for dead that is unknown or ready, and deletes one that is neither', async () => {
      await world.create(kind, name, stubborn)
      await world.healthy(kind, name)
      const pod = await onlyPod(name)
      const podName = textAt(pod, 'metadata', 'name')

      await ask(kind, name, 'confirm-dead', 'nobody')
      await handled(kind, name, 'lastHandledConfirmDead', 'nobody')
      await event(name, 'ConfirmDeadRefused', 'No pod of this workload')
      await ask(kind, name, 'confirm-dead', uidOf(pod))
      await handled(kind, name, 'lastHandledConfirmDead', uidOf(pod))
      await event(name, 'ConfirmDeadRefused', 'is ready')
      expect(uidOf(await world.get('Pod', podName))).toBe(uidOf(pod))

      await world.remove('Pod', podName)
      await eventually('a waiting workload', async () => {
        const ready = await world.condition(kind, name, 'Ready')
        return ready?.reason === 'HandoverPending'
      })
      await notReady(podName)
      await ask(kind, name, 'confirm-dead', null)
      await ask(kind, name, 'confirm-dead', 'nobody')
      await handled(kind, name, 'lastHandledConfirmDead', 'nobody')
      await ask(kind, name, 'confirm-dead', uidOf(pod))

      await handled(kind, name, 'lastHandledConfirmDead', uidOf(pod))
      await eventually('another pod', async () => anotherPod(name, uidOf(pod)))
      await world.healthy(kind, name)
      await event(name, 'ConfirmedDead')
    })
  })

  it('an interval that is longer than its deadline runs', async () => {
    const spec = { image: 'busybox:1', schedule: '@every 12s', startingDeadlineSeconds: 10 }
    await world.create('WorkloadCronJob', 'interval', spec)

    await eventually('a run', async () =>
      at(await world.get('WorkloadCronJob', 'interval'), 'status', 'runs', 0, 'job'),
    )
  })

  describe('a run that is asked for', () => {
    const RUN = { 'simulation.highlander.plexobject.io/run-for': '3s' }
    const job = { image: 'busybox:1', schedule: '@yearly', podAnnotations: RUN }

    it('runs once while the schedule is suspended for it, and the schedule goes on', async () => {
      await world.create('WorkloadCronJob', 'now', job, { annotations: { [`${PREFIX}/run-now`]: 'at creation' } })
      await world.healthy('WorkloadCronJob', 'now')
      expect(await jobsOf('now')).toEqual([])

      await ask('WorkloadCronJob', 'now', 'run-now', 'one')
      await handled('WorkloadCronJob', 'now', 'lastHandledRunNow', 'one')
      expect(await isSuspended('now')).toBe(true)
      const run = await finished('now')
      await eventually('the schedule is in force', async () => !(await isSuspended('now')))

      expect(run).toMatchObject({
        trigger: 'Manual',
        result: 'Succeeded',
        job: expect.stringMatching(/^now-m[0-9a-f]{8}$/),
      })
      const jobs = await jobsOf('now')
      expect(jobs.length).toBe(1)
      expect(textAt(jobs[0], 'metadata', 'ownerReferences', 0, 'kind')).toBe('CronJob')
      expect(textAt(jobs[0], 'metadata', 'annotations', 'cronjob.kubernetes.io/instantiate')).toBe('manual')
      for (const reason of ['RunStarted', 'RunSucceeded']) await event('now', reason)
    })

    it('runs while the workload is suspended, which stays so', async () => {
      await world.create('WorkloadCronJob', 'asleep', { ...job, suspend: true })
      await eventually('a suspended CronJob', async () => isSuspended('asleep'))
      await eventually('a status', async () => world.condition('WorkloadCronJob', 'asleep', 'Ready'))

      await ask('WorkloadCronJob', 'asleep', 'run-now', 'one')
      await finished('asleep')

      expect(await isSuspended('asleep')).toBe(true)
    })

    it('waits for the run before it', async () => {
      await world.create('WorkloadCronJob', 'busy', job)
      await world.healthy('WorkloadCronJob', 'busy')
      await ask('WorkloadCronJob', 'busy', 'run-now', 'one')
      await handled('WorkloadCronJob', 'busy', 'lastHandledRunNow', 'one')

      await ask('WorkloadCronJob', 'busy', 'run-now', 'two')
      await handled('WorkloadCronJob', 'busy', 'lastHandledRunNow', 'two')

      const jobs = await jobsOf('busy')
      const unfinished = jobs.filter((one) => textAt(one, 'status', 'completionTime') === '')
      expect([jobs.length, unfinished.length]).toEqual([2, 1])
    })
  })

  async function jobsOf(name: string): Promise<readonly Json[]> {
    return await world.list('Job', `${PREFIX}/name=${name}`)
  }

  async function isSuspended(name: string): Promise<boolean> {
    return at(await world.get('CronJob', name), 'spec', 'suspend') === true
  }

  async function finished(name: string): Promise<Json> {
    return await eventually(`a finished run of ${name}`, async () => {
      const [run] = itemsOf(await world.get('WorkloadCronJob', name), 'status', 'runs')
      return textAt(run, 'result') === 'Succeeded' ? run : undefined
    })
  }

  async function ask(kind: KindName, name: string, request: string, value: string | null): Promise<void> {
    await world.patch(kind, name, { metadata: { annotations: { [`${PREFIX}/${request}`]: value } } })
  }

  async function handled(kind: KindName, name: string, field: string, value: string): Promise<void> {
    await eventually(`${field} is ${value}`, async () => textAt(await world.get(kind, name), 'status', field) === value)
  }

  async function podsOf(name: string): Promise<readonly Json[]> {
    return await world.list('Pod', `${PREFIX}/name=${name}`)
  }

  async function onlyPod(name: string): Promise<Json> {
    return await eventually(`one pod of ${name}`, async () => {
      const pods = await podsOf(name)
      return pods.length === 1 ? pods[0] : undefined
    })
  }

  async function anotherPod(name: string, uid: string): Promise<Json> {
    const pods = await podsOf(name)
    return pods.length === 1 && uidOf(pods[0]) !== uid ? pods[0] : undefined
  }

  /** As the node controller says it of a node that does not answer. */
  async function notReady(pod: string): Promise<void> {
    await world.api.must('PATCH', `/api/v1/namespaces/${world.namespace}/pods/${pod}/status`, {
      body: { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      contentType: 'application/strategic-merge-patch+json',
    })
  }

  async function event(name: string, reason: string, note = ''): Promise<void> {
    await eventually(`the Event ${reason} of ${name}`, async () =>
      (await world.events(name)).some((told) => told.reason === reason && told.note.includes(note)),
    )
  }
})
