// The name of one workload in queues, indexes and logs: WorkloadProcess/prod/report.
import type { KindName } from './generated/kinds.ts'
import { kinds } from './generated/kinds.ts'

export type Key = `${KindName}/${string}/${string}`

export interface KeyParts {
  readonly kind: KindName
  readonly namespace: string
  readonly name: string
}

export function keyOf(kind: KindName, namespace: string, name: string): Key {
  return `${kind}/${namespace}/${name}`
}

export function partsOf(key: Key): KeyParts {
  const [kind = '', namespace = '', name = ''] = key.split('/')
  if (!isKindName(kind)) throw new TypeError(`not the key of a workload: ${key}`)
  return { kind, namespace, name }
}

const kindNames: ReadonlySet<string> = new Set(kinds)

export function isKindName(text: string | undefined): text is KindName {
  return text !== undefined && kindNames.has(text)
}
