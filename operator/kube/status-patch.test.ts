import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StatusPatch } from '#api/ports.ts'
import { mergePatch, statusChange } from './status-patch.ts'

const leader = { holder: 'replica-a', cluster: 'east', tenant: 'default', term: 3, since: '2026-01-01T00:00:00Z' }
const at = (second: number): string => `2026-01-01T00:00:0${second}Z`
const ready = (status: 'True' | 'False', second: number) => ({
  type: 'Ready',
  status,
  reason: status === 'True' ? 'Running' : 'Starting',
  message: 'A sentence.',
  lastTransitionTime: at(second),
})
const wish: StatusPatch = { observedGeneration: 2, active: true, healthy: true, conditions: [ready('True', 5)] }
const stored = { ...wish, conditions: [ready('True', 1)], leader }

describe('statusChange', () => {
  it('drops what is equal apart from times and leader, so that a take-over writes nothing', () => {
    const change = statusChange(stored, wish, { ...leader, holder: 'replica-b', term: 4 })

    expect(change).toBeUndefined()
  })

  it('writes a first status as a whole, with the leader', () => {
    const change = statusChange({ observedGeneration: -1, active: false, healthy: false }, wish, leader)

    expect(change).toEqual({ patch: { ...wish, leader }, isUrgent: true })
  })

  it('sends only what differs, and the leader with it', () => {
    const change = statusChange(stored, { ...wish, observedGeneration: 3 }, { ...leader, term: 4 })

    expect(change).toEqual({ patch: { observedGeneration: 3, leader: { term: 4 } }, isUrgent: false })
  })

  it('keeps lastTransitionTime while the status stays, also when the reason moves', () => {
    const next = { ...ready('True', 5), reason: 'Scheduled' }

    const change = statusChange(stored, { ...wish, conditions: [next] }, leader)

    expect(change).toEqual({ patch: { conditions: [{ ...next, lastTransitionTime: at(1) }] }, isUrgent: false })
  })

  it('moves the time of Reconciling with the generation: it counts for one spec', () => {
    const reconciling = (generation: number, second: number) => ({
      ...ready('True', second),
      type: 'Reconciling',
      observedGeneration: generation,
    })
    const before = { ...stored, conditions: [reconciling(2, 1)] }

    const same = statusChange(before, { ...wish, conditions: [reconciling(2, 5)] }, leader)
    const edited = statusChange(before, { ...wish, conditions: [reconciling(3, 5)] }, leader)

    expect(same).toBeUndefined()
    expect(edited?.patch).toEqual({ conditions: [reconciling(3, 5)] })
  })

  it('moves lastTransitionTime with the status, and hurries', () => {
    const change = statusChange(stored, { ...wish, conditions: [ready('False', 5)] }, leader)

    expect(change).toEqual({ patch: { conditions: [ready('False', 5)] }, isUrgent: true })
  })

  it('keeps the conditions of others and removes its own that do not hold any more', () => {
    const foreign = { ...ready('True', 2), type: 'example.test/Audited' }
    const stalled = { ...ready('True', 2), type: 'Stalled' }

    const change = statusChange({ ...stored, conditions: [foreign, stalled, ready('True', 1)] }, wish, leader)

    expect(change?.patch).toEqual({ conditions: [foreign, ready('True', 1)] })
  })

  it('does not mind the order of conditions', () => {
    const foreign = { ...ready('True', 2), type: 'example.test/Audited' }

    const change = statusChange({ ...stored, conditions: [ready('True', 1), foreign] }, wish, leader)

    expect(change).toBeUndefined()
  })

  it('removes a field that has vanished, but neither the grant nor what it does not know', () => {
    const instance = { pod: 'report-pod', podUID: 'u', node: 'n1' }
    const before = { ...stored, instance, grant: { uid: 'u' }, ofTheFuture: 1 }

    const change = statusChange(before, wish, leader)

    expect(change?.patch).toEqual({ instance: null })
  })

  it('never names the grant, even if the wish does', () => {
    const careless = Object.assign({}, wish, { active: false, grant: { uid: 'other' } })

    expect(statusChange({ ...stored, grant: { uid: 'u' } }, careless, leader)?.patch).toEqual({ active: false })
  })

  it('replaces an instance as a whole', () => {
    const before = { ...stored, instance: { pod: 'report-pod', podUID: 'u', node: 'n1' } }

    const change = statusChange(before, { ...wish, instance: { pod: 'report-pod', podUID: 'v' } }, leader)

    expect(change?.patch).toEqual({ instance: { podUID: 'v', node: null } })
  })

  it('never takes observedGeneration back', () => {
    const change = statusChange(stored, { ...wish, observedGeneration: 1, active: false }, leader)

    expect(change).toBeUndefined()
  })

  it('claims a resource that another tenant has let go', () => {
    const { tenant: _let, ...letGo } = leader

    const change = statusChange({ ...stored, leader: letGo }, wish, leader)

    expect(change?.patch).toEqual({ leader: { tenant: 'default' } })
  })

  it('lets go, or reports without claiming, when the wish brings its own leader', () => {
    const { tenant: _let, ...letGo } = leader

    expect(statusChange(stored, { ...wish, leader: letGo }, leader)?.patch).toEqual({ leader: { tenant: null } })
    expect(statusChange({ ...stored, leader: letGo }, { ...wish, leader: letGo }, leader)).toBeUndefined()
  })
})

describe('mergePatch', () => {
  // A merge patch cannot set a value to null.
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.boolean(), fc.integer(), fc.string(), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
  })).object

  it('turns one object into the other, as RFC 7386 applies it', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = mergePatch(before, after)

        expect(patch === undefined ? before : applied(before, patch)).toEqual(after)
      }),
    )
  })

  it('is undefined for equal ones', () => {
    fc.assert(fc.property(json, (value) => mergePatch(value, structuredClone(value)) === undefined))
  })
})

function applied(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = applied(result[name], value)
  }
  return result
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
