import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import type { KindName, Statuses } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { formatTime } from '#lib/time.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { around, instance, silent } from '#testing/instances.ts'
import { lookAt, type Found } from '#testing/seen.ts'

type Status = Partial<Statuses[KindName]>

const LATER_MS = NOW_MS + 10_000
const process = lookAt('WorkloadProcess')

const historyOf = (status: Status) => ('history' in status ? (status.history ?? []) : [])
const failoverOf = (status: Status) => ('lastFailover' in status ? status.lastFailover : undefined)

/** The status after the instance has run, as it is stored. */
const running = (kind: KindName): Status => ({ ...around[kind].stored, ...lookAt(kind).status(instance(kind, {})) })

/** The next look, ten seconds later. */
function next(kind: KindName, stored: Status, found: Found): Status {
  const over = { nowMs: LATER_MS, ...found.over }
  return { ...around[kind].stored, ...lookAt(kind).status({ ...found, stored, over }) }
}

const terminated = (exitCode: number) => ({
  ready: false,
  anyRunning: false,
  main: given.container({ state: 'terminated', ready: false, exitCode, finishedAtMs: NOW_MS + 4000 }),
})
const gone = { over: { gone: new Set(['uid-instance']) } }
const deleting = { deleting: true, deletionGraceSeconds: 30, deletionRequestedAtMs: NOW_MS }
const declared = { annotations: { [annotation.confirmDead]: 'uid-instance' }, ...gone }

/** The end of the instance under these circumstances. */
function endReason(kind: KindName, over: Partial<PodFact>, more: Found = {}): string | undefined {
  return historyOf(next(kind, running(kind), instance(kind, over, more)))[0]?.endReason
}

describe('the history', () => {
  it.each(['WorkloadProcess', 'WorkloadService', 'WorkloadPersistent'] as const)(
    'of a %s begins with its pod',
    (kind) => {
      expect(historyOf(running(kind))).toEqual([
        {
          pod: expect.any(String),
          podUID: 'uid-instance',
          node: 'n1',
          cluster: 'east',
          term: 1,
          from: formatTime(NOW_MS),
        },
      ])
    },
  )

  it('is not kept for a CronJob, and not where several instances are allowed', () => {
    const found = instance('WorkloadService', {}, { spec: { exclusivity: { mode: 'BestEffort' } } })

    expect(historyOf(running('WorkloadCronJob'))).toEqual([])
    expect(historyOf(lookAt('WorkloadService').status(found))).toEqual([])
  })

  it('is left as it is when a running instance from before it is met', () => {
    const { history: _none, ...stored } = { history: [], ...running('WorkloadProcess') }

    expect(historyOf(next('WorkloadProcess', stored, instance('WorkloadProcess', {})))).toEqual([])
  })

  it('keeps the first start, the term and the cluster, whoever leads', () => {
    const stored = running('WorkloadProcess')
    const restarted = { main: given.container({ startedAtMs: LATER_MS, restartCount: 1 }), token: `${9 << 20}` }

    expect(historyOf(next('WorkloadProcess', stored, instance('WorkloadProcess', restarted)))).toEqual(
      historyOf(stored),
    )
  })

  it('takes the end from the kubelet, and from the clock only when no kubelet told it', () => {
    const stored = running('WorkloadProcess')
    const told = next('WorkloadProcess', stored, instance('WorkloadProcess', { phase: 'Failed', ...terminated(1) }))
    const untold = next('WorkloadProcess', stored, { facts: [], ...gone })

    expect(historyOf(told)[0]).toMatchObject({ to: formatTime(NOW_MS + 4000), endReason: 'Failed' })
    expect(historyOf(untold)[0]).toMatchObject({ to: formatTime(LATER_MS), endReason: 'ObjectGone' })
    expect(historyOf(next('WorkloadProcess', told, { facts: [], ...gone }))).toEqual(historyOf(told))
  })

  it('keeps ten, newest first', () => {
    let status = running('WorkloadProcess')
    for (let index = 0; index < 12; index += 1)
      status = next('WorkloadProcess', status, instance('WorkloadProcess', { uid: `uid-${index}` }))

    const uids = historyOf(status).map(({ podUID }) => podUID)

    expect(uids).toHaveLength(10)
    expect(uids.slice(0, 2)).toEqual(['uid-11', 'uid-10'])
  })
})

describe('an instance ends', () => {
  it.each([
    ['Completed', { phase: 'Succeeded', ...terminated(0) }, {}],
    ['Failed', { phase: 'Failed', ...terminated(1) }, {}],
    ['Evicted', { ...deleting, disruption: 'EvictionByEvictionAPI' }, {}],
    ['Evicted', { phase: 'Failed', reason: 'Evicted', ...terminated(137) }, {}],
    ['Preempted', { ...deleting, disruption: 'PreemptionByScheduler' }, {}],
    ['NodeLost', { ...deleting, disruption: 'DeletionByTaintManager' }, { over: silent }],
    ['NodeLost', { phase: 'Failed', disruption: 'DeletionByPodGC', ...terminated(137) }, {}],
    ['Deleted', deleting, {}],
    ['SpecChanged', deleting, { generation: 2, spec: { image: 'example.test/report:2' } }],
    ['Restarted', deleting, { annotations: { [annotation.restartRequestedAt]: 'now' } }],
    ['Suspended', deleting, { spec: { suspend: true }, generation: 2 }],
    ['Moved', deleting, { over: { role: 'passive' } }],
  ] as const)('%s (%#)', (expected, over, more) => {
    expect(endReason('WorkloadProcess', over, more)).toBe(expected)
  })

  it('not by the mere intent to evict it', () => {
    expect(endReason('WorkloadProcess', { disruption: 'EvictionByEvictionAPI' })).toBeUndefined()
  })

  it('by a word, also when its deletion was seen before', () => {
    const seen = next('WorkloadProcess', running('WorkloadProcess'), instance('WorkloadProcess', deleting))

    expect(historyOf(next('WorkloadProcess', seen, { facts: [], ...declared }))[0]?.endReason).toBe('ConfirmedDead')
  })

  it('by force, as the condition tells', () => {
    const stored = running('WorkloadProcess')
    const message = 'Pod report-pod (UID uid-instance) on node n1 counts as ended, though it may still run.'
    const told = {
      type: 'Exclusive',
      status: 'Unknown',
      reason: 'AtMostOneWaived',
      message,
      lastTransitionTime: '',
    } as const

    const status = next('WorkloadProcess', { ...stored, conditions: [told] }, { facts: [], ...gone })

    expect(historyOf(status)[0]?.endReason).toBe('Forced')
  })

  it.each([
    ['Deleted', '7c9d'],
    ['SpecChanged', '5f6a'],
  ])('of a Service: %s, as the template of the next pod shows', (expected, hash) => {
    const first = instance('WorkloadService', { name: 'report-7c9d-a' })
    const stored = { ...around.WorkloadService.stored, ...lookAt('WorkloadService').status(first) }
    const labels = { ...given.labels('WorkloadService'), 'pod-template-hash': hash }
    const controller = { kind: 'ReplicaSet', name: `report-${hash}`, uid: 'uid-rs' }
    const another = given.pod({ name: `report-${hash}-b`, uid: 'uid-b', gated: true, labels, controller })
    const old = instance('WorkloadService', { name: 'report-7c9d-a', ...deleting })

    const alone = next('WorkloadService', stored, old)
    const followed = next('WorkloadService', alone, { ...old, facts: [...(old.facts ?? []), another] })

    expect(historyOf(alone)[0]?.endReason).toBeUndefined()
    expect(historyOf(followed)[0]?.endReason).toBe(expected)
  })

  it.each([
    ['Deleted', 'report-1'],
    ['SpecChanged', 'report-2'],
  ])('of a Persistent: %s, as the revision of the StatefulSet shows', (expected, updateRevision) => {
    const pod = instance('WorkloadPersistent', deleting).facts?.filter(({ kind }) => kind === 'Pod') ?? []
    const facts = [given.statefulSet({ updateRevision }), ...pod]

    expect(historyOf(next('WorkloadPersistent', running('WorkloadPersistent'), { facts }))[0]?.endReason).toBe(expected)
  })
})

describe('the last failover', () => {
  const failed = next('WorkloadProcess', running('WorkloadProcess'), {
    ...instance('WorkloadProcess', { phase: 'Failed', ...terminated(1) }),
  })
  const startedAtMs = NOW_MS + 12_000
  const successor = (main?: PodFact['main']) => {
    const { main: _none, ...pod } = given.pod({ uid: 'uid-2', node: 'n2' })
    return { facts: [main === undefined ? pod : { ...pod, main }] }
  }

  it('begins with an end that nobody asked for, and is complete when the next instance has started', () => {
    const created = next('WorkloadProcess', failed, successor())
    const started = next('WorkloadProcess', created, successor(given.container({ startedAtMs })))

    const begun = { from: 'report-pod@n1', reason: 'Failed', detection: '6s' }
    expect(failoverOf(failed)).toEqual(begun)
    expect(failoverOf(created)).toEqual(begun)
    expect(failoverOf(started)).toEqual({
      ...begun,
      at: formatTime(startedAtMs),
      to: 'report-pod@n2',
      takeover: '8s',
    })
    expect(next('WorkloadProcess', started, successor(given.container({ startedAtMs })))).toEqual(started)
  })

  it.each([
    [{ generation: 2, spec: { image: 'example.test/report:2' } }],
    [{ annotations: { [annotation.restartRequestedAt]: 'now' } }],
    [{ spec: { suspend: true }, generation: 2 }],
  ])('is none when somebody asked for it (%#)', (asked) => {
    const stored = next('WorkloadProcess', running('WorkloadProcess'), instance('WorkloadProcess', deleting, asked))

    expect(failoverOf(next('WorkloadProcess', stored, { ...successor(given.container()), ...asked }))).toBeUndefined()
  })

  it('is forgotten when nothing is to follow', () => {
    expect(failoverOf(next('WorkloadProcess', failed, { spec: { suspend: true }, ...gone }))).toBeUndefined()
  })

  it('is the same to all leaders', () => {
    const term = { ...given.observed().term, epoch: 9n, holder: 'b' }
    const found = { ...successor(given.container()), stored: failed }

    expect(process.status({ ...found, over: { term } })).toEqual(process.status(found))
  })
})
