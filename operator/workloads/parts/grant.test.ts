// The table of the grant, row by row.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import { given, NAME, NAMESPACE, NOW_MS } from '#testing/given.ts'
import { grantStep, type GrantInput } from './grant.ts'

const HASH = '7c9d'

/** A pod that the Deployment `report` made. */
function member(name: string, over: Partial<PodFact> = {}): PodFact {
  return given.pod({
    name,
    uid: `uid-${name}`,
    labels: { ...given.labels('WorkloadService'), 'pod-template-hash': HASH },
    controller: { kind: 'ReplicaSet', name: `${NAME}-${HASH}`, uid: 'uid-rs' },
    ...over,
  })
}

/** Waits behind its gate: never bound, nothing runs. */
function gated(name: string, over: Partial<PodFact> = {}): PodFact {
  const { node: _none, ...rest } = member(name, { gated: true, anyRunning: false, ready: false, phase: 'Pending' })
  return { ...rest, ...over }
}

function ended(name: string, over: Partial<PodFact> = {}): PodFact {
  return member(name, { phase: 'Failed', anyRunning: false, ready: false, ...over })
}

function input(over: Partial<GrantInput> = {}): GrantInput {
  return {
    namespace: NAMESPACE,
    name: NAME,
    deployment: given.deployment(),
    pods: [],
    gone: new Set(),
    nodes: new Map(),
    nowMs: NOW_MS,
    wanted: true,
    ...over,
  }
}

function ref(name: string) {
  return { namespace: NAMESPACE, name, uid: `uid-${name}` }
}

const granted = { pod: 'a', uid: 'uid-a' }
const stranger = { controller: { kind: 'Job', name: 'other', uid: 'uid-other' } }

describe('the granted pod', () => {
  it('gets its gate opened', () => {
    const step = grantStep(input({ grant: granted, pods: [gated('a')] }))

    expect(step).toEqual({ type: 'open', pod: ref('a') })
  })

  it('is left behind its gate while the workload is suspended', () => {
    const step = grantStep(input({ grant: granted, pods: [gated('a')], wanted: false }))

    expect(step).toEqual({ type: 'rest' })
  })

  it('is left alone while it runs, with gated pods beside it', () => {
    const step = grantStep(input({ grant: granted, pods: [member('a'), gated('b')] }))

    expect(step).toEqual({ type: 'rest' })
  })

  it('is the only open one: another open pod of ours is removed', () => {
    const step = grantStep(input({ grant: granted, pods: [member('a'), member('b')] }))

    expect(step).toEqual({ type: 'remove', pods: [ref('b')] })
  })

  it('is not opened beside another open pod', () => {
    const step = grantStep(input({ grant: granted, pods: [gated('a'), member('b', stranger)] }))

    expect(step).toEqual({ type: 'wait', for: ref('b'), because: 'stranger' })
  })

  it('is waited for while it is being deleted', () => {
    const step = grantStep(input({ grant: granted, pods: [member('a', { deleting: true }), gated('b')] }))

    expect(step).toEqual({ type: 'wait', for: ref('a'), because: 'ending' })
  })

  it('is waited for on a node that does not answer', () => {
    const nodes = new Map([['n1', given.node({ ready: false })]])

    const step = grantStep(input({ grant: granted, pods: [member('a', { deleting: true }), gated('b')], nodes }))

    expect(step).toEqual({ type: 'wait', for: ref('a'), because: 'unreachable' })
  })

  it('counts as unreachable 60 s after its grace period, where nodes cannot be read', () => {
    const over = { deleting: true, deletionRequestedAtMs: NOW_MS - 90_000, deletionGraceSeconds: 30 }

    const before = grantStep(input({ grant: granted, pods: [member('a', over)], nowMs: NOW_MS - 1 }))
    const after = grantStep(input({ grant: granted, pods: [member('a', over)] }))

    expect([before, after]).toEqual([
      { type: 'wait', for: ref('a'), because: 'ending' },
      { type: 'wait', for: ref('a'), because: 'unreachable' },
    ])
  })

  it('is waited for when it is only missing from the store', () => {
    const step = grantStep(input({ grant: granted, pods: [gated('b')] }))

    expect(step).toEqual({ type: 'wait', for: ref('a'), because: 'running' })
  })
})

describe('the grant moves', () => {
  it('after the object is gone', () => {
    const step = grantStep(input({ grant: granted, pods: [gated('b')], gone: new Set(['uid-a']) }))

    expect(step).toEqual({ type: 'move', to: ref('b'), after: { pod: ref('a'), proof: 'E1' } })
  })

  it('after the last word of the kubelet', () => {
    const step = grantStep(input({ grant: granted, pods: [ended('a'), gated('b')] }))

    expect(step).toEqual({ type: 'move', to: ref('b'), after: { pod: ref('a'), proof: 'E2' } })
  })

  it('not on a terminal phase whose containers still run', () => {
    const step = grantStep(input({ grant: granted, pods: [ended('a', { anyRunning: true }), gated('b')] }))

    expect(step.type).toBe('rest')
  })

  it('not between two starts of a crashing container', () => {
    const main = given.container({ state: 'terminated', ready: false })

    const step = grantStep(input({ grant: granted, pods: [member('a', { main, anyRunning: false }), gated('b')] }))

    expect(step).toEqual({ type: 'rest' })
  })

  it('to the newest gated pod, after the other gated ones are gone', () => {
    const pods = [ended('a'), gated('b'), gated('c', { createdAtMs: NOW_MS + 1000 })]

    const step = grantStep(input({ grant: granted, pods }))

    expect(step).toEqual({ type: 'remove', pods: [ref('b')] })
  })

  it('only when there is a candidate', () => {
    const step = grantStep(input({ grant: granted, pods: [ended('a')] }))

    expect(step).toEqual({ type: 'rest' })
  })

  it('not while the workload is suspended', () => {
    const step = grantStep(input({ grant: granted, pods: [ended('a'), gated('b')], wanted: false }))

    expect(step).toEqual({ type: 'rest' })
  })

  it.each([
    ['a stranger with our labels', stranger],
    ['a pod that is being deleted', { deleting: true }],
    ['a pod older than the Deployment', { createdAtMs: NOW_MS - 1000 }],
  ])('not to %s', (_what, over) => {
    const step = grantStep(input({ grant: granted, pods: [ended('a'), gated('b', over)] }))

    expect(step.type).not.toBe('move')
  })
})

describe('the first grant', () => {
  it('goes to a gated pod when nothing else is left', () => {
    const step = grantStep(input({ pods: [gated('a')] }))

    expect(step).toEqual({ type: 'move', to: ref('a') })
  })

  it('removes a gated leftover of a predecessor first', () => {
    const pods = [gated('old', { createdAtMs: NOW_MS - 5000 }), gated('a')]

    const step = grantStep(input({ pods }))

    expect(step).toEqual({ type: 'remove', pods: [ref('old')] })
  })

  it('records the one open pod it finds, which opens nothing', () => {
    const step = grantStep(input({ pods: [member('a'), gated('b')] }))

    expect(step).toEqual({ type: 'record', to: ref('a') })
  })

  it('is not given while two open pods are left', () => {
    const step = grantStep(input({ pods: [member('a'), member('b'), gated('c')] }))

    expect(step.type).toBe('wait')
  })

  it('is not given beside a stranger', () => {
    const step = grantStep(input({ pods: [member('a', stranger), gated('b')] }))

    expect(step).toEqual({ type: 'wait', for: ref('a'), because: 'stranger' })
  })

  it('waits for the Deployment', () => {
    const { deployment: _none, ...without } = input()

    const step = grantStep({ ...without, pods: [gated('a')] })

    expect(step).toEqual({ type: 'rest' })
  })
})
