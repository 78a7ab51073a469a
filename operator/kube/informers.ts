// All kinds that the operator watches, on every replica, whether it leads or not.
import type { FactOf } from '#api/facts.ts'
import { isKindName } from '#api/key.ts'
import { MANAGED_BY, label } from '#api/labels.ts'
import type { InformerState, Informers, Stores, Telemetry } from '#api/ports.ts'
import type { WatchedKind } from '#api/resource.ts'
import { onAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import type { Client } from './call.ts'
import type { Informer } from './informer.ts'
import { startInformer } from './informer.ts'
import type { ListMode } from './scope-watch.ts'
import type { WatchLimits } from './watch-limits.ts'

type Projections = { readonly [K in WatchedKind]: (object: unknown) => FactOf<K> | undefined }

export interface InformersOptions {
  /** [] or 'all': all namespaces. */
  readonly namespaces: readonly string[] | 'all'
  readonly projections: Projections
  readonly telemetry: Telemetry
  readonly clock?: Clock
  readonly limits?: Partial<WatchLimits>
}

export function startInformers(client: Client, options: InformersOptions, signal: AbortSignal): Informers {
  const own = new AbortController()
  const listener = onAbort(signal, () => own.abort())
  const mode: ListMode = { streaming: true }
  const started: Pick<Informer<FactOf<WatchedKind>>, 'state' | 'settled' | 'ended'>[] = []
  let highest = 0n
  const open = <K extends WatchedKind>(kind: K): Informer<FactOf<K>>['store'] => {
    const project = (object: unknown): FactOf<K> | undefined => {
      const fact = options.projections[kind](object)
      // Stamps of objects that are gone count too: an epoch above them is never wrong.
      if (fact !== undefined && 'epoch' in fact && fact.epoch > highest) highest = fact.epoch
      return fact
    }
    const informer = startInformer<FactOf<K>>(
      client,
      { ...scopeOf(kind, options), kind, mode, project, nodeOf },
      own.signal,
    )
    started.push(informer)
    return informer.store
  }
  return {
    stores: openStores(open),
    states: (): readonly InformerState[] => started.map((informer) => informer.state()),
    synced: async (waiter) => {
      await Promise.all(started.map((informer) => informer.settled(waiter)))
    },
    highestEpoch: () => highest,
    [Symbol.asyncDispose]: async () => {
      listener[Symbol.dispose]()
      own.abort()
      await Promise.all(started.map(({ ended }) => ended))
    },
  }
}

type Open = <K extends WatchedKind>(kind: K) => Informer<FactOf<K>>['store']

/** Written out, so that a new kind does not compile until it has its line. */
function openStores(open: Open): Stores {
  return {
    crs: {
      WorkloadProcess: open('WorkloadProcess'),
      WorkloadCronJob: open('WorkloadCronJob'),
      WorkloadService: open('WorkloadService'),
      WorkloadPersistent: open('WorkloadPersistent'),
    },
    children: {
      Pod: open('Pod'),
      Deployment: open('Deployment'),
      StatefulSet: open('StatefulSet'),
      CronJob: open('CronJob'),
      Job: open('Job'),
      Service: open('Service'),
      PersistentVolumeClaim: open('PersistentVolumeClaim'),
    },
    nodes: open('Node'),
  }
}

function nodeOf(fact: object): string | undefined {
  return 'node' in fact && typeof fact.node === 'string' ? fact.node : undefined
}

function scopeOf(kind: WatchedKind, options: InformersOptions) {
  const { telemetry, clock, limits } = options
  const common = { telemetry, ...(clock === undefined ? {} : { clock }), ...(limits === undefined ? {} : { limits }) }
  if (kind === 'Node') return { ...common, namespaces: 'all' as const, isOptional: true }
  const namespaces = options.namespaces.length === 0 ? ('all' as const) : options.namespaces
  return isKindName(kind)
    ? { ...common, namespaces }
    : { ...common, namespaces, labelSelector: `${label.managedBy}=${MANAGED_BY}` }
}
