// The operator's writer and reader by themselves, over its real client: for stories about single requests. The stores
// hold what the writer puts there and nothing else, so that a test decides what the writer has seen.
import type { Reader, Stores, Writer } from '#api/ports.ts'
import { connect } from '#kube/client.ts'
import { loadKubeSettings } from '#kube/config.ts'
import { createReader } from '#kube/reader.ts'
import { createStore } from '#kube/store.ts'
import { createWriter } from '#kube/writer.ts'
import { systemClock } from '#lib/clock.ts'
import { fakeTelemetry } from './fake-telemetry.ts'

export interface OpenWriter extends AsyncDisposable {
  readonly writer: Writer
  readonly reader: Reader
  readonly stores: Stores
  /** Requests answered so far. */
  requests(): number
  /** Workloads that were requeued, in order. */
  readonly requeued: readonly string[]
}

export async function openWriter(kubeconfig: string): Promise<OpenWriter> {
  const telemetry = fakeTelemetry()
  const client = connect(await loadKubeSettings({ kubeconfig }, { env: {} }), telemetry)
  const requeued: string[] = []
  const stores = emptyStores()
  const settings = { tenant: 'default', clusterName: 'east', controllerId: 'replica-a', writeDeadlineMs: 3000 }
  const requeue = (key: string): void => void requeued.push(key)
  const writer = createWriter({ client, stores, settings, clock: systemClock, telemetry, requeue })
  return {
    writer,
    reader: createReader(client),
    stores,
    requests: () => telemetry.callsOf('apiRequest').length,
    requeued,
    [Symbol.asyncDispose]: async () => {
      writer[Symbol.dispose]()
      await client[Symbol.asyncDispose]()
    },
  }
}

function emptyStores(): Stores {
  const crs: Stores['crs'] = {
    WorkloadProcess: createStore(),
    WorkloadCronJob: createStore(),
    WorkloadService: createStore(),
    WorkloadPersistent: createStore(),
  }
  const children: Stores['children'] = {
    Pod: createStore(),
    Service: createStore(),
    CronJob: createStore(),
    Job: createStore(),
    Deployment: createStore(),
    StatefulSet: createStore(),
    PersistentVolumeClaim: createStore(),
  }
  return { crs, children, nodes: createStore() }
}
