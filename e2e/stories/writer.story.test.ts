// The writer against a real API server, with the rights that are shipped: what its fake client can only assume.
// Its objects are ones that no controller touches: suspended CronJobs, Services, pods of a scheduler that is not there.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChildFact, CrFact, CronJobFact, PodFact } from '#api/facts.ts'
import { annotation, GRANT_GATE, label } from '#api/labels.ts'
import type { Child, StatusPatch } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import { TerminalError } from '#lib/errors.ts'
import { projectCr } from '#kube/projections.ts'
import { given } from '#testing/given.ts'
import { openWriter, type OpenWriter } from '#testing/open-writer.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { at, textAt } from '../support/api.ts'
import { eventually, needsCluster, openWorld, uidOf, type World } from '../support/world.ts'

let world: World
let open: OpenWriter
const term = given.term({ epoch: 3n })
const never = new AbortController().signal

beforeEach(needsCluster)
beforeEach(async () => {
  world = await openWorld('writer')
  const groups = ['system:serviceaccounts']
  open = await openWriter(await world.cluster.kubeconfigFor(SERVICE_ACCOUNT, groups, AbortSignal.timeout(10_000)))
})
afterEach(async () => {
  await open?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

const container = { name: 'main', image: 'example.invalid/report:1' }
const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } }
const ownerless = (child: Child): Child => ({
  ...child,
  object: { ...child.object, metadata: { ...child.object.metadata, ownerReferences: [] } },
})
const cronJob = (schedule = '0 0 1 1 *'): Child =>
  ownerless(
    given.child('CronJob', { namespace: world.namespace, spec: { schedule, suspend: true, jobTemplate: template } }),
  )
const pod = (spec: object = {}, labels: Readonly<Record<string, string>> = {}): Child =>
  ownerless(
    given.child('Pod', {
      namespace: world.namespace,
      labels: { ...given.labels(), ...labels },
      spec: { schedulerName: 'nobody', automountServiceAccountToken: false, containers: [container], ...spec },
      takesToken: true,
    }),
  )

/** What the last write put into the store. */
function stored<K extends 'Pod' | 'CronJob'>(kind: K): K extends 'Pod' ? PodFact : CronJobFact
function stored(kind: 'Pod' | 'CronJob'): ChildFact {
  const [fact] = open.stores.children[kind].all()
  if (fact === undefined) throw new Error(`no ${kind} is stored`)
  return fact
}

const refreshed = async (kind: 'Pod' | 'CronJob', name: string): Promise<ChildFact> => {
  const found = await open.reader.read(kind, world.namespace, name, never)
  if (found.type === 'absent') throw new Error(`${kind} ${name} is gone`)
  return found.fact
}

describe('an applied child', () => {
  it('is created once: a second create, and a late one over a stranger, find it present', async () => {
    expect(await open.writer.create(cronJob(), term)).toBe('created')

    expect(await open.writer.create(cronJob('1 1 1 1 *'), term)).toBe('exists')
    expect(at(await world.get('CronJob', 'report'), 'spec', 'schedule')).toBe('0 0 1 1 *')
  })

  it('costs no request when it is as it was written', async () => {
    await open.writer.create(cronJob(), term)
    const before = open.requests()

    expect(await open.writer.apply(cronJob(), stored('CronJob'), term)).toBe('unchanged')
    expect(open.requests()).toBe(before)
  })

  it('is left alone when others add what is theirs', async () => {
    await open.writer.create(cronJob(), term)
    await world.patch('CronJob', 'report', {
      metadata: { labels: { foreign: 'x' } },
      spec: { failedJobsHistoryLimit: 7 },
    })

    expect(await open.writer.apply(cronJob(), await refreshed('CronJob', 'report'), term)).toBe('unchanged')
  })

  it.each([
    ['a field of ours is overwritten', { spec: { suspend: false } }],
    ['a label of ours is removed', { metadata: { labels: { [label.app]: null } } }],
    ['an annotation of ours is overwritten', { metadata: { annotations: { [annotation.builder]: '9' } } }],
    ['the managed fields are cleared', { metadata: { managedFields: [{}] } }],
  ])('is put back when %s, and what others added stays', async (_what, patch) => {
    await open.writer.create(cronJob(), term)
    const written = stored('CronJob')
    await world.patch('CronJob', 'report', { spec: { failedJobsHistoryLimit: 7 } })
    await world.patch('CronJob', 'report', patch)

    const outcome = await open.writer.apply(cronJob(), await refreshed('CronJob', 'report'), term)

    expect(outcome).toBe('applied')
    const live = await world.get('CronJob', 'report')
    expect(at(live, 'spec')).toMatchObject({ suspend: true, failedJobsHistoryLimit: 7 })
    expect(stored('CronJob')).toMatchObject({ labels: written.labels, builder: written.builder })
    expect(await open.writer.apply(cronJob(), stored('CronJob'), term)).toBe('unchanged')
  })

  it('loses what it does not ask for any more', async () => {
    const first = cronJob()
    const withLabel = { ...first.object.metadata, labels: { ...first.object.metadata.labels, team: 'billing' } }
    await open.writer.create({ ...first, object: { ...first.object, metadata: withLabel } }, term)

    await open.writer.apply(cronJob(), stored('CronJob'), term)

    expect(stored('CronJob').labels['team']).toBeUndefined()
  })

  it('is not made again by a late apply or delete after it was deleted', async () => {
    await open.writer.create(cronJob(), term)
    const old = stored('CronJob')
    await world.remove('CronJob', 'report')

    expect(await open.writer.apply(cronJob('1 1 1 1 *'), old, term)).toBe('conflict')
    expect(await open.writer.remove(old, {}, term)).toBe('gone')
    expect(await world.get('CronJob', 'report')).toBeUndefined()
  })

  it('is verified by a dry run that finds nothing, without a write', async () => {
    await open.writer.create(cronJob(), term)
    const { resourceVersion } = stored('CronJob')
    const next = given.term({ epoch: 4n })
    await open.writer.apply(cronJob(), stored('CronJob'), next)
    await eventually('requeued', () => Promise.resolve(open.requeued.length > 0))
    const before = open.requests()

    await open.writer.apply(cronJob(), stored('CronJob'), next)
    await open.writer.flush(never)

    expect(open.requests()).toBe(before + 1)
    expect(textAt(await world.get('CronJob', 'report'), 'metadata', 'resourceVersion')).toBe(resourceVersion)
  })

  it('gives the sentence of the server when a field is not known', async () => {
    const wrong = { ...cronJob(), object: { ...cronJob().object, spec: { bogus: 1 } } }

    await expect(open.writer.create(wrong, term)).rejects.toThrow(/bogus/)
    await expect(open.writer.create(wrong, term)).rejects.toBeInstanceOf(TerminalError)
  })
})

describe('a Pod', () => {
  it('is created once, and tried before without a trace', async () => {
    await open.writer.tryCreate(pod(), term)
    expect(await world.list('Pod')).toEqual([])

    expect(await open.writer.create(pod(), term)).toBe('created')
    expect(await open.writer.create(pod(), term)).toBe('exists')
  })

  it('follows its labels, annotations and image in place, and loses a label of ours', async () => {
    await open.writer.create(pod({}, { team: 'billing' }), term)
    await world.patch('Pod', 'report-pod', {
      metadata: { labels: { foreign: 'x' } },
      spec: { containers: [{ ...container, image: 'example.invalid/evil:1' }] },
    })

    const outcome = await open.writer.apply(pod(), await refreshed('Pod', 'report-pod'), term)

    expect(outcome).toBe('applied')
    const fact = stored('Pod')
    expect(fact.images).toEqual({ main: container.image })
    expect(fact.labels).toMatchObject({ foreign: 'x' })
    expect(fact.labels).not.toHaveProperty('team')
    expect(await open.writer.apply(pod(), fact, term)).toBe('unchanged')
  })

  it('is adopted beside the owners it has', async () => {
    await open.writer.create(pod(), term)
    const config = { body: { metadata: { name: 'owner' } } }
    const owner = await world.api.must('POST', `/api/v1/namespaces/${world.namespace}/configmaps`, config)
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: uidOf(owner) }
    await world.patch('Pod', 'report-pod', { metadata: { ownerReferences: [other] } })
    const adopting = given.child('Pod', { namespace: world.namespace, spec: pod().object.spec })

    await open.writer.apply(adopting, await refreshed('Pod', 'report-pod'), term)

    expect(at(await world.get('Pod', 'report-pod'), 'metadata', 'ownerReferences')).toHaveLength(2)
    expect(stored('Pod').controller).toMatchObject({ kind: 'WorkloadProcess', name: 'report' })
  })

  it('is not changed and not deleted by a late write', async () => {
    await open.writer.create(pod(), term)
    const old = stored('Pod')
    await world.patch('Pod', 'report-pod', { metadata: { labels: { moved: 'on' } } })

    expect(await open.writer.apply(pod({}, { team: 'x' }), old, term)).toBe('conflict')
    expect(await open.writer.remove(old, {}, term)).toBe('conflict')
    expect(uidOf(await world.get('Pod', 'report-pod'))).toBe(old.uid)
  })

  it('is gone from the store as soon as the server says so', async () => {
    await open.writer.create(pod(), term)

    expect(await open.writer.remove(stored('Pod'), {}, term)).toBe('removed')
    expect(open.stores.children.Pod.size).toBe(0)
  })
})

describe('grant, gate and status', () => {
  const gates = { schedulingGates: [{ name: GRANT_GATE }, { name: 'example.test/other' }] }

  async function createCr(): Promise<CrFact> {
    const labels = { [label.tenant]: 'nobody' }
    const object = await world.create('WorkloadService', 'report', { image: container.image }, { labels })
    const fact = projectCr('WorkloadService', object)
    if (fact === undefined) throw new Error('not a resource')
    open.stores.crs.WorkloadService.wrote(fact)
    return fact
  }
  const storedCr = (): CrFact => {
    const fact = open.stores.crs.WorkloadService.get(world.namespace, 'report')
    if (fact === undefined) throw new Error('no resource is stored')
    return fact
  }

  it('a grant lands once, a late one meets a newer version', async () => {
    const read = await createCr()
    await open.writer.create(pod(gates), term)

    expect(await open.writer.grant(read, stored('Pod'), term)).toBe('granted')
    expect(await open.writer.grant(read, stored('Pod'), term)).toBe('conflict')
    expect(JSON.parse(statusTextOf(storedCr())).grant).toMatchObject({ uid: stored('Pod').uid, epoch: 3 })
  })

  it('opens our gate and leaves that of others; a late opening loses', async () => {
    const read = await createCr()
    await open.writer.create(pod(gates), term)
    const stale = stored('Pod')
    await open.writer.grant(read, stale, term)
    await world.patch('Pod', 'report-pod', { metadata: { labels: { moved: 'on' } } })

    expect(await open.writer.ungate(stale, storedCr(), term)).toBe('conflict')
    const fresh = await refreshed('Pod', 'report-pod')
    if (fresh.kind !== 'Pod') throw new Error('not a Pod')
    expect(await open.writer.ungate(fresh, storedCr(), term)).toBe('open')

    expect(at(await world.get('Pod', 'report-pod'), 'spec', 'schedulingGates')).toEqual([
      { name: 'example.test/other' },
    ])
    expect(stored('Pod')).toMatchObject({
      gated: false,
      epoch: 3n,
      token: String(JSON.parse(statusTextOf(storedCr())).grant.token),
    })
  })

  it('a status keeps the grant, drops what vanished, and is written once', async () => {
    const read = await createCr()
    await open.writer.create(pod(gates), term)
    await open.writer.grant(read, stored('Pod'), term)
    const wish: StatusPatch = { observedGeneration: 1, active: true, healthy: true }
    const full: StatusPatch = { ...wish, instance: { pod: 'report-pod', podUID: 'u', node: 'n1' } }
    const key = `WorkloadService/${world.namespace}/report` as const
    open.writer.status(key, full, term)
    await open.writer.flush(never)
    open.writer.status(key, wish, term)
    await open.writer.flush(never)
    const before = open.requests()

    open.writer.status(key, wish, given.term({ epoch: 4n }))
    await open.writer.flush(never)

    expect(open.requests()).toBe(before)
    const status = at(await world.get('WorkloadService', 'report'), 'status')
    expect(status).toMatchObject({ ...wish, grant: { epoch: 3 }, leader: { holder: 'replica-a', term: 3 } })
    expect(at(status, 'instance')).toBeUndefined()
  })

  it('a status over an older version requeues the workload', async () => {
    await createCr()
    await world.patch('WorkloadService', 'report', { metadata: { labels: { moved: 'on' } } })

    open.writer.status(
      `WorkloadService/${world.namespace}/report`,
      { observedGeneration: 1, active: true, healthy: true },
      term,
    )
    await open.writer.flush(never)

    expect(open.requeued).toHaveLength(1)
    expect(at(await world.get('WorkloadService', 'report'), 'status', 'active')).not.toBe(true)
  })
})
