// Kubernetes quantities ('250m', '1.5Gi', '1e3') as exact numbers, for comparison.
// As in Kubernetes, what is finer than a billionth is rounded away from zero, and nothing is larger than 2^63 − 1.

const SHAPE = /^([+-]?)([0-9]*)[.]?([0-9]*)(n|u|m|k|[MGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,18})?$/

const BINARY = 'KMGTPE'
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const NANO_DIGITS = 9
const LARGEST = (2n ** 63n - 1n) * 10n ** 9n

/** Billionths; undefined when the text is no quantity. */
export function parseQuantity(quantity: string | number): bigint | undefined {
  const text = String(quantity)
  const match = SHAPE.exec(text)
  // A sign, a point or a suffix alone is 0, as in Kubernetes.
  if (match === null || text === '') return undefined
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  const digits = BigInt(`0${whole}${fraction}`)
  const size = scale(digits * binaryFactor(suffix), decimalExponent(suffix) - fraction.length + NANO_DIGITS)
  return sign === '-' ? -size : size
}

/** 1024 to the power that `Ki`, `Mi` … stand for. */
function binaryFactor(suffix: string): bigint {
  return suffix.endsWith('i') ? 1024n ** BigInt(BINARY.indexOf(suffix.charAt(0)) + 1) : 1n
}

function decimalExponent(suffix: string): number {
  if (/^[eE]./.test(suffix) && !suffix.endsWith('i')) return Number(suffix.slice(1))
  return DECIMAL[suffix] ?? 0
}

/** digits × 10^exponent, cut at both ends before a large exponent makes a huge number. */
function scale(digits: bigint, exponent: number): bigint {
  if (digits === 0n) return 0n
  if (exponent > 60) return LARGEST
  if (exponent < -90) return 1n
  if (exponent >= 0) return smaller(digits * 10n ** BigInt(exponent), LARGEST)
  const divisor = 10n ** BigInt(-exponent)
  return smaller((digits + divisor - 1n) / divisor, LARGEST)
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
