// Stores that a test fills itself: `see` is a watch event, `lose` a DELETED event. They keep the promises of the real
// stores that decisions rest on: own writes show at once, and the newest version per object wins.
import type { ChildFact, CrFact, Fact, NodeFact } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import { isKindName } from '#api/key.ts'
import type { Change, Informers, Store, Stores } from '#api/ports.ts'

export interface FakeStores extends Stores {
  /** An ADDED or MODIFIED event. */
  see(...facts: readonly (CrFact | ChildFact | NodeFact)[]): void
  /** A DELETED event. */
  lose(fact: CrFact | ChildFact | NodeFact): void
  /** A resourceVersion above all that were given before. */
  nextVersion(): string
  /** Every child there is. */
  allChildren(): readonly ChildFact[]
  /** Subscriptions that were not disposed. */
  subscribers(): number
}

interface FakeStore<V extends Fact> extends Store<V> {
  lose(fact: V): void
  subscribers(): number
}

export function createFakeStores(): FakeStores {
  const crs = {
    WorkloadProcess: createFakeStore<CrFact>(),
    WorkloadCronJob: createFakeStore<CrFact>(),
    WorkloadService: createFakeStore<CrFact>(),
    WorkloadPersistent: createFakeStore<CrFact>(),
  }
  const children: { readonly [K in ChildKind]: FakeStore<Extract<ChildFact, { readonly kind: K }>> } = {
    Pod: createFakeStore(),
    Service: createFakeStore(),
    CronJob: createFakeStore(),
    Job: createFakeStore(),
    Deployment: createFakeStore(),
    StatefulSet: createFakeStore(),
    PersistentVolumeClaim: createFakeStore(),
  }
  const nodes = createFakeStore<NodeFact>()
  const storeOf = (fact: CrFact | ChildFact | NodeFact): FakeStore<Fact> => {
    if (fact.kind === 'Node') return nodes
    return isCr(fact) ? crs[fact.kind] : children[fact.kind]
  }
  let version = 1000
  const all = [...Object.values(crs), ...Object.values(children), nodes]
  return {
    crs,
    children,
    nodes,
    see: (...facts) => {
      for (const fact of facts) storeOf(fact).wrote(fact)
    },
    lose: (fact) => storeOf(fact).lose(fact),
    nextVersion: () => String((version += 1)),
    allChildren: () => Object.values(children).flatMap((store): readonly ChildFact[] => [...store.all()]),
    subscribers: () => all.reduce((sum, store) => sum + store.subscribers(), 0),
  }
}

/** Informers that are in sync from the start. */
export function fakeInformers(stores: Stores): Informers {
  return {
    stores,
    states: () => [],
    synced: () => Promise.resolve(),
    highestEpoch: () => 0n,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function isCr(fact: CrFact | ChildFact): fact is CrFact {
  return isKindName(fact.kind)
}

function createFakeStore<V extends Fact>(): FakeStore<V> {
  const facts = new Map<string, V>()
  const deleted = new Set<string>()
  const subscribers = new Set<(change: Change<V>) => void>()
  const tell = (change: Change<V>): void => {
    for (const subscriber of subscribers) subscriber(change)
  }
  const remove = (fact: V): void => {
    const before = facts.get(idOf(fact))
    if (before === undefined || before.uid !== fact.uid) return
    facts.delete(idOf(fact))
    tell({ type: 'removed', before })
  }
  const wrote = (fact: V): void => {
    const before = facts.get(idOf(fact))
    if (
      deleted.has(fact.uid) ||
      (before !== undefined && BigInt(fact.resourceVersion) <= BigInt(before.resourceVersion))
    )
      return
    if (before !== undefined && before.uid !== fact.uid) remove(before)
    facts.set(idOf(fact), fact)
    tell(before?.uid === fact.uid ? { type: 'changed', fact, before } : { type: 'added', fact })
  }
  return {
    get size() {
      return facts.size
    },
    get: (namespace, name) => facts.get(`${namespace}/${name}`),
    by: (index, value) => [...facts.values()].filter((fact) => indexed(index, fact) === value),
    all: () => facts.values(),
    wrote,
    wroteDelete: remove,
    lose: (fact) => {
      deleted.add(fact.uid)
      remove(fact)
    },
    sawDeleted: (uid) => deleted.has(uid),
    isConfirmed: () => true,
    subscribe: (onChange) => {
      const subscriber = (change: Change<V>): void => onChange(change)
      subscribers.add(subscriber)
      return { [Symbol.dispose]: () => void subscribers.delete(subscriber) }
    },
    subscribers: () => subscribers.size,
  }
}

function indexed(index: 'owner' | 'node', fact: Fact): unknown {
  return index === 'owner' ? fact.owner : 'node' in fact ? fact.node : undefined
}

function idOf(fact: Fact): string {
  return `${fact.namespace}/${fact.name}`
}
