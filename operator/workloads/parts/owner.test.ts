import { describe, expect, it } from 'vitest'
import type { DeploymentFact } from '#api/facts.ts'
import { given, NAME, NAMESPACE } from '#testing/given.ts'
import { describeStranger, judge } from './owner.ts'

const owner = { kind: 'WorkloadService', namespace: NAMESPACE, name: NAME, uid: `uid-${NAME}` } as const
const labels = given.labels('WorkloadService')
const goVersion = { app: NAME, 'managed-by': 'k8-highlander' }

function orphan(over: Partial<DeploymentFact>): DeploymentFact {
  const { controller: _none, ...rest } = given.deployment()
  return { ...rest, ...over }
}

describe('whose an object is', () => {
  it.each([
    ['our uid', given.deployment(), 'ours'],
    ['our name, another uid', given.deployment({ controller: { ...owner, uid: 'uid-before' } }), 'predecessor'],
    ['another owner', given.deployment({ controller: { ...owner, name: 'other', uid: 'uid-x' } }), 'stranger'],
    [
      'another kind of owner',
      given.deployment({ controller: { ...owner, kind: 'Rollout', uid: 'uid-x' } }),
      'stranger',
    ],
    ['left by --cascade=orphan', orphan({ labels }), 'adoptable'],
    ['left by the Go version', orphan({ labels: goVersion }), 'adoptable'],
    ['labels of another workload', orphan({ labels: { ...labels, 'highlander.plexobject.io/name': 'x' } }), 'stranger'],
    ['labels of another kind', orphan({ labels: given.labels('WorkloadPersistent') }), 'stranger'],
    ['another app', orphan({ labels: { ...goVersion, app: 'other' } }), 'stranger'],
    ['no labels', orphan({ labels: {} }), 'stranger'],
  ])('%s', (_what, fact, expected) => {
    const ownership = judge(fact, owner)

    expect(ownership).toBe(expected)
  })

  it.each([
    [
      'its owner',
      given.deployment({ controller: { ...owner, kind: 'Rollout', uid: 'uid-x' } }),
      'controlled by Rollout report',
    ],
    ['its labels', orphan({ labels: given.labels('WorkloadPersistent') }), 'labelled for WorkloadPersistent report'],
    ['neither', orphan({ labels: {} }), 'without an owner and without our labels'],
  ])('is told by %s, and by who wrote it', (_what, fact, expected) => {
    const told = describeStranger(fact, 'helm')

    expect(told).toBe(`${expected}, last written by helm`)
  })
})
