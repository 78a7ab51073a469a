// A writer among fakes: what tests of writes start from.
import type { Call } from '#kube/call.ts'
import { createWriter } from '#kube/writer.ts'
import { isObject, objectAt } from '#lib/json.ts'
import type { JsonObject } from '#lib/json.ts'
import { createFakeClient } from './fake-client.ts'
import { createFakeClock } from './fake-clock.ts'
import { createFakeStores } from './fake-stores.ts'
import { fakeTelemetry } from './fake-telemetry.ts'

/** T, the deadline of a write. */
export const T_MS = 3000

export function createWriterRig() {
  const client = createFakeClient()
  const stores = createFakeStores()
  const clock = createFakeClock()
  const telemetry = fakeTelemetry()
  const requeued: string[] = []
  const settings = { tenant: 'default', clusterName: 'east', controllerId: 'replica-a', writeDeadlineMs: T_MS }
  /** In how many ms each of them. */
  const delays: number[] = []
  const requeue = (key: string, afterMs = 0): void => {
    requeued.push(key)
    delays.push(afterMs)
  }
  const writer = createWriter({ client, stores, settings, clock, telemetry, requeue })
  return { client, stores, clock, telemetry, requeued, delays, writer }
}

export type WriterRig = ReturnType<typeof createWriterRig>

/** The body that was sent. */
export function bodyOf(call: Call | undefined): JsonObject {
  return isObject(call?.body) ? call.body : {}
}

export function metadataOf(call: Call | undefined): JsonObject {
  return objectAt(call?.body, 'metadata')
}
