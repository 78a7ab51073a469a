// Each request as a metric, in the words of Kubernetes.
import type { Metrics } from '#api/ports.ts'
import type { Call } from './call.ts'

export interface RequestResult {
  /** HTTP status; `canceled`, `timeout` or `unavailable` when there was none. */
  readonly code: string
  readonly seconds: number
  readonly isWatch?: boolean
}

export function countRequest(metrics: Metrics, call: Call, result: RequestResult): void {
  const { code, seconds } = result
  metrics.apiRequest({ verb: verbOf(call, result.isWatch === true), resource: call.resource, code, seconds })
}

function verbOf(call: Call, isWatch: boolean): string {
  switch (call.method) {
    case 'GET':
      if (isWatch) return 'watch'
      return call.path.endsWith(`/${call.resource}`) ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return 'delete'
    default:
      return call.method satisfies never
  }
}
