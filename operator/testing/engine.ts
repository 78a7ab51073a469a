// What the tests of the engine share: stores, an API, a clock and a recorder that remembers.
import type { Key } from '#api/key.ts'
import type { WorkloadEvent } from '#api/ports.ts'
import { workloads } from '#workloads/registry.ts'
import { createFakeClock } from './fake-clock.ts'
import { createFakeStores, fakeInformers, type FakeStores } from './fake-stores.ts'
import { fakeTelemetry } from './fake-telemetry.ts'
import { createFakeApi } from './fake-writer.ts'
import { NOW_MS } from './given.ts'

/** The parts of an operator, around stores that may have outlived another one. */
export function engineParts(stores: FakeStores = createFakeStores()) {
  const api = createFakeApi(stores)
  const events: WorkloadEvent[] = []
  return {
    stores,
    api,
    events,
    workloads,
    informers: fakeInformers(stores),
    writer: api.writer,
    reader: api.reader,
    clock: createFakeClock({ nowMs: NOW_MS }),
    telemetry: fakeTelemetry(),
    silence: { lastedMs: (): number | undefined => undefined },
    suspensions: { lastedMs: ({ suspended }: { readonly suspended: boolean }) => (suspended ? 5000 : undefined) },
    contests: new Map<Key, { readonly mark: string; readonly sinceMs: number }>(),
    tenant: { tenant: 'default', namespace: '' },
    recorder: { record: (_regarding: unknown, event: WorkloadEvent) => void events.push(event) },
  }
}

export type EngineParts = ReturnType<typeof engineParts>
