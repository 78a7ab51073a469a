// Laws of the plan, over random worlds and wishes.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import type { ChildFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { build, observe, world, type World } from '#testing/arbitraries.ts'
import type { Desired, Observed } from '#workloads/workload.ts'
import { plan, type Action } from './plan.ts'

const runs = { numRuns: 300 }

it('what the plan asks for, done, leaves nothing to plan', () => {
  fc.assert(
    fc.property(world({ strangers: false }), ({ seen, desired }) => {
      const once = carryOut(plan(desired, seen), seen)
      const settled: Desired = { ...desired, grant: { type: 'rest' } }

      expect(changes(plan(settled, once))).toEqual([])

      const ended = observe([...once.children, ...once.others].filter((fact) => !fact.deleting))
      const twice = carryOut(plan(settled, ended), ended)
      expect(changes(plan(settled, twice))).toEqual([])
    }),
    runs,
  )
})

it('never deletes what is not ours, nor what is being deleted, nor the last evidence of a running container', () => {
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired }) => {
      for (const action of plan(desired, seen)) {
        if (action.type !== 'delete') continue
        expect(ourUids(seen)).toContain(action.child.controller?.uid)
        expect(action.child.deleting).toBe(false)
        expect(action.child.kind === 'Pod' && action.child.phase === 'Failed' && action.child.anyRunning).toBe(false)
      }
    }),
    runs,
  )
})

it('deletes runs, claims and what others made only when it is asked to', () => {
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired: { remove: _r, grant: _g, ...desired } }) => {
      const deleted = plan(desired, seen).filter((action) => action.type === 'delete')

      for (const { child } of deleted) {
        expect(child.controller?.uid).toBe(seen.cr.uid)
        if (!(desired.replace ?? []).some(({ uid }) => uid === child.uid))
          expect(['Job', 'PersistentVolumeClaim']).not.toContain(child.kind)
      }
    }),
    runs,
  )
})

it('writes nothing to what is on hold', () => {
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired }) => {
      const held = (child: Pick<Child, 'kind' | 'name'>): boolean =>
        (desired.onHold ?? []).some(({ kind, name }) => kind === child.kind && name === child.name)

      for (const action of plan(desired, seen)) {
        if (action.type === 'create' || action.type === 'apply') expect(held(action.child)).toBe(false)
      }
    }),
    runs,
  )
})

it('writes only over our own objects and over those without controller', () => {
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired }) => {
      for (const action of plan(desired, seen)) {
        if (action.type === 'apply') expect([seen.cr.uid, undefined]).toContain(action.over.controller?.uid)
      }
    }),
    runs,
  )
})

it('keeps the order: dry runs, deletes, grant, gate, creates and applies, new Services; a grant before its gate', () => {
  const rank = { try: 0, delete: 1, grant: 2, ungate: 3, create: 4, apply: 4, front: 5, claim: 6 }
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired }) => {
      const replaced = seen.children.filter(({ uid }) => desired.replace?.some((ref) => ref.uid === uid))
      const isNewFront = (action: Action): boolean =>
        (action.type === 'try' || action.type === 'delete') &&
        action.child.kind === 'Service' &&
        replaced.some(({ kind, name }) => kind === 'Service' && name === action.child.name)
      const ranks = plan(desired, seen).map((action) => rank[isNewFront(action) ? 'front' : action.type])

      expect(ranks).toEqual(ranks.toSorted((one, other) => one - other))
    }),
    runs,
  )
})

it('never asks for two writes to one object', () => {
  fc.assert(
    fc.property(world({ strangers: true }), ({ seen, desired }) => {
      const touched = plan(desired, seen)
        .filter((action) => action.type === 'delete' || action.type === 'create' || action.type === 'apply')
        .map(({ child }) => `${child.kind}/${child.name}`)

      expect(new Set(touched).size).toBe(touched.length)
    }),
    runs,
  )
})

it('neither changes its deep-frozen input nor varies', () => {
  fc.assert(
    fc.property(world({ strangers: true }), (given) => {
      const frozen: World = deepFreeze(given)

      expect(plan(frozen.desired, frozen.seen)).toEqual(plan(frozen.desired, frozen.seen))
    }),
    runs,
  )
})

/** An apply over what was applied already is no change: the writer drops it. */
function changes(actions: readonly Action[]): readonly Action[] {
  return actions.filter((action) => action.type !== 'apply' || action.over.applied !== appliedHash(action.child))
}

/** A world in which every call succeeds; what is deleted is still on its way out. */
function carryOut(actions: readonly Action[], seen: Observed): Observed {
  const facts = new Map([...seen.children, ...seen.others].map((fact) => [`${fact.kind}/${fact.name}`, fact]))
  for (const action of actions) {
    if (action.type === 'delete') {
      facts.set(`${action.child.kind}/${action.child.name}`, { ...action.child, deleting: true })
    }
    if (action.type === 'create' || action.type === 'apply') {
      facts.set(`${action.child.kind}/${action.child.name}`, made(action.child, seen))
    }
  }
  return observe([...facts.values()])
}

function made(child: Child, seen: Observed): ChildFact {
  const { kind, name, uid } = seen.cr
  return build(child.kind, {
    name: child.name,
    uid: `uid-new-${child.kind}-${child.name}`,
    controller: { kind, name, uid },
    applied: appliedHash(child),
    labels: child.object.metadata.labels,
  })
}

function ourUids({ cr, children }: Observed): readonly string[] {
  return [cr.uid, 'uid-rs', ...children.map(({ uid }) => uid)]
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}
