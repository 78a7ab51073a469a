// What a full quota says about a pod that is tried out beside the one it will replace. PURE.
// The trial counts both, while in the end there is one: so only a pod that asks for more than the whole quota is refused
// for good. Whether the rest suffices shows when the old one has gone, as with every Deployment of type Recreate.
import { parseQuantity } from '#api/quantity.ts'

const SENTENCE = /requested: (\S+), used: \S+, limited: (\S+)/

/** False also when the sentence is not understood. */
export function fitsAlone(sentence: string): boolean {
  const match = SENTENCE.exec(sentence)
  if (match === null) return false
  const limits = amountsOf(match[2])
  return [...amountsOf(match[1])].every(([resource, requested]) => {
    const limit = limits.get(resource)
    return requested !== undefined && limit !== undefined && requested <= limit
  })
}

/** `pods=1,requests.memory=1Gi`. */
function amountsOf(list = ''): ReadonlyMap<string, bigint | undefined> {
  const pairs = list.split(',').map((pair) => pair.split('='))
  return new Map(pairs.map(([resource = '', amount = '']) => [resource, parseQuantity(amount)]))
}
