import { expect, it } from 'vitest'
import { fitsAlone } from './quota.ts'

const refusal = (requested: string, limited: string): string =>
  `pods "a-x" is forbidden: exceeded quota: q, requested: ${requested}, used: pods=1, limited: ${limited}`

it.each([
  ['pods=1', 'pods=1', true],
  ['pods=1,requests.memory=1Gi', 'pods=1,requests.memory=1024Mi', true],
  ['requests.memory=2Gi', 'requests.memory=1Gi', false],
  ['pods=1,requests.cpu=1500m', 'pods=1,requests.cpu=1', false],
  ['pods=1', 'pods=0', false],
  ['pods=1', 'cpu=1', false],
  ['pods=many', 'pods=1', false],
])('a pod that asks for %s fits alone into %s: %s', (requested, limited, expected) => {
  expect(fitsAlone(refusal(requested, limited))).toBe(expected)
})

it('takes nothing from a sentence that it does not understand', () => {
  expect(fitsAlone('exceeded quota')).toBe(false)
})
