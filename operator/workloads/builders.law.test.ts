// Laws of all builders: the same wish gives the same text, and nothing that was given is changed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds } from '#api/generated/kinds.ts'
import { given } from '#testing/given.ts'
import { workloads } from './registry.ts'
import type { Observed } from './workload.ts'

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Map || value instanceof Set) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

const names = fc.constantFrom('a', 'b', 'c', 'ANY_NAME')
const value = fc.oneof(fc.string({ maxLength: 8 }), fc.integer())

/** Specs that every kind accepts; CronJob ignores the schedule of none. */
const specs = fc.record(
  {
    image: fc.constantFrom('a:1', 'b@sha256:1', 'c'),
    schedule: fc.constant('0 0 * * *'),
    env: fc.dictionary(names, value),
    script: fc.record({ commands: fc.array(fc.constantFrom('echo $A', '$(b)'), { minLength: 1, maxLength: 3 }) }),
    configMaps: fc.uniqueArray(
      names.map((name) => name.toLowerCase().replace('_', '-')),
      { maxLength: 3 },
    ),
    nodeSelector: fc.dictionary(names, fc.constantFrom('x', 'y')),
    securityProfile: fc.constantFrom('Baseline', 'Restricted', 'Unset'),
    podLabels: fc.dictionary(fc.constantFrom('team', 'app.kubernetes.io/name'), fc.constantFrom('x', 'y')),
    sidecars: fc.constant([{ name: 's', image: 's:1', z: { b: 1, a: [{ d: 1, c: 2 }] } }]),
    suspend: fc.boolean(),
  },
  { requiredKeys: ['image', 'schedule'] },
)

function observe(kind: (typeof kinds)[number], spec: object): Observed {
  const { schedule, ...rest } = { schedule: undefined, ...spec }
  return deepFreeze(
    given.observed({ cr: given.cr({ kind, spec: kind === 'WorkloadCronJob' ? { schedule, ...rest } : rest }) }),
  )
}

/** The same JSON with the keys of all maps in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

describe('a builder', () => {
  it('gives equal text for equal wishes, and changes nothing that it was given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), specs, (kind, spec) => {
        const one = workloads[kind].look(observe(kind, spec)).desired
        const other = workloads[kind].look(observe(kind, Object(reversed(spec)))).desired

        expect(one).toBeDefined()
        expect(JSON.stringify(other)).toBe(JSON.stringify(one))
      }),
      { numRuns: 100 },
    )
  })

  it('knows nothing of who leads', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), specs, (kind, spec) => {
        const seen = observe(kind, spec)
        const later = {
          ...seen,
          term: { ...seen.term, epoch: 9n, holder: 'replica-b', sinceMs: 5 },
          nowMs: seen.nowMs + 5,
        }

        const before = workloads[kind].look(seen)
        const after = workloads[kind].look(later)

        expect(after.desired).toEqual(before.desired)
        expect(withoutTimes(after.status(later))).toEqual(withoutTimes(before.status(seen)))
      }),
      { numRuns: 50 },
    )
  })

  it('never leaves an undefined value in an object', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), specs, (kind, spec) => {
        const made = workloads[kind].look(observe(kind, spec)).desired?.children.map((child) => child.object)

        expect(JSON.parse(JSON.stringify(made))).toStrictEqual(made)
      }),
      { numRuns: 50 },
    )
  })
})

function withoutTimes(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (key, item: unknown) => (key === 'lastTransitionTime' ? undefined : item)))
}
