// One kind: its store, and what keeps it equal to the server. It promises that nothing but the signal ends it, and that
// after each fault the store catches up without a gap. It does not promise that the store is current.
import type { Fact } from '#api/facts.ts'
import type { InformerState, Store, Telemetry } from '#api/ports.ts'
import type { WatchedKind } from '#api/resource.ts'
import { resourceOf } from '#api/resource.ts'
import { orAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { systemClock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'
import type { Client } from './call.ts'
import type { ListMode } from './scope-watch.ts'
import { ScopeWatch } from './scope-watch.ts'
import { createStore } from './store.ts'
import type { WatchLimits } from './watch-limits.ts'
import { watchLimits } from './watch-limits.ts'

export interface InformerOptions<V extends Fact> {
  readonly kind: WatchedKind
  readonly namespaces: readonly string[] | 'all'
  readonly labelSelector?: string
  /** A raw object as a fact; undefined when it cannot be read. */
  readonly project: (object: unknown) => V | undefined
  readonly nodeOf?: (fact: V) => string | undefined
  readonly telemetry: Telemetry
  readonly clock?: Clock
  readonly limits?: Partial<WatchLimits>
  readonly mode?: ListMode
  readonly random?: () => number
  readonly isOptional?: boolean
}

export interface Informer<V extends Fact> {
  readonly store: Store<V>
  state(): InformerState
  /** The list was complete once. */
  synced(signal: AbortSignal): Promise<void>
  /** As synced, but a forbidden or missing kind holds nothing back. */
  settled(signal: AbortSignal): Promise<void>
  /** After the signal, when all streams are closed; never rejects. */
  readonly ended: Promise<void>
}

export function startInformer<V extends Fact>(
  client: Client,
  options: InformerOptions<V>,
  signal: AbortSignal,
): Informer<V> {
  const { kind, namespaces, telemetry, nodeOf } = options
  const resource = resourceOf(kind)
  let failures = 0
  const store = createStore<V>({
    ...(nodeOf === undefined ? {} : { nodeOf }),
    onSubscriberError: (error) => {
      failures += 1
      const fields = { resource: resource.plural, failures, error: messageOf(error) }
      telemetry.log.error('a subscriber of the store failed, the watch goes on', fields)
    },
  })
  const scopes = (namespaces === 'all' ? [''] : namespaces).map(
    (namespace) =>
      new ScopeWatch(client, store, {
        resource,
        namespace,
        labelSelector: options.labelSelector ?? '',
        project: options.project,
        limits: { ...watchLimits, ...options.limits },
        mode: options.mode ?? { streaming: true },
        clock: options.clock ?? systemClock,
        telemetry,
        random: options.random ?? Math.random,
        isOptional: options.isOptional ?? false,
      }),
  )
  const ended = Promise.all(scopes.map((scope) => scope.run(signal))).then(() => undefined)
  return {
    store,
    ended,
    state: () => stateOf(kind, scopes, store.size),
    synced: (waiter) => orAbort(allOf(scopes.map(({ synced }) => synced)), waiter),
    settled: (waiter) => orAbort(allOf(scopes.map(({ settled }) => settled)), waiter),
  }
}

type ScopeState = Pick<ScopeWatch<Fact>, 'isSynced' | 'freshAtMs' | 'problem'>

/** Of several namespaces the worst counts. */
function stateOf(kind: WatchedKind, scopes: readonly ScopeState[], objects: number): InformerState {
  const freshAtMs = scopes.map((scope) => scope.freshAtMs).filter((atMs) => atMs !== undefined)
  const problem = scopes.find((scope) => scope.problem !== undefined)?.problem
  return {
    kind,
    synced: scopes.every(({ isSynced }) => isSynced),
    objects,
    ...(freshAtMs.length === scopes.length ? { freshAtMs: Math.min(...freshAtMs) } : {}),
    ...(problem === undefined ? {} : { problem }),
  }
}

async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises)
}
