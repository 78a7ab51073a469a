import { describe, expect, it } from 'vitest'
import { given, NOW_MS } from '#testing/given.ts'
import { isUnreachable, proofOfEnd } from './proof.ts'

describe('the proof that a pod has ended', () => {
  it.each([
    ['its object is gone', {}, ['uid-Pod-report-pod'], 'E1'],
    ['it succeeded and nothing runs', { phase: 'Succeeded', anyRunning: false }, [], 'E2'],
    ['it failed and nothing runs', { phase: 'Failed', anyRunning: false }, [], 'E2'],
    ['the phase alone', { phase: 'Failed', anyRunning: true }, [], undefined],
    ['statuses alone: a crash loop between two starts', { phase: 'Running', anyRunning: false }, [], undefined],
    ['the deletion time has passed', { deleting: true, deletionRequestedAtMs: NOW_MS - 3_600_000 }, [], undefined],
    ['not ready', { ready: false }, [], undefined],
    ['never bound to a node', { phase: 'Pending', anyRunning: false, gated: true }, [], undefined],
    ['phase unknown', { phase: 'Unknown', anyRunning: false }, [], undefined],
    ['another pod is gone', {}, ['uid-other'], undefined],
  ] as const)('%s', (_what, over, gone, expected) => {
    const proof = proofOfEnd(given.pod(over), new Set(gone))

    expect(proof).toBe(expected)
  })
})

describe('a node that does not answer', () => {
  const silent = new Map([['n1', given.node({ ready: false })]])
  const asked = { deleting: true, deletionRequestedAtMs: NOW_MS - 90_000, deletionGraceSeconds: 30 }

  it.each([
    ['its condition Ready is not True', {}, silent, true],
    ['it is ready', {}, new Map([['n1', given.node()]]), false],
    ['it cannot be read', {}, new Map(), false],
    ['the pod outlives its grace period by 60 s', asked, new Map(), true],
    ['the pod outlives its grace period by less', { ...asked, deletionGraceSeconds: 31 }, new Map(), false],
  ] as const)('%s', (_what, over, nodes, expected) => {
    const unreachable = isUnreachable(given.pod(over), { nodes, nowMs: NOW_MS })

    expect(unreachable).toBe(expected)
  })

  it('holds back nobody whose pod was never bound', () => {
    const { node: _none, ...pod } = given.pod(asked)

    const unreachable = isUnreachable(pod, { nodes: silent, nowMs: NOW_MS })

    expect(unreachable).toBe(false)
  })
})
