import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pack, unpack } from './packed-text.ts'

const status = (name: string, uid: string, time: string): string =>
  JSON.stringify({
    conditions: [
      { type: 'Ready', message: `Pod ${name}-pod runs.`, lastTransitionTime: time, observedGeneration: 1 },
      { type: 'Active', message: 'One instance exists.', lastTransitionTime: time, observedGeneration: 1 },
    ],
    instance: { pod: `${name}-pod`, podUID: uid, node: 'n1', podIP: '10.0.0.7' },
  })

it('gives back any JSON text', () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), (part, own) => {
      const text = `[${part},${'1'.repeat(128)}]`

      expect(unpack(pack(text, own), own)).toBe(text)
    }),
  )
})

it('gives back any text', () => {
  const marks = fc.constantFrom('\u0001', '\u0002', '\u0003', '\n', '$&', 'a1', 'own', ' ', '😀')
  fc.assert(
    fc.property(fc.array(marks), fc.constantFrom('', 'own', '$1', '$&', 'a'), (parts, own) => {
      const text = `${parts.join('')}${'-'.repeat(128)}`

      expect(unpack(pack(text, own), own)).toBe(text)
    }),
  )
})

it('gives back a text with more different words than a frame has places', () => {
  const text = Array.from({ length: 300 }, (_, n) => `w${n}`).join(' ')

  expect(unpack(pack(text, ''), '')).toBe(text)
})

it('keeps what two statuses share once', () => {
  const one = pack(status('report', '5f0c1c1e-0000-4000-8000-000000000001', '2026-01-01T00:00:00Z'), 'report')
  const other = pack(status('billing', 'a7e4d2b0-0000-4000-8000-000000000002', '2026-02-02T00:00:00Z'), 'billing')

  expect(one).toHaveProperty('frame', Object(other).frame)
  expect(Object(one).words).toBe(
    ['2026-01-01T00:00:00Z', '1', '5f0c1c1e-0000-4000-8000-000000000001', 'n1', '10.0.0.7'].join('\u0003'),
  )
})
