import { describe, expect, it } from 'vitest'
import type { ChildFact } from '#api/facts.ts'
import { engineParts } from '#testing/engine.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { createProofMemory, gather, observe, withFindings } from './gather.ts'

const cr = given.cr({ status: { active: true, instance: { pod: 'report-pod', podUID: 'uid-old' } } })
const predecessors = { kind: 'WorkloadProcess', name: 'report', uid: 'uid-before' }

function setUp() {
  const parts = engineParts()
  const deps = { ...parts, proofs: createProofMemory() }
  return { ...parts, deps, term: given.term({ epoch: 7n }) }
}

function namesOf(facts: readonly ChildFact[]): readonly string[] {
  return facts.map(({ kind, name }) => `${kind}/${name}`)
}

it('tells what this incarnation controls from everything else that has its labels', () => {
  const { stores, deps, term } = setUp()
  const owner = 'WorkloadProcess/prod/report' as const
  const { controller: _none, ...orphan } = given.pod({ name: 'orphan' })
  stores.see(given.pod(), given.pod({ name: 'old', controller: predecessors }), orphan)
  stores.see(given.service({ owner, controller: predecessors }), given.claim({ owner }))
  stores.see(given.pod({ name: 'other', owner: 'WorkloadProcess/prod/other' }))

  const seen = observe(cr, deps, term)

  expect(namesOf(seen.children)).toEqual(['Pod/report-pod'])
  expect(namesOf(seen.others)).toEqual([
    'Pod/old',
    'Pod/orphan',
    'Service/report',
    'PersistentVolumeClaim/data-report-0',
  ])
  expect(namesOf(seen.pods)).toEqual(['Pod/report-pod', 'Pod/old', 'Pod/orphan'])
})

it('has the nodes that the pods sit on, as far as they may be read', () => {
  const { stores, deps, term } = setUp()
  stores.see(given.pod(), given.pod({ name: 'b', node: 'unknown' }), given.node(), given.node({ name: 'n2' }))

  const seen = observe(cr, deps, term)

  expect([...seen.nodes.keys()]).toEqual(['n1'])
})

it('says who looks and when', () => {
  const { deps, term } = setUp()
  term.setRole('passive')

  const seen = observe(cr, deps, term)

  expect(seen).toMatchObject({ role: 'passive', nowMs: NOW_MS, findings: {}, term: { epoch: 7n, holder: 'replica-a' } })
  expect(Object.keys(seen.term).toSorted()).toEqual(['cluster', 'epoch', 'holder', 'sinceMs', 'tenant'])
})

it('is frozen, also with findings', () => {
  const { stores, deps, term } = setUp()
  stores.see(given.pod())

  const seen = observe(cr, deps, term)
  const after = withFindings(seen, { taken: { kind: 'Pod', name: 'report-pod', by: 'labelled for nobody' } })

  for (const part of [seen, seen.children, seen.others, seen.pods, seen.stored, after])
    expect(Object.isFrozen(part)).toBe(true)
  expect(after.findings.taken?.name).toBe('report-pod')
})

describe('a pod that the status names', () => {
  it('is gone when its DELETED event was seen', () => {
    const { stores, deps, term } = setUp()
    stores.lose(given.pod({ uid: 'uid-old' }))

    expect([...observe(cr, deps, term).gone]).toEqual(['uid-old'])
  })

  it('is not gone because it is in no store', async () => {
    const { api, deps, term } = setUp()

    const seen = await gather(cr, deps, term, new AbortController().signal)

    expect([...seen.gone]).toEqual([])
    expect(api.calls).toEqual([])
  })
})

it('remembers as many proofs as it was told to, the latest ones', () => {
  const proofs = createProofMemory(2)

  for (const uid of ['a', 'b', 'c']) proofs.add(uid)

  expect(['a', 'b', 'c'].filter((uid) => proofs.has(uid))).toEqual(['b', 'c'])
})

describe('what the Go version left', () => {
  const {
    owner: _none,
    controller: _nobody,
    ...bare
  } = given.deployment({ labels: { app: 'report', 'managed-by': 'k8-highlander' } })
  const { owner: _no, controller: _one, ...service } = given.service({ name: 'mq', labels: bare.labels })

  it.each<[string, Parameters<typeof given.cr>[0], readonly string[]]>([
    ['is found by its name', { kind: 'WorkloadService' }, ['Deployment/report']],
    ['is no matter of another kind', { kind: 'WorkloadPersistent' }, []],
    ['is no matter of another name', { kind: 'WorkloadService', name: 'other' }, []],
    [
      'is found by the name of the governing Service',
      { kind: 'WorkloadPersistent', spec: { serviceName: 'mq' } },
      ['Service/mq'],
    ],
  ])('%s', (_what, over, expected) => {
    const parts = engineParts()
    const cr = given.cr(over)
    parts.stores.see(cr, bare, service)

    const { others } = observe(cr, { ...parts, proofs: createProofMemory() }, given.term())

    // The Service has the label app of `report`.
    expect(others.map((fact) => `${fact.kind}/${fact.name}`)).toEqual(expected)
  })
})
