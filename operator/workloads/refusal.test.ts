// What goes on although a spec is refused by our own check: somebody's word about a dead pod, and what is recorded.
import { describe, expect, it } from 'vitest'
import type { ChildFact, PodFact } from '#api/facts.ts'
import { kinds, type KindName } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { plan } from '#controller/plan.ts'
import { given } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const invalid = { image: 5 }
const misfit = { podTemplate: { spec: { nodeName: 'n1' } } }
const forced = { exclusivity: { nodeUnreachable: 'ForceAfter', forceAfter: '2m' } }
const silentNode = new Map([['n1', given.node({ ready: false })]])

const makers: Readonly<Record<KindName, readonly ChildFact[]>> = {
  WorkloadProcess: [],
  WorkloadCronJob: [given.cronJob(), given.job({ name: 'report-1', uid: 'uid-job' })],
  WorkloadService: [given.deployment(), given.service()],
  WorkloadPersistent: [given.statefulSet()],
}

const own = given.pod().controller
const controllers: Readonly<Record<KindName, PodFact['controller']>> = {
  WorkloadProcess: own,
  WorkloadCronJob: { kind: 'Job', name: 'report-1', uid: 'uid-job' },
  WorkloadService: { kind: 'ReplicaSet', name: 'report-7c9d', uid: 'uid-rs' },
  WorkloadPersistent: { kind: 'StatefulSet', name: 'report', uid: given.statefulSet().uid },
}

function podOf(kind: KindName): PodFact {
  const controller = controllers[kind]
  const labels = { ...given.labels(kind), 'pod-template-hash': '7c9d' }
  return given.pod({ uid: 'u1', ready: false, labels, ...(controller === undefined ? {} : { controller }) })
}

describe.each(kinds)('a %s whose spec is refused', (kind) => {
  const look = lookAt(kind)
  const facts = [...makers[kind], podOf(kind)]
  const annotations = { [annotation.confirmDead]: 'u1' }
  const deleted = (found: Found): readonly string[] => {
    const wish = look.wish(found)
    const actions = wish === undefined ? [] : plan(wish, look.observe(found))
    return actions.map((action) => `${action.type} ${'child' in action ? action.child.kind : ''}`)
  }
  const expected = kind === 'WorkloadCronJob' ? ['delete Pod', 'delete Job'] : ['delete Pod']

  it.each([
    ['by its shape', invalid],
    ['by its overlay', misfit],
  ])('loses nothing but the pod that a person takes for dead: %s', (_how, spec) => {
    const asked = { facts, annotations, spec }

    const after = look.report({ ...asked, facts: [], over: { gone: new Set(['u1']) } })

    expect(deleted(asked)).toEqual(expected)
    expect(look.report(asked).answer).toBeUndefined()
    expect(after).toMatchObject({ status: { lastHandledConfirmDead: 'u1' }, answer: { isRefused: false } })
  })

  it('has its answer when the pod is ready', () => {
    const ready = facts.map((fact) => (fact.kind === 'Pod' ? { ...fact, ready: true } : fact))
    const found = { facts: ready, annotations, spec: invalid }

    expect(look.wish(found)).toBeUndefined()
    expect(look.report(found)).toMatchObject({ status: { lastHandledConfirmDead: 'u1' }, answer: { isRefused: true } })
  })

  it('loses no pod while it is paused', () => {
    const paused = { ...annotations, [annotation.reconcile]: 'disabled' }

    expect(look.wish({ facts, annotations: paused, spec: invalid })).toBeUndefined()
  })

  const after = (silentMs: number, spec: object): Found => ({
    facts,
    spec,
    over: { nodes: silentNode, silentForMs: new Map([['u1', silentMs]]) },
  })

  it.each([
    ['by its shape', { ...forced, ...invalid }],
    ['by its overlay', { ...forced, ...misfit }],
  ])('loses the pod on a node that has been silent for long enough, told before: %s', (_how, spec) => {
    const due = after(120_000, spec)

    const told = look.status(due)

    expect(deleted(due)).toEqual([])
    expect(look.report(due).requeueAfterMs).toBe(1000)
    expect(look.condition(due, 'Exclusive')).toBe('Unknown AtMostOneWaived')
    expect(deleted({ ...due, stored: told })).toEqual(expected)
  })

  it('ends a waiver when the node is back', () => {
    const spec = { ...forced, ...invalid }
    const stored = look.status(after(120_000, spec))

    expect(look.condition({ stored, spec, over: { nodes: new Map([['n1', given.node()]]) } }, 'Exclusive')).toBe(
      'True Verified',
    )
  })

  it('looks again when the patience ends', () => {
    expect(look.report(after(119_000, { ...forced, ...invalid })).requeueAfterMs).toBe(1000)
  })

  it.each([
    ['of its time alone', { nodeUnreachable: 'Wait', forceAfter: '2m' }],
    ['without a time', { nodeUnreachable: 'ForceAfter' }],
    ['with a time that is too short', { nodeUnreachable: 'ForceAfter', forceAfter: '59s' }],
    ['with nonsense for a time', { nodeUnreachable: 'ForceAfter', forceAfter: 7 }],
  ])('waits and says so when its policy is not whole: %s', (_what, exclusivity) => {
    const found = after(3_600_000, { ...invalid, exclusivity })

    expect(look.condition(found, 'Exclusive')).toBe('Unknown OldInstanceUnreachable')
    expect(look.message(found, 'Exclusive')).toContain('confirm-dead=u1')
    expect(deleted({ ...found, stored: look.status(found) })).toEqual([])
  })
})

describe('a request that is there at creation', () => {
  const now = { [annotation.restartRequestedAt]: 'now', [annotation.runNow]: 'now' }
  const handled = (status: object): unknown =>
    Object.entries(status).find(([name]) => name === 'lastHandledRestartAt' || name === 'lastHandledRunNow')?.[1]
  const suspended = given.cronJob({ suspended: true })

  describe.each(kinds)('of a %s', (kind) => {
    const look = lookAt(kind)
    const corrected = (stored: Found['stored']): Found => ({
      facts: kind === 'WorkloadCronJob' ? [suspended] : [...makers[kind], podOf(kind)],
      annotations: now,
      generation: 2,
      ...(stored === undefined ? {} : { stored }),
      over: { suspendedForMs: 9000 },
    })
    const wishes = (found: Found): string => JSON.stringify(look.wish(found))

    it.each([
      ['by its shape', invalid],
      ['by its overlay', misfit],
    ])('is recorded only when the first spec is refused %s', (_how, spec) => {
      const stored = look.status({ annotations: now, spec })

      expect(handled(stored)).toBe('now')
      expect(wishes(corrected(stored))).toBe(wishes({ ...corrected(stored), annotations: {} }))
    })

    it('is recorded only in a passive cluster', () => {
      const found: Found = { stored: { conditions: [] }, annotations: now, spec: invalid, over: { role: 'passive' } }

      expect(handled(look.status(found))).toBe('now')
    })

    it('waits for the correction when it came later', () => {
      const stored = look.status({ spec: invalid })
      const later = look.status({ stored, spec: invalid, annotations: now })

      expect(handled(later)).toBeUndefined()
      expect(wishes(corrected(later))).not.toBe(wishes({ ...corrected(later), annotations: {} }))
    })

    it('has its record kept', () => {
      const stored = kind === 'WorkloadCronJob' ? { lastHandledRunNow: 'then' } : { lastHandledRestartAt: 'then' }

      expect(handled(look.status({ stored: { conditions: [], ...stored }, spec: invalid }))).toBe('then')
    })

    it('has one record', () => {
      const names = Object.keys(look.status({ annotations: now, spec: invalid })).filter((name) => /Handled/.test(name))

      expect(names).toEqual([kind === 'WorkloadCronJob' ? 'lastHandledRunNow' : 'lastHandledRestartAt'])
    })
  })
})
