// What HTTP and telemetry look at, as plain values: a leadership, stores filled with given facts, informer states.
import type { ChildFact, CrFact, Fact, NodeFact } from '#api/facts.ts'
import type { ChildKind, KindName } from '#api/generated/kinds.ts'
import { kinds } from '#api/generated/kinds.ts'
import type { GaugeSources, Informers, InformerState, LeadershipView, Store, Stores } from '#api/ports.ts'
import type { WatchedKind } from '#api/resource.ts'
import type { OperatorView } from '#api/view.ts'
import { NOW_MS } from './given.ts'

/** The leader since NOW_MS, in its first term, unless `over` says otherwise. */
export function fakeLeadership(over: Partial<LeadershipView> = {}): LeadershipView {
  return {
    isLeader: () => true,
    state: () => 'leading',
    holder: () => 'replica-1',
    epoch: () => 7n,
    lastTransitionMs: () => NOW_MS,
    leaderSinceMs: () => NOW_MS,
    validForMs: () => 10_000,
    transitions: () => 1,
    failovers: () => 0,
    lastHolder: () => '',
    lastChangeReason: () => 'first leader',
    history: () => [],
    ...over,
  }
}

export function standbyLeadership(): LeadershipView {
  return fakeLeadership({
    isLeader: () => false,
    state: () => 'standby',
    holder: () => 'replica-2',
    leaderSinceMs: () => undefined,
    transitions: () => 0,
  })
}

export function fakeStores(facts: readonly (CrFact | ChildFact | NodeFact)[] = []): Stores {
  const children = facts.filter((fact): fact is ChildFact => !isCr(fact) && fact.kind !== 'Node')
  const only = <K extends ChildKind>(kind: K): Store<Extract<ChildFact, { readonly kind: K }>> =>
    fakeStore(children.filter((fact): fact is Extract<ChildFact, { readonly kind: K }> => fact.kind === kind))
  const crs = (kind: KindName): Store<CrFact> => fakeStore(facts.filter(isCr).filter((cr) => cr.kind === kind))
  return {
    crs: {
      WorkloadProcess: crs('WorkloadProcess'),
      WorkloadCronJob: crs('WorkloadCronJob'),
      WorkloadService: crs('WorkloadService'),
      WorkloadPersistent: crs('WorkloadPersistent'),
    },
    children: {
      Pod: only('Pod'),
      Service: only('Service'),
      CronJob: only('CronJob'),
      Job: only('Job'),
      Deployment: only('Deployment'),
      StatefulSet: only('StatefulSet'),
      PersistentVolumeClaim: only('PersistentVolumeClaim'),
    },
    nodes: fakeStore(facts.filter((fact): fact is NodeFact => fact.kind === 'Node')),
  }
}

/** Synced, and fresh at NOW_MS. */
export function syncedStates(over: Partial<Record<WatchedKind, Partial<InformerState>>> = {}): InformerState[] {
  const watched: readonly WatchedKind[] = [...kinds, 'Pod', 'Deployment', 'Node']
  return watched.map((kind) => ({ kind, synced: true, freshAtMs: NOW_MS, objects: 0, ...over[kind] }))
}

export function fakeInformers(stores: Stores, states: readonly InformerState[] = syncedStates()): Informers {
  return {
    stores,
    states: () => states,
    synced: () => Promise.resolve(),
    highestEpoch: () => 0n,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

export function fakeSources(over: Partial<GaugeSources> = {}): GaugeSources {
  return {
    leadership: fakeLeadership(),
    informers: fakeInformers(fakeStores()),
    queueDepth: () => ({ urgent: 0, normal: 0, background: 0 }),
    ...over,
  }
}

/** A ready leader that started at NOW_MS. */
export function fakeOperatorView(over: Partial<OperatorView> = {}): OperatorView {
  return {
    build: { version: '1.2.3', revision: 'abc1234', builtAt: '2026-01-01T00:00:00Z', node: 'v24.0.0' },
    identity: { id: 'replica-1', tenant: 'default', namespace: 'default', cluster: 'primary' },
    process: {
      memory: () => ({ rss: 3_000, heapUsed: 1_000, heapTotal: 2_000 }),
      load: () => 0.5,
      activeResources: () => 4,
      collections: () => 2,
    },
    startedAtMs: NOW_MS,
    leadership: () => fakeLeadership(),
    store: () => ({ reached: true, answeredAtMs: NOW_MS, failures: 0 }),
    informers: () => ({ states: syncedStates(), stores: fakeStores() }),
    obstacle: () => undefined,
    isShuttingDown: () => false,
    ...over,
  }
}

function isCr(fact: Fact): fact is CrFact {
  return kinds.some((kind) => kind === fact.kind)
}

function fakeStore<V extends Fact>(facts: readonly V[]): Store<V> {
  return {
    size: facts.length,
    get: (namespace, name) => facts.find((fact) => fact.namespace === namespace && fact.name === name),
    by: (index, value) => facts.filter((fact) => index === 'owner' && fact.owner === value),
    all: () => facts,
    wrote: () => undefined,
    wroteDelete: () => undefined,
    sawDeleted: () => false,
    isConfirmed: () => true,
    subscribe: () => ({ [Symbol.dispose]: () => undefined }),
  }
}
