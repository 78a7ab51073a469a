// The budget, counted from the API server's audit log: two writes and no reads per Process, nothing while idle.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { testCluster } from '../cluster/fixture.ts'
import { auditSince, isWrite, markAudit, type AuditEntry, type AuditMark } from '../support/audit.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, type World } from '../support/world.ts'

const IDLE_MS = 60_000
const COUNT = 20

describe('the budget', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('budget')
    await world.operator()
  })

  beforeEach(needsCluster)
  beforeEach((context) => context.skip(world.cluster.auditLog === undefined, 'this cluster gives no audit log'))

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('is one create and one status write for a Process whose pod does not move, and no read', async () => {
    // No node has this label, so the pods stay Pending: the state of each workload is reached by its own two writes.
    const spec = { image: 'busybox:1', nodeSelector: { nowhere: 'true' }, schedulerName: 'nobody' }
    const mark = await start()

    const names = Array.from({ length: COUNT }, (_, index) => `p${index}`)
    await Promise.all(names.map((name) => world.create('WorkloadProcess', name, spec)))
    await eventually('all have a status', async () => (await statusCount()) === COUNT)

    const entries = await since(mark)
    expect(summary(entries)).toEqual({ 'create pods': COUNT, 'patch workloadprocesses/status': COUNT })
  })

  it('is one create per child and one status write for a CronJob', async () => {
    const mark = await start()

    await world.create('WorkloadCronJob', 'c', { image: 'busybox:1', schedule: '@yearly' })
    await world.healthy('WorkloadCronJob', 'c')

    expect(summary(await since(mark))).toEqual({ 'patch cronjobs': 1, 'patch workloadcronjobs/status': 1 })
  })

  it('is nothing for an event that changes nothing', async () => {
    const mark = await start()

    await world.patch('WorkloadProcess', 'p0', { metadata: { annotations: { note: 'seen' } } })
    await world.create('WorkloadCronJob', 'after', { image: 'busybox:1', schedule: '@yearly' })
    await world.healthy('WorkloadCronJob', 'after')

    const entries = await since(mark)
    expect(entries.filter((entry) => entry.resource !== 'cronjobs' && entry.resource !== 'workloadcronjobs')).toEqual(
      [],
    )
  })

  it(`is only the lease while idle for ${IDLE_MS / 1000} s`, { timeout: IDLE_MS + 60_000 }, async () => {
    await world.create('WorkloadService', 's', { image: 'nginx:1', ports: [{ name: 'http', containerPort: 80 }] })
    await world.create('WorkloadPersistent', 'd', {
      image: 'redis:7',
      persistentVolumes: [{ name: 'v', mountPath: '/v', size: '1Gi' }],
    })
    await world.healthy('WorkloadService', 's')
    await world.healthy('WorkloadPersistent', 'd')
    await quiet()
    const mark = await markAudit(world.cluster.auditLog ?? '')

    await systemClock.sleep(IDLE_MS, AbortSignal.timeout(IDLE_MS + 10_000)) // The passing of time is what is tested.

    const entries = await auditSince(mark, isOurs)
    expect(entries.filter((entry) => entry.resource !== 'leases').filter(isWrite)).toEqual([])
    expect(entries.filter((entry) => ['get', 'list'].includes(entry.verb))).toEqual([])
  })

  async function start(): Promise<AuditMark> {
    await quiet()
    return await markAudit(world.cluster.auditLog ?? '')
  }

  /** Nothing but lease calls for a second: what came before has settled. */
  async function quiet(): Promise<void> {
    await eventually('quiet', async () => {
      const mark = await markAudit(world.cluster.auditLog ?? '')
      await systemClock.sleep(1_000, AbortSignal.timeout(5_000))
      return (
        (await auditSince(mark, (entry) => isOurs(entry) && entry.resource !== 'leases' && entry.verb !== 'watch'))
          .length === 0
      )
    })
  }

  async function since(mark: AuditMark): Promise<readonly AuditEntry[]> {
    await quiet()
    return await auditSince(
      mark,
      (entry) => isOurs(entry) && !['leases', 'events'].includes(entry.resource) && entry.verb !== 'watch',
    )
  }

  async function statusCount(): Promise<number> {
    const seen = await world.list('WorkloadProcess')
    return seen.filter((resource) => JSON.stringify(resource).includes('"observedGeneration":1')).length
  }

  function isOurs(entry: AuditEntry): boolean {
    return entry.user === SERVICE_ACCOUNT
  }

  function summary(entries: readonly AuditEntry[]): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const entry of entries) {
      const what = `${entry.verb} ${entry.resource}${entry.subresource === '' ? '' : `/${entry.subresource}`}`
      counts[what] = (counts[what] ?? 0) + 1
    }
    return counts
  }
})
