// From a change in a store to the key of the workload that it concerns, and how urgent that is. Nothing but a key is
// passed on: what the event said may be old by the time the workload is looked at.
import type { ChildFact, CrFact, NodeFact, PodFact } from '#api/facts.ts'
import { kinds, type ChildKind } from '#api/generated/kinds.ts'
import { keyOf, type Key } from '#api/key.ts'
import type { Change, QueueClass, Store, Stores } from '#api/ports.ts'
import { isTerminal } from '#workloads/parts/proof.ts'
import type { WorkQueue } from './work-queue.ts'

type Queue = Pick<WorkQueue, 'add' | 'forget'>

const otherChildren: readonly Exclude<ChildKind, 'Pod'>[] = [
  'Service',
  'CronJob',
  'Job',
  'Deployment',
  'StatefulSet',
  'PersistentVolumeClaim',
]

/** Until it is disposed, each change in the stores adds the key of its workload. */
export function subscribe(stores: Stores, queue: Queue): Disposable {
  const stack = new DisposableStack()
  for (const kind of kinds) stack.use(stores.crs[kind].subscribe((change) => addResource(change, queue)))
  stack.use(stores.children.Pod.subscribe((change) => addOwners(change, classOf(change), queue)))
  for (const kind of otherChildren) {
    const store: Store<ChildFact> = stores.children[kind]
    stack.use(store.subscribe((change) => addOwners(change, 'normal', queue)))
  }
  stack.use(stores.nodes.subscribe((change) => addPodsOf(change, stores, queue)))
  return stack
}

/** Every resource there is, in the order in which the stores have them. */
export function* knownKeys(stores: Stores): Generator<Key> {
  for (const kind of kinds) {
    for (const cr of stores.crs[kind].all()) yield keyOf(cr.kind, cr.namespace, cr.name)
  }
}

function addResource(change: Change<CrFact>, queue: Queue): void {
  const { kind, namespace, name } = change.type === 'removed' ? change.before : change.fact
  const key = keyOf(kind, namespace, name)
  // Whatever failed so far, failed with another spec.
  if (change.type === 'changed' && change.fact.generation !== change.before.generation) queue.forget(key)
  queue.add(key)
}

/** Also the owner before: labels may have been changed. */
function addOwners(change: Change<ChildFact>, queueClass: QueueClass, queue: Queue): void {
  const before = change.type === 'added' ? undefined : change.before.owner
  const owner = change.type === 'removed' ? undefined : change.fact.owner
  if (owner !== undefined) queue.add(owner, { class: queueClass })
  if (before !== undefined && before !== owner) queue.add(before, { class: queueClass })
}

/** Urgent: an instance ended, and its successor waits. */
function classOf(change: Change<PodFact>): QueueClass {
  if (change.type === 'removed') return 'urgent'
  const hasEnded = isTerminal(change.fact) && !change.fact.anyRunning
  return hasEnded ? 'urgent' : 'normal'
}

/** A node says something every few seconds; only whether it answers concerns anybody. */
function addPodsOf(change: Change<NodeFact>, stores: Stores, queue: Queue): void {
  if (change.type === 'changed' && change.fact.ready === change.before.ready) return
  const { name } = change.type === 'removed' ? change.before : change.fact
  for (const { owner } of stores.children.Pod.by('node', name)) {
    if (owner !== undefined) queue.add(owner, { class: 'urgent' })
  }
}
