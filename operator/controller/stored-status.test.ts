import fc from 'fast-check'
import { expect, it } from 'vitest'
import { kinds } from '#api/generated/kinds.ts'
import { parseStatus } from './stored-status.ts'

const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Running',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

it('keeps every field that has the type of the schema', () => {
  const status = {
    observedGeneration: 3,
    active: true,
    healthy: false,
    conditions: [ready],
    instance: { pod: 'report-pod', podUID: 'u1', restarts: 2 },
    recentRestarts: 2,
    effective: { restartPolicy: 'Never' },
  }

  const stored = parseStatus('WorkloadProcess', JSON.stringify(status))

  expect(stored).toEqual(status)
})

const misfits: readonly object[] = [
  { observedGeneration: '3' },
  { active: 'true' },
  { conditions: { Ready: 'True' } },
  { conditions: [{ ...ready, status: 'Maybe' }] },
  { conditions: [null] },
  { conditions: [{ type: 'Ready' }] },
  { instance: { pod: 'report-pod' } },
  { instance: { pod: 'report-pod', podUID: 7 } },
  { instance: [] },
  { unknown: 1 },
  { constructor: 1 },
]

it.each(misfits)('leaves out a field that does not fit, and keeps the others: %j', (wrong) => {
  const stored = parseStatus('WorkloadProcess', JSON.stringify({ healthy: true, ...wrong }))

  expect(stored).toEqual({ healthy: true })
})

it.each(['', '{', 'null', '7', '[]', '"text"'])('reads %j as no status', (text) => {
  expect(parseStatus('WorkloadService', text)).toEqual({})
})

it('reads any JSON without throwing', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.json(), (kind, text) => {
      expect(parseStatus(kind, text)).toBeTypeOf('object')
    }),
  )
})
