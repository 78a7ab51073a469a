// The node of an instance does not answer: what is waited for, what is said, and when it counts as ended.
import { describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { given } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const process = lookAt('WorkloadProcess')
const pod = given.pod({ uid: 'u1', ready: false })
const silentNode = new Map([['n1', given.node({ ready: false })]])
const forced = { exclusivity: { nodeUnreachable: 'ForceAfter', forceAfter: '2m' } }

/** Its node has been silent for so long. */
function after(silentMs: number | undefined, more: Found = {}): Found {
  const silentForMs = new Map(silentMs === undefined ? [] : [['u1', silentMs]])
  return { facts: [pod], spec: forced, ...more, over: { nodes: silentNode, silentForMs, ...more.over } }
}

/** What the leader stores before it deletes. */
const told = process.status(after(120_000))

describe('Wait', () => {
  const waiting = after(3_600_000, { spec: {} })

  it('starts nothing, however long it takes, and is stalled at once', () => {
    expect(process.wish(waiting)?.declaredDead).toBeUndefined()
    expect(process.condition(waiting, 'Ready')).toBe('False NodeUnreachable')
    expect(process.condition(waiting, 'Stalled')).toBe('True NodeUnreachable')
    expect(process.condition(waiting, 'Reconciling')).toBeUndefined()
  })

  it('names the command that ends it', () => {
    const command =
      'kubectl annotate workloadprocess report -n prod --overwrite highlander.plexobject.io/confirm-dead=u1'

    expect(process.condition(waiting, 'Exclusive')).toBe('Unknown OldInstanceUnreachable')
    expect(process.message(waiting, 'Exclusive')).toContain(command)
    expect(process.message(waiting, 'Ready')).toContain(command)
  })
})

describe('ForceAfter', () => {
  it('waits for its time, reconciling', () => {
    const waiting = after(119_000)

    expect(process.wish(waiting)?.declaredDead).toBeUndefined()
    expect(process.condition(waiting, 'Reconciling')).toBe('True NodeUnreachable')
    expect(process.condition(waiting, 'Stalled')).toBeUndefined()
    expect(process.condition(waiting, 'Exclusive')).toBe('Unknown OldInstanceUnreachable')
    expect(process.report(waiting).requeueAfterMs).toBe(1000)
  })

  it('never stalls, even when it has been reconciling for an hour', () => {
    const stored = process.status(after(0))
    const later = after(60_000, { stored, over: { nowMs: given.observed().nowMs + 3_600_000 } })

    expect(process.condition(later, 'Stalled')).toBeUndefined()
  })

  it('says what it waives before it deletes anything', () => {
    expect(process.wish(after(120_000))?.declaredDead).toBeUndefined()
    expect(told.conditions?.find(({ type }) => type === 'Exclusive')).toMatchObject({ reason: 'AtMostOneWaived' })
    expect(process.wish(after(120_000, { stored: told }))?.declaredDead).toMatchObject([{ uid: 'u1' }])
  })

  it.each<[string, Found]>([
    ['this replica has not watched for so long', after(5_000, { stored: told })],
    ['this replica has not noted it', after(undefined, { stored: told })],
    ['the node is back', after(120_000, { stored: told, over: { nodes: new Map([['n1', given.node()]]) } })],
    ['the policy is Wait by now', after(120_000, { stored: told, spec: {} })],
    ['another pod was meant', after(120_000, { stored: told, facts: [{ ...pod, uid: 'u2' }] })],
    [
      'a stranger made the pod',
      after(120_000, { stored: told, facts: [{ ...pod, controller: { kind: 'Job', name: 'x', uid: 'x' } }] }),
    ],
  ])('deletes nothing when %s', (_why, found) => {
    expect(process.wish(found)?.declaredDead).toBeUndefined()
  })

  it.each<[string, Found, string]>([
    ['while the node is silent', {}, 'Unknown AtMostOneWaived'],
    ['not when it is ready', { over: { nodes: new Map([['n1', given.node()]]) } }, 'True Verified'],
    ['not when it is gone', { over: { nodes: new Map() } }, 'True Verified'],
  ])('stays said behind the delete: %s', (_when, more, expected) => {
    const successor = given.pod({ uid: 'u2', node: 'n2' })

    expect(process.condition(after(undefined, { stored: told, facts: [successor], ...more }), 'Exclusive')).toBe(
      expected,
    )
  })

  it('waives nothing while the workload is paused', () => {
    const annotations = { 'highlander.plexobject.io/reconcile': 'disabled' }
    const cr = given.cr({ annotations, spec: { image: 'a:1', ...forced } })

    expect(process.condition(after(120_000, { over: { cr } }), 'Exclusive')).toBe('Unknown OldInstanceUnreachable')
  })

  it('ends a waiver for good: the next silence of that node is another one', () => {
    const back = { over: { nodes: new Map([['n1', given.node()]]) }, facts: [given.pod({ uid: 'u2', node: 'n2' })] }
    const stored = process.status(after(undefined, { stored: told, ...back }))

    expect(process.condition(after(undefined, { ...back, stored, over: {} }), 'Exclusive')).toBe('True Verified')
  })

  it.each<[KindName, Found]>([
    ['WorkloadProcess', {}],
    ['WorkloadPersistent', { facts: [given.statefulSet()] }],
    ['WorkloadService', { facts: [given.deployment()] }],
    ['WorkloadCronJob', { facts: [given.cronJob(), given.job({ name: 'report-1', uid: 'uid-job' })] }],
  ])('holds for a %s', (kind, { facts = [] }) => {
    const controllers = {
      WorkloadProcess: pod.controller,
      WorkloadPersistent: { kind: 'StatefulSet', name: 'report', uid: given.statefulSet().uid },
      WorkloadService: { kind: 'ReplicaSet', name: 'report-7c9d', uid: 'uid-rs' },
      WorkloadCronJob: { kind: 'Job', name: 'report-1', uid: 'uid-job' },
    }
    const controller = controllers[kind]
    const labels = { ...given.labels(kind), 'pod-template-hash': '7c9d' }
    const own = { ...pod, labels, ...(controller === undefined ? {} : { controller }) }
    const look = lookAt(kind)
    const due = after(120_000, { facts: [...facts, own] })

    expect(look.wish({ ...due, stored: look.status(due) })?.declaredDead).toMatchObject([{ uid: 'u1' }])
  })
})

it('shows the policy in use', () => {
  expect(process.status(after(0))).toMatchObject({ effective: { nodeUnreachable: 'ForceAfter', forceAfter: '2m' } })
})
