// A person vouches for the end of a pod: what is deleted for it, what is refused, and when the request is handled.
import { describe, expect, it } from 'vitest'
import type { ChildFact, PodFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { given } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'
import { answerTo, confirmedDead, isOfWorkload } from './declared-dead.ts'

const confirming = (kind: KindName, uid: string) => ({
  cr: given.cr({ kind, annotations: { [annotation.confirmDead]: uid }, spec: specs[kind] }),
})
const specs: Readonly<Record<KindName, object>> = {
  WorkloadProcess: { image: 'a:1' },
  WorkloadCronJob: { image: 'a:1', schedule: '@daily' },
  WorkloadService: { image: 'a:1' },
  WorkloadPersistent: { image: 'a:1' },
}
const silent = given.pod({ uid: 'u1', ready: false })
const process = lookAt('WorkloadProcess')
const over = confirming('WorkloadProcess', 'u1')

function judged(found: Found): string {
  const said = confirmedDead(process.observe({ over, ...found }))
  return said.type === 'refused' ? `refused: ${said.because}` : said.type
}

describe('a pod that a person takes for dead', () => {
  it.each<[string, Found, string | RegExp]>([
    ['declared dead', { facts: [silent] }, 'declared'],
    ['declared dead while it is being deleted', { facts: [{ ...silent, deleting: true }] }, 'declared'],
    ['nobody to ask about, once answered', { facts: [silent], stored: { lastHandledConfirmDead: 'u1' } }, 'none'],
    ['refused: ready', { facts: [given.pod({ uid: 'u1' })] }, /^refused: Pod report-pod is ready/],
    ['refused: unknown', { facts: [given.pod()] }, /^refused: No pod of this workload has that UID/],
    [
      'refused: a stranger',
      { facts: [given.pod({ ...silent, controller: { kind: 'Job', name: 'x', uid: 'x' } })] },
      /belongs to somebody else/,
    ],
    ['confirmed: the last instance, gone', { stored: { instance: { pod: 'x', podUID: 'u1' } } }, 'confirmed'],
    ['confirmed: seen to go', { over: { ...over, gone: new Set(['u1']) } }, 'confirmed'],
    [
      'confirmed: deleted, kept by a finalizer',
      { facts: [{ ...silent, deleting: true, deletionGraceSeconds: 0 }] },
      'confirmed',
    ],
  ])('is %s', (_what, found, expected) => {
    expect(judged(found)).toEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected)
  })

  it('is deleted, and the request is handled when its object has gone', () => {
    const seen = process.observe({ facts: [silent], over })

    const asked = confirmedDead(seen)

    expect(process.wish({ facts: [silent], over })?.declaredDead).toEqual([expect.objectContaining({ uid: 'u1' })])
    expect(answerTo(asked, seen)).toBeUndefined()
    expect(answerTo(asked, { ...seen, pods: [] })).toMatchObject({ isRefused: false })
  })

  it('has its answer in the status, which stays', () => {
    const refused = process.report({ facts: [given.pod()], over })

    expect(refused).toMatchObject({ status: { lastHandledConfirmDead: 'u1' }, answer: { isRefused: true } })
    expect(process.status({ stored: { lastHandledConfirmDead: 'u0' } })).toMatchObject({ lastHandledConfirmDead: 'u0' })
  })

  it('is not deleted while the workload is paused', () => {
    const annotations = { [annotation.confirmDead]: 'u1', [annotation.reconcile]: 'disabled' }
    const paused = { facts: [silent], over: { cr: given.cr({ annotations }) } }

    expect(process.wish(paused)).toBeUndefined()
    expect(process.status(paused)).not.toHaveProperty('lastHandledConfirmDead')
  })
})

describe('the pod of a run', () => {
  const job = given.job({ name: 'report-1', uid: 'uid-job' })
  const run = given.pod({ ...silent, name: 'r', controller: { kind: 'Job', name: job.name, uid: job.uid } })
  const look = (facts: readonly ChildFact[]) =>
    confirmedDead(
      lookAt('WorkloadCronJob').observe({
        facts: [given.cronJob(), ...facts],
        over: confirming('WorkloadCronJob', 'u1'),
      }),
    ).type

  it('is not dead before its Job has been deleted too', () => {
    const ending = { ...run, deleting: true, deletionGraceSeconds: 0 }

    expect(look([job, run])).toBe('declared')
    expect(look([job, ending])).toBe('declared')
    expect(look([{ ...job, deleting: true }, ending])).toBe('confirmed')
    expect(look([ending])).toBe('confirmed')
  })
})

describe('a pod belongs to the workload', () => {
  const controlledBy = (kind: string, name: string): Partial<PodFact> => ({ controller: { kind, name, uid: 'before' } })

  it.each<[KindName, Partial<PodFact>, boolean]>([
    ['WorkloadProcess', {}, true],
    ['WorkloadProcess', controlledBy('WorkloadProcess', 'report'), true],
    ['WorkloadProcess', controlledBy('WorkloadProcess', 'other'), false],
    [
      'WorkloadService',
      { ...controlledBy('ReplicaSet', 'report-7c9d'), labels: { 'pod-template-hash': '7c9d' } },
      true,
    ],
    [
      'WorkloadService',
      { ...controlledBy('ReplicaSet', 'other-7c9d'), labels: { 'pod-template-hash': '7c9d' } },
      false,
    ],
    ['WorkloadPersistent', controlledBy('StatefulSet', 'report'), true],
    ['WorkloadPersistent', controlledBy('StatefulSet', 'other'), false],
    ['WorkloadCronJob', controlledBy('Job', 'report-29453760'), true],
    ['WorkloadCronJob', controlledBy('Job', 'report-m0a1b2c3d'), true],
    ['WorkloadCronJob', controlledBy('Job', 'report-other-29453760'), false],
    ['WorkloadCronJob', controlledBy('ReplicaSet', 'report-29453760'), false],
  ])('of kind %s with %j: %s', (kind, pod, expected) => {
    const seen = given.observed({ cr: given.cr({ kind }) })

    expect(isOfWorkload(given.pod({ controller: { kind, name: 'report', uid: 'uid-report' }, ...pod }), seen)).toBe(
      expected,
    )
  })
})
