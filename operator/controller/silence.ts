// Since when the node of a pod has not answered, by the monotonic clock of this replica. Noted from the first event on,
// on standbys too, so that a take-over does not start the count again; a restart of all replicas does.
// It never counts time in which nobody watched, and a node that answers once starts anew.
import type { NodeFact, PodFact } from '#api/facts.ts'
import type { Change, Stores } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { overdueAtMs } from '#workloads/parts/proof.ts'

export interface Silence extends Disposable {
  /** Undefined while the node answers, as far as this replica has seen. */
  lastedMs(pod: PodFact): number | undefined
}

export function watchSilence(stores: Stores, clock: Clock): Silence {
  const nodes = new Map<string, number>()
  const endings = new Map<string, number>()
  const note = (times: Map<string, number>, id: string, holds: boolean): void => {
    if (!holds) times.delete(id)
    else if (!times.has(id)) times.set(id, clock.monotonicMs())
  }
  const onNode = (fact: NodeFact, isThere: boolean): void => note(nodes, fact.name, isThere && !fact.ready)
  const onPod = (fact: PodFact, isThere: boolean): void => note(endings, fact.uid, isThere && fact.deleting)
  for (const fact of stores.nodes.all()) onNode(fact, true)
  for (const fact of stores.children.Pod.all()) onPod(fact, true)
  const stack = new DisposableStack()
  stack.use(stores.nodes.subscribe((change) => onNode(...latest(change))))
  stack.use(stores.children.Pod.subscribe((change) => onPod(...latest(change))))
  return {
    lastedMs: (pod) => {
      const nowMs = clock.monotonicMs()
      const starts = [nodes.get(pod.node ?? ''), overdueSince(pod, endings.get(pod.uid))]
      const begun = starts.filter((startMs) => startMs !== undefined && startMs <= nowMs)
      return begun.length === 0 ? undefined : nowMs - Math.min(...begun.map(Number))
    },
    [Symbol.dispose]: () => stack.dispose(),
  }
}

function latest<V>(change: Change<V & (NodeFact | PodFact)>): [V, boolean] {
  return change.type === 'removed' ? [change.before, false] : [change.fact, true]
}

/** Counted from when the deletion was first seen here, whatever the clock of the server says. */
function overdueSince(pod: PodFact, seenMs: number | undefined): number | undefined {
  const overdueMs = overdueAtMs(pod)
  if (seenMs === undefined || overdueMs === undefined || pod.deletionRequestedAtMs === undefined) return undefined
  return seenMs + overdueMs - pod.deletionRequestedAtMs
}
