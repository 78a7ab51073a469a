// Has this pod ended for good? Two proofs only; whatever else is known (a dead node, a person's word) is turned into
// E1 by Kubernetes or by a delete. It does not judge whose pod it is.
import type { NodeFact, PodFact } from '#api/facts.ts'

/** E1: the object is gone. E2: the kubelet has said its last word. */
export type Proof = 'E1' | 'E2'

/**
 * Terminated container statuses alone are no proof (a crash loop shows them between two starts), nor is the phase
 * alone (PodGC writes Failed for pods it cannot reach), nor a deletion time that has passed, nor absence from a list.
 */
export function proofOfEnd(pod: PodFact, gone: ReadonlySet<string>): Proof | undefined {
  if (gone.has(pod.uid)) return 'E1'
  return isTerminal(pod) && !pod.anyRunning ? 'E2' : undefined
}

export function isTerminal(pod: PodFact): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed'
}

/** The pods that may still run something, or may be started by someone. */
export function unended(pods: readonly PodFact[], gone: ReadonlySet<string>): readonly PodFact[] {
  return pods.filter((pod) => proofOfEnd(pod, gone) === undefined)
}

// 60 s after the grace period: by then a living kubelet has long removed the pod. The only sign of a silent node in
// an install that may not read nodes.
const OVERDUE_MS = 60_000

/** When the pod counts as overdue (ms since 1970); undefined when nobody asked for its deletion. */
export function overdueAtMs(pod: PodFact): number | undefined {
  if (pod.deletionRequestedAtMs === undefined) return undefined
  return pod.deletionRequestedAtMs + (pod.deletionGraceSeconds ?? 0) * 1000 + OVERDUE_MS
}

export interface Reach {
  readonly nodes: ReadonlyMap<string, NodeFact>
  readonly nowMs: number
}

/** The pod is on a node that does not answer. A pod that was never bound waits for nobody. */
export function isUnreachable(pod: PodFact, reach: Reach): boolean {
  if (pod.node === undefined) return false
  if (reach.nodes.get(pod.node)?.ready === false) return true
  const overdue = overdueAtMs(pod)
  return overdue !== undefined && reach.nowMs >= overdue
}
