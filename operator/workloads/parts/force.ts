// What happens to a pod on a node that does not answer. Wait: nothing, until a proof. ForceAfter: once the node has been
// silent for that long by this replica's monotonic clock, the pod counts as ended and is deleted without grace.
// The condition Exclusive says so before the delete: a leader that dies behind it leaves no waiver untold. The condition
// also remembers pod and node, so that it stays until the node is ready again or gone.
import type { PodFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import { parseDurationMs } from '#lib/time.ts'
import type { Observed } from '../workload.ts'
import { isOfWorkload } from './declared-dead.ts'
import { fieldAt } from './json.ts'
import { isPaused } from './pause.ts'
import { isUnreachable, unended } from './proof.ts'

/** What was observed, with the policy of the spec. */
export interface Policied extends Observed {
  readonly resource: {
    readonly spec: {
      readonly exclusivity: {
        readonly mode: string
        readonly nodeUnreachable: 'Wait' | 'ForceAfter'
        readonly forceAfter?: string
      }
    }
  }
}

const LEAST_MS = 60_000

/** In a spec that was not checked as a whole: a policy that is not whole is none, so a doubtful word deletes nothing. */
export function policyIn(spec: unknown): Policied['resource']['spec'] {
  const mode = fieldAt(spec, 'exclusivity', 'mode') === 'BestEffort' ? 'BestEffort' : 'Strict'
  const forceAfter = fieldAt(spec, 'exclusivity', 'forceAfter')
  const isWhole = typeof forceAfter === 'string' && (parseDurationMs(forceAfter) ?? 0) >= LEAST_MS
  return fieldAt(spec, 'exclusivity', 'nodeUnreachable') === 'ForceAfter' && isWhole
    ? { exclusivity: { mode, nodeUnreachable: 'ForceAfter', forceAfter } }
    : { exclusivity: { mode, nodeUnreachable: 'Wait' } }
}

export function isForced({ resource }: Policied): boolean {
  return resource.spec.exclusivity.nodeUnreachable === 'ForceAfter'
}

/** Deleted without grace now: due, and the waiver is stored. BestEffort promises nothing, so it waives nothing. */
export function forcedDead(seen: Policied): readonly PodFact[] {
  const isTold = (pod: PodFact): boolean => storedWaivers(seen.stored).some(({ uid }) => uid === pod.uid)
  const isLoose = seen.resource.spec.exclusivity.mode === 'BestEffort'
  return duePods(seen).filter((pod) => isLoose || isTold(pod))
}

const NOT_TOLD_MS = 1000
// No event of a node reaches a workload that has no pod there any more.
const WAIVED_MS = 30_000
const UNNOTED_MS = 10_000

/** When to look again: the end of the patience, the delete behind a waiver, and the end of a waiver. */
export function forceRequeueMs(seen: Policied): number | undefined {
  const limitMs = limitOf(seen)
  const waits = silentPods(seen).map((pod) => {
    const lastedMs = seen.silentForMs.get(pod.uid)
    if (limitMs === undefined) return undefined
    if (lastedMs === undefined) return UNNOTED_MS
    return lastedMs < limitMs ? limitMs - lastedMs : NOT_TOLD_MS
  })
  const known = [...waits, waivedSentence(seen) === undefined ? undefined : WAIVED_MS].filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Undefined: nothing is waived. */
export function waivedSentence(seen: Policied): string | undefined {
  const due = duePods(seen).map(({ name, uid, node = '' }) => ({ pod: name, uid, node }))
  const kept = storedWaivers(seen.stored).filter(
    ({ uid, node }) => !due.some((one) => one.uid === uid) && isStillWaived(uid, node, seen),
  )
  const sentences = [...due, ...kept].map(sentenceOf)
  return sentences.length === 0 ? undefined : sentences.join(' ')
}

export function confirmStep(pod: PodFact, { cr }: Observed): string {
  const request = `${annotation.confirmDead}=${pod.uid}`
  const command = `kubectl annotate ${cr.kind.toLowerCase()} ${cr.name} -n ${cr.namespace} --overwrite ${request}`
  return `If the node is powered off, run: ${command}`
}

interface Waiver {
  readonly pod: string
  readonly uid: string
  readonly node: string
}

function sentenceOf({ pod, uid, node }: Waiver): string {
  return `Pod ${pod} (UID ${uid}) on node ${node} counts as ended, though it may still run until the node is back or gone.`
}

/** Pods and nodes that the stored condition names. */
export function storedWaivers(stored: Observed['stored']): readonly Waiver[] {
  const found = stored.conditions?.find(({ type, reason }) => type === 'Exclusive' && reason === 'AtMostOneWaived')
  const named = (found?.message ?? '').matchAll(/Pod (\S+) \(UID ([^)]+)\) on node (\S+) counts as ended/g)
  return [...named].map(([, pod = '', uid = '', node = '']) => ({ pod, uid, node }))
}

/** An object that a finalizer keeps has been deleted too. Where nodes may not be read, absence ends it. */
function isStillWaived(uid: string, node: string, seen: Observed): boolean {
  const pod = seen.pods.find((found) => found.uid === uid)
  if (pod !== undefined && !(pod.deleting && pod.deletionGraceSeconds === 0)) return false
  return seen.nodes.get(node)?.ready === false
}

function limitOf(seen: Policied): number | undefined {
  const { forceAfter } = seen.resource.spec.exclusivity
  // Paused: nothing is deleted, so nothing is waived.
  return !isForced(seen) || isPaused(seen) || forceAfter === undefined ? undefined : parseDurationMs(forceAfter)
}

function duePods(seen: Policied): readonly PodFact[] {
  const limitMs = limitOf(seen)
  if (limitMs === undefined) return []
  return silentPods(seen).filter((pod) => (seen.silentForMs.get(pod.uid) ?? -1) >= limitMs)
}

function silentPods(seen: Observed): readonly PodFact[] {
  const isDeleted = (pod: PodFact): boolean => pod.deleting && pod.deletionGraceSeconds === 0
  return unended(seen.pods, seen.gone)
    .filter((pod) => isUnreachable(pod, seen) && !isDeleted(pod) && isOfWorkload(pod, seen))
    .toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
}
