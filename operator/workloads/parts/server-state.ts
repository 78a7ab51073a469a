// The state of a server with several pods, or with one that Kubernetes itself keeps single.
import type { PodFact } from '#api/facts.ts'
import type { Observed } from '../workload.ts'
import type { Policied } from './force.ts'
import { ending, podState } from './pod-state.ts'
import { unended } from './proof.ts'
import { stopped, troubled, type State, type Stop } from './state.ts'

/** Ready pods, and pods that may still run. */
export interface PodCounts {
  readonly replicas: number
  readonly readyReplicas: number
}

export function countPods(seen: Observed): PodCounts {
  const pods = unended(seen.pods, seen.gone)
  return { replicas: pods.length, readyReplicas: pods.filter((pod) => pod.ready && !pod.deleting).length }
}

/** As good as its worst pod. */
export function serverState(seen: Policied, wanted: number): State {
  const pods = byName(unended(seen.pods, seen.gone))
  const states = pods.map((pod) => podState(pod, seen))
  const worst = states.find((state) => !state.healthy)
  if (worst !== undefined) return worst
  const [first] = states
  if (first === undefined) return waitsForPod(noPodYet(seen))
  if (pods.length === wanted) return wanted === 1 ? first : { ...first, message: `All ${wanted} pods are ready.` }
  return troubled('Starting', `${pods.length} of ${wanted} pods exist.`)
}

/** Why a StatefulSet makes no pod, such as a quota of pods, is told in its Events only. */
function noPodYet({ children, cr }: Observed): string {
  const maker = children.find(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
  if (maker === undefined) return 'The pod is about to be created.'
  const command = `kubectl describe ${maker.kind.toLowerCase()} ${maker.name} -n ${cr.namespace}`
  return `Waiting for the ${maker.kind} to make a pod. If none appears, the cause is shown by: ${command}`
}

/** Stopped only when everything has ended; pods behind their gate have never begun. */
export function stoppedState(seen: Policied, stop: Stop): State {
  const [pod] = byName(unended(seen.pods, seen.gone).filter((found) => !found.gated))
  return pod === undefined ? stopped(stop) : ending(pod, seen)
}

export function waitsForPod(message: string): State {
  return { ...troubled('Starting', message), active: false }
}

function byName(pods: readonly PodFact[]): readonly PodFact[] {
  return pods.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
