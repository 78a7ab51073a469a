// The laws of a status, whatever happens to a workload and whoever leads, as it is stored by the status writer.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds, type Condition, type KindName, type Statuses } from '#api/generated/kinds.ts'
import { statusChange } from '#kube/status-patch.ts'
import { isObject } from '#lib/json.ts'
import { formatTime } from '#lib/time.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { around } from '#testing/instances.ts'
import { lookAt, type Found } from '#testing/seen.ts'
import { stateTable } from '#testing/state-table.ts'

type Status = Partial<Statuses[KindName]>

const leaders = ['a', 'b'].map((holder, index) => {
  const since = formatTime(NOW_MS)
  const term = { ...given.observed().term, holder, epoch: BigInt(index + 1) }
  return { term, leader: { holder, cluster: 'east', tenant: 'default', term: index + 1, since } }
})

const foundOf = (kind: KindName) =>
  stateTable().flatMap((row) => (row.kind === kind && row.found !== undefined ? [row.found] : []))

const steps = (kind: KindName) =>
  fc.array(
    fc.record({
      found: fc.constantFrom(...foundOf(kind)),
      edited: fc.boolean(),
      passedMs: fc.constantFrom(0, 1000, 120_000, 3_600_000),
      leads: fc.constantFrom(...leaders),
    }),
    { minLength: 1, maxLength: 12, size: 'max' },
  )

interface Moment {
  readonly found: Found
  readonly nowMs: number
  readonly generation: number
  readonly stored: Status
}

/** What is found at that moment, starting from what is stored. */
function at(kind: KindName, { found, nowMs, generation, stored }: Moment, term = leaders[0]?.term): Found {
  const over = { ...found.over, nowMs, ...(term === undefined ? {} : { term }) }
  return { ...found, generation, stored: { ...around[kind].stored, ...stored }, over }
}

/** As the API server stores what the status writer sends; undefined when it sends nothing. */
function write(stored: Status, wish: Status, leader: (typeof leaders)[number]['leader']): Status | undefined {
  const whole = { observedGeneration: -1, active: false, healthy: false, ...wish }
  const change = statusChange({ ...stored }, whole, leader)
  return change === undefined ? undefined : JSON.parse(JSON.stringify(merged(stored, change.patch)))
}

/** RFC 7386. */
function merged(before: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const old = isObject(before) ? before : {}
  const fields = Object.entries(patch).map(([name, value]) => [name, merged(old[name], value)] as const)
  return Object.fromEntries(Object.entries({ ...old, ...Object.fromEntries(fields) }).filter(([, v]) => v !== null))
}

function conditionsOf(status: Status): ReadonlyMap<string, Condition> {
  return new Map((status.conditions ?? []).map((condition) => [condition.type, condition]))
}

/** Plays a life and hands each pair of neighbouring statuses to the law. */
function hold(law: (kind: KindName, before: Moment, after: Status, wish: Status) => void): void {
  for (const kind of kinds)
    fc.assert(
      fc.property(steps(kind), (life) => {
        let moment: Moment = { found: {}, nowMs: NOW_MS, generation: 1, stored: {} }
        for (const { found, edited, passedMs, leads } of life) {
          const nowMs = moment.nowMs + passedMs
          const isEdit = edited || JSON.stringify(found.spec) !== JSON.stringify(moment.found.spec)
          const before = { ...moment, found, nowMs, generation: moment.generation + (isEdit ? 1 : 0) }
          const wish = lookAt(kind).status(at(kind, before, leads.term))
          const stored = write(before.stored, wish, leads.leader) ?? before.stored
          law(kind, before, stored, wish)
          moment = { ...before, stored }
        }
      }),
      { numRuns: 60 },
    )
}

describe('a stored status', () => {
  it('never says Reconciling and Stalled together, and always says Ready', () => {
    hold((_kind, _before, after) => {
      const types = [...conditionsOf(after).keys()]

      expect(types.filter((type) => type === 'Reconciling' || type === 'Stalled').length).toBeLessThan(2)
      expect(types).toContain('Ready')
    })
  })

  it('is Ready exactly when it is neither Reconciling nor Stalled', () => {
    hold((_kind, _before, after) => {
      const conditions = conditionsOf(after)

      const isMoving = conditions.has('Reconciling') || conditions.has('Stalled')

      expect(conditions.get('Ready')?.status).toBe(isMoving ? 'False' : 'True')
    })
  })

  it('carries one generation: the current one, or while paused the one it was made from', () => {
    hold((_kind, before, after) => {
      const generation = conditionsOf(after).has('Paused')
        ? (before.stored.observedGeneration ?? -1)
        : before.generation

      const told = (after.conditions ?? []).map(({ observedGeneration }) => observedGeneration)

      expect([...new Set([after.observedGeneration, ...told])]).toEqual([generation])
    })
  })

  it('moves the time of a condition with its status, and that of Reconciling with the spec it is about', () => {
    hold((_kind, before, after) => {
      const old = conditionsOf(before.stored)

      const expected = (after.conditions ?? []).map(({ type, status, observedGeneration }) => {
        const known = old.get(type)
        const isAnother = type === 'Reconciling' && known?.observedGeneration !== observedGeneration
        return known?.status === status && !isAnother ? known.lastTransitionTime : formatTime(before.nowMs)
      })

      expect(after.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(expected)
    })
  })

  it('is the same whoever leads, and a new leader has nothing to write', () => {
    hold((kind, before, after, wish) => {
      const others = leaders.map(({ term }) => lookAt(kind).status(at(kind, before, term)))
      const next = { ...before, stored: after }

      expect(others).toEqual([wish, wish])
      for (const { term, leader } of leaders)
        expect(write(after, lookAt(kind).status(at(kind, next, term)), leader)).toBeUndefined()
    })
  })
})
