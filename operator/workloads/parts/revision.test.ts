// An operator upgrade with a builder of a new revision: running children stay until a change makes a new instance anyway.
import { describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import type { ChildFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { given } from '#testing/given.ts'
import { lookAt } from '#testing/seen.ts'
import { isOfNewerOperator, ofItsRevision, wasWishedAs } from './revision.ts'

const revisions = ['1', '2']
const pod = (image: string) => ({ spec: { containers: [{ name: 'main', image }] } })

/** A builder whose revision 2 says one thing more in the pod and one beside it. */
function builder(image: string, replicas = 1) {
  return (revision: string): Child => {
    const added = revision === '2' ? { enableServiceLinks: false } : {}
    const template = { spec: { ...pod(image).spec, ...added } }
    const spec = { replicas, ...(revision === '2' ? { revisionHistoryLimit: 5 } : {}), template }
    return given.child('Deployment', { spec, annotations: { 'highlander.plexobject.io/builder': revision } })
  }
}

function made(build: (revision: string) => Child, revision: string): ChildFact {
  return given.deployment({ applied: appliedHash(build(revision)), builder: revision })
}

const build = builder('a:1')

describe('a child', () => {
  it.each<[string, ChildFact | undefined, (revision: string) => Child, string]>([
    ['that is not there is made in the newest form', undefined, build, '2'],
    ['of an older revision is left in its form', made(build, '1'), build, '1'],
    ['of the newest revision stays in it', made(build, '2'), build, '2'],
    ['keeps its form when a change needs no new instance', made(build, '1'), builder('a:1', 0), '1'],
    ['gets the newest form with a new instance', made(build, '1'), builder('b:1'), '2'],
    ['of the Go version gets the newest form', given.deployment({ applied: '', builder: '' }), build, '2'],
  ])('%s', (_what, live, wish, expected) => {
    expect(ofItsRevision(live, wish, revisions)).toEqual(wish(expected))
  })

  it('whose revision stays is not written at all', () => {
    const live = made(build, '1')

    expect(appliedHash(ofItsRevision(live, build, revisions))).toBe(live.applied)
  })

  it.each(['Pod', 'Service'] as const)('%s: the same', (kind) => {
    const form = (revision: string) => given.child(kind, { spec: { revision } })
    const fact = kind === 'Pod' ? given.pod() : given.service()
    const live = { ...fact, builder: '1', applied: appliedHash(form('1')) }

    expect(ofItsRevision(live, form, revisions)).toEqual(form('1'))
  })
})

it('what was completed in an older form is completed', () => {
  expect(wasWishedAs(appliedHash(build('1')), build, revisions)).toBe(true)
  expect(wasWishedAs(appliedHash(build('2')), build, revisions)).toBe(true)
  expect(wasWishedAs(appliedHash(build('1')), builder('b:1'), revisions)).toBe(false)
  expect(wasWishedAs(undefined, build, revisions)).toBe(false)
})

describe('after a rollback, a child of the newer operator', () => {
  const stored = { observedGeneration: 1 }
  const newer = { builder: '2', applied: 'unknown here' }

  it.each([
    ['WorkloadProcess', given.pod(newer)],
    ['WorkloadService', given.deployment(newer)],
    ['WorkloadCronJob', given.cronJob(newer)],
    ['WorkloadPersistent', given.statefulSet(newer)],
  ] as const)('is left alone until the spec changes: %s', (kind, fact) => {
    const before = lookAt(kind).desired({ facts: [fact], stored })
    const after = lookAt(kind).desired({ facts: [fact], stored, generation: 2 })

    expect(before).toContain(kind === 'WorkloadProcess' ? 'hold Pod' : `hold ${fact.kind}`)
    expect(after).toContain(`write ${fact.kind}`)
  })

  it('is told by its stamp', () => {
    const seen = given.observed({ stored })

    expect(isOfNewerOperator(given.pod(newer), seen)).toBe(true)
    expect(isOfNewerOperator(given.pod(), seen)).toBe(false)
    expect(isOfNewerOperator(given.pod({ builder: '', applied: '' }), seen)).toBe(false)
  })
})
