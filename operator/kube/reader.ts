// Live reads of one object: for a proof that something is gone, and for the object behind a refused create.
// It promises the server's present answer, not the store's. It puts nothing into the stores: what is read here may not
// carry our labels.
import type { ChildKind } from '#api/generated/kinds.ts'
import type { Found, Reader } from '#api/ports.ts'
import { pathOf, resourceOf } from '#api/resource.ts'
import { TerminalError, TransientError } from '#lib/errors.ts'
import type { Client } from './call.ts'
import { childProjections } from './child-projections.ts'
import { isObject, listAt, objectAt, textAt } from '#lib/json.ts'

const READ_DEADLINE_MS = 10_000

export function createReader(client: Client): Reader {
  const read = async (kind: ChildKind, namespace: string, name: string, signal: AbortSignal): Promise<Found> => {
    const resource = resourceOf(kind)
    const path = pathOf(resource, { namespace, name })
    const call = { method: 'GET', path, deadlineMs: READ_DEADLINE_MS, resource: resource.plural } as const
    try {
      const object = await client.send(call, 'request', signal)
      const fact = childProjections[kind](object)
      if (fact === undefined) throw new TransientError(`the answer to GET ${path} is no ${kind}`)
      return { type: 'found', fact, fieldManager: managerOf(object) }
    } catch (error) {
      if (error instanceof TerminalError && error.reason === 'not_found') return { type: 'absent' }
      throw error
    }
  }
  return { read }
}

/** Who last wrote the spec, as far as the server knows; '' when it does not. */
function managerOf(object: unknown): string {
  const writers = listAt(objectAt(object, 'metadata'), 'managedFields')
    .filter((entry) => isObject(entry) && entry['subresource'] === undefined)
    .filter((entry) => 'f:spec' in objectAt(entry, 'fieldsV1'))
    .toSorted((left, right) => (textAt(left, 'time') ?? '').localeCompare(textAt(right, 'time') ?? ''))
  return textAt(writers.at(-1), 'manager') ?? ''
}
