// CPU, memory and other resources: the four short fields and two maps become requests and limits.
import type { Resources } from '#api/generated/kinds.ts'
import { present, texts, type Fields } from './json.ts'

export function containerResources(resources: Resources | undefined): Fields | undefined {
  if (resources === undefined) return undefined
  const fields = present({
    requests: amounts(resources.cpuRequest, resources.memoryRequest, resources.requests),
    limits: amounts(resources.cpuLimit, resources.memoryLimit, resources.limits),
  })
  return Object.keys(fields).length === 0 ? undefined : fields
}

type Amount = string | number

function amounts(
  cpu: Amount | undefined,
  memory: Amount | undefined,
  others: Readonly<Record<string, Amount>> | undefined,
): Fields | undefined {
  const all = { ...present({ cpu: textOf(cpu), memory: textOf(memory) }), ...texts(others) }
  return Object.keys(all).length === 0 ? undefined : all
}

function textOf(amount: Amount | undefined): string | undefined {
  return amount === undefined ? undefined : String(amount)
}
