import { describe, expect, it } from 'vitest'
import { label } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { observe } from '#testing/arbitraries.ts'
import { given } from '#testing/given.ts'
import type { Desired } from '#workloads/workload.ts'
import { plan } from './plan.ts'

const service = { kind: 'WorkloadService', name: 'report', uid: 'uid-report' }
const predecessor = { ...service, uid: 'uid-before' }
const replicaSet = { kind: 'ReplicaSet', name: 'report-7c9d', uid: 'uid-rs' }
const template = { ...given.labels('WorkloadService'), 'pod-template-hash': '7c9d' }

const owned = given.pod({ controller: service, labels: given.labels('WorkloadService') })
const servicePod = given.pod({ name: 'report-7c9d-x', controller: replicaSet, labels: template })
const podChild = given.child('Pod', { labels: given.labels('WorkloadService') })
const nothing: Desired = { children: [] }

function orphan<T extends { readonly controller?: unknown }>(fact: T): Omit<T, 'controller'> {
  const { controller: _none, ...rest } = fact
  return rest
}

describe('creates and applies', () => {
  it('creates a child that does not exist', () => {
    const actions = plan({ children: [podChild] }, observe([]))

    expect(actions).toEqual([{ type: 'create', child: podChild }])
  })

  it('applies a child over the version that was seen', () => {
    const actions = plan({ children: [podChild] }, observe([owned]))

    expect(actions).toEqual([{ type: 'apply', child: podChild, over: owned }])
  })

  it('adopts an object without controller that was left for this workload', () => {
    const left = orphan(owned)

    const actions = plan({ children: [podChild] }, observe([left]))

    expect(actions).toEqual([{ type: 'apply', child: podChild, over: left }])
  })

  it('waits for the object of a predecessor to go', () => {
    const actions = plan({ children: [podChild] }, observe([given.pod({ controller: predecessor })]))

    expect(actions).toEqual([])
  })

  it.each([owned, orphan(owned)])('waits for an object of the name that is being deleted', (fact) => {
    const actions = plan({ children: [podChild] }, observe([{ ...fact, deleting: true }]))

    expect(actions).toEqual([])
  })

  it('leaves a name alone that a stranger has', () => {
    const stranger = { ...orphan(owned), labels: { ...owned.labels, [label.name]: 'other' } }

    const actions = plan({ children: [podChild] }, observe([stranger]))

    expect(actions).toEqual([])
  })

  it('neither creates nor changes nor deletes what is on hold', () => {
    const held: Desired = { children: [podChild], onHold: [{ kind: 'Pod', name: 'report-pod' }] }

    expect(plan(held, observe([]))).toEqual([])
    expect(plan(held, observe([owned]))).toEqual([])
    expect(plan({ ...held, children: [] }, observe([owned]))).toEqual([])
  })
})

describe('a pod that counts as dead', () => {
  it('is deleted without grace, also when it is being deleted or has ended on paper only', () => {
    const pod = { ...servicePod, deleting: true, phase: 'Failed' as const, anyRunning: true }

    const actions = plan({ children: [], declaredDead: [pod] }, observe([pod]))

    expect(actions).toEqual([{ type: 'delete', child: pod, gracePeriodSeconds: 0 }])
  })

  it('goes with its Job, which keeps the object otherwise', () => {
    const job = given.job()
    const pod = given.pod({ name: 'report-m01234567', controller: { kind: 'Job', name: job.name, uid: job.uid } })
    const seen = { ...observe([job, pod]), cr: given.cr({ kind: 'WorkloadCronJob' }) }

    const actions = plan({ children: [], declaredDead: [pod] }, seen)

    expect(actions).toEqual([
      { type: 'delete', child: pod, gracePeriodSeconds: 0 },
      { type: 'delete', child: job },
    ])
  })

  it('is left alone when it is not of this workload', () => {
    const stranger = given.pod({ controller: { ...replicaSet, name: 'other-7c9d' }, labels: template })

    expect(plan({ children: [], declaredDead: [stranger] }, observe([stranger]))).toEqual([])
  })
})

describe('deletes', () => {
  it('deletes a child that is no longer wanted', () => {
    const actions = plan(nothing, observe([owned]))

    expect(actions).toEqual([{ type: 'delete', child: owned }])
  })

  it.each([
    { whose: 'a predecessor', fact: given.pod({ controller: predecessor }) },
    { whose: 'nobody', fact: orphan(owned) },
    { whose: 'a ReplicaSet, unasked', fact: servicePod },
    { whose: 'ours, a Job', fact: given.job({ controller: service }) },
    { whose: 'ours, a claim', fact: given.claim({ controller: service }) },
    { whose: 'ours, being deleted', fact: { ...owned, deleting: true } },
    { whose: 'ours, ended on paper only', fact: { ...owned, phase: 'Failed' as const, anyRunning: true } },
  ])('leaves an object alone that belongs to $whose', ({ fact }) => {
    expect(plan(nothing, observe([fact]))).toEqual([])
  })

  it('deletes an ended child that is to run again, and creates its successor later', () => {
    const ended = { ...owned, phase: 'Failed' as const, anyRunning: false }

    const actions = plan({ children: [podChild], remove: [ended] }, observe([ended]))

    expect(actions).toEqual([{ type: 'delete', child: ended }])
  })

  it.each([
    { what: 'a pod of our Deployment', fact: servicePod, deleted: true },
    { what: 'a pod of another ReplicaSet', fact: { ...servicePod, controller: { ...replicaSet, name: 'other-7c9d' } } },
    { what: 'a pod with another template hash', fact: { ...servicePod, labels: given.labels('WorkloadService') } },
    { what: 'a pod of a predecessor', fact: given.pod({ controller: predecessor }) },
    { what: 'a pod without controller', fact: orphan(owned) },
  ])('is asked to remove $what, and does so: $deleted', ({ fact, deleted }) => {
    const actions = plan({ children: [], remove: [fact] }, observe([fact]))

    expect(actions).toEqual(deleted === true ? [{ type: 'delete', child: fact }] : [])
  })

  it('deletes a Job of our CronJob when asked to', () => {
    const cronJob = given.cronJob({ controller: service })
    const job = given.job()

    const actions = plan({ children: [], onHold: [cronJob], remove: [job] }, observe([cronJob, job]))

    expect(actions).toEqual([{ type: 'delete', child: job }])
  })

  it('deletes the version that was seen, not the one that was asked about', () => {
    const newer = { ...owned, resourceVersion: '8' }

    const actions = plan({ children: [podChild], remove: [owned] }, observe([newer]))

    expect(actions).toEqual([{ type: 'delete', child: newer }])
  })
})

describe('replacement', () => {
  it('tries the new form before it deletes the old one, and creates nothing yet', () => {
    const actions = plan({ children: [podChild], replace: [owned] }, observe([owned]))

    expect(actions).toEqual([
      { type: 'try', child: podChild },
      { type: 'delete', child: owned },
    ])
  })

  it('of a Service comes last, so that a refusal stops nothing else', () => {
    const front = given.service({ controller: service })
    const frontChild = given.child('Service')
    const claim = given.child('PersistentVolumeClaim')
    const asked: Desired = { children: [frontChild, podChild], replace: [front], claims: [claim] }

    const actions = plan(asked, observe([front]))

    expect(actions).toEqual([
      { type: 'create', child: podChild },
      { type: 'try', child: frontChild },
      { type: 'delete', child: front },
      { type: 'claim', child: claim },
    ])
  })

  it('of a Service tries it without what the old one holds until then', () => {
    const front = given.service({ controller: service, clusterIp: '10.96.0.9', type: 'NodePort' })
    const frontChild = given.child('Service')
    const asking = (spec: object): Child => ({ ...frontChild, object: { ...frontChild.object, spec } })
    const tried = (spec: object, over: object = {}) =>
      plan({ children: [asking(spec)], replace: [front] }, observe([{ ...front, ...over }]))[0]
    const [port, onNode] = [{ port: 80 }, { port: 80, nodePort: 30_080 }]

    const held = tried({ clusterIP: '10.96.0.9', ports: [onNode] })
    expect(held).toEqual({ type: 'try', child: asking({ ports: [port] }) })

    const free = { clusterIP: '10.96.0.8', ports: [onNode] }
    expect(tried(free, { type: 'ClusterIP' })).toEqual({ type: 'try', child: asking(free) })
  })

  it('waits without another try while the old one is being deleted', () => {
    const ending = { ...owned, deleting: true }

    const actions = plan({ children: [podChild], replace: [ending] }, observe([ending]))

    expect(actions).toEqual([])
  })

  it('leaves an old one alone whose end is on paper only', () => {
    const lost = { ...owned, phase: 'Failed' as const, anyRunning: true }

    const actions = plan({ children: [podChild], replace: [lost] }, observe([lost]))

    expect(actions).toEqual([])
  })
})

describe('the grant', () => {
  const ref = { namespace: 'prod', name: 'report-7c9d-x', uid: servicePod.uid }
  const deployment = given.child('Deployment')

  it.each([
    { step: { type: 'rest' }, actions: [] },
    { step: { type: 'wait', for: ref, because: 'running' }, actions: [] },
    { step: { type: 'record', to: ref }, actions: ['grant'] },
    { step: { type: 'move', to: ref }, actions: ['grant', 'ungate'] },
    { step: { type: 'open', pod: ref }, actions: ['ungate'] },
    { step: { type: 'remove', pods: [ref] }, actions: ['delete'] },
  ] as const)('$step.type asks for $actions', ({ step, actions }) => {
    const planned = plan({ children: [], grant: step }, observe([servicePod]))

    expect(planned.map(({ type }) => type)).toEqual(actions)
  })

  it('comes after deletes and before creates', () => {
    const gated = { ...servicePod, gated: true }

    const planned = plan({ children: [deployment], grant: { type: 'move', to: ref } }, observe([owned, gated]))

    expect(planned.map(({ type }) => type)).toEqual(['delete', 'grant', 'ungate', 'create'])
  })
})
