import { describe, expect, it } from 'vitest'
import { parseQuantity } from './quantity.ts'

const nano = 10n ** 9n

describe('parseQuantity', () => {
  it.each([
    ['0', 0n],
    [2, 2n * nano],
    ['250m', nano / 4n],
    ['.5', nano / 2n],
    ['1.', nano],
    ['+3', 3n * nano],
    ['-1', -nano],
    ['1k', 1000n * nano],
    ['1Ki', 1024n * nano],
    ['1.5Gi', 1_610_612_736n * nano],
    ['1M', 1_000_000n * nano],
    ['1e3', 1000n * nano],
    ['5E-1', nano / 2n],
    ['7n', 7n],
  ])('reads %s', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected)
  })

  it.each(['', ' ', '1 ', '1K', '1ki', '1Kii', '1i', '1e', '1e1.5', '1.2.3', '..', '0x1', 'abc', '1,5'])(
    'refuses %j',
    (text) => {
      expect(parseQuantity(text)).toBeUndefined()
    },
  )

  it('takes a sign, a point or a suffix alone for 0, as Kubernetes does', () => {
    expect(['.', '+', '-', 'm', 'Ki'].map((text) => parseQuantity(text))).toEqual([0n, 0n, 0n, 0n, 0n])
  })

  it('rounds away from zero below a billionth, and stops at 2^63 - 1', () => {
    expect(parseQuantity('1e-20')).toBe(1n)
    expect(parseQuantity('0.1n')).toBe(1n)
    expect(parseQuantity('9Ei')).toBe((2n ** 63n - 1n) * nano)
    expect(parseQuantity('1e999999999')).toBe((2n ** 63n - 1n) * nano)
  })
})
