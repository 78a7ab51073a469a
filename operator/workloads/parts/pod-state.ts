// What one pod is doing, told as the state of its workload. The kinds add what the pod alone does not know.
// Sentences name the next step and are stable: the kubelet's own texts that alternate with every retry are left out.
import type { ContainerFact, PodFact } from '#api/facts.ts'
import { formatTime } from '#lib/time.ts'
import type { Observed } from '../workload.ts'
import { confirmStep, isForced, type Policied } from './force.ts'
import { isTerminal, isUnreachable, overdueAtMs } from './proof.ts'
import { storedCondition, troubled, type State } from './state.ts'

/** The state of a pod that has not been proven ended. */
export function podState(pod: PodFact, seen: Policied): State {
  if (isUnreachable(pod, seen)) return unreachable(pod, seen)
  if (pod.deleting || isTerminal(pod)) return ending(pod, seen)
  return placementTrouble(pod) ?? containerTrouble(pod) ?? runningState(pod, seen)
}

/** The old instance still ends; a successor waits. */
export function ending(pod: PodFact, seen: Policied): State {
  if (isUnreachable(pod, seen)) return unreachable(pod, seen)
  const state = troubled('HandoverPending', `Waiting for ${podOnNode(pod)} to end${deletionSentence(pod)}.`)
  const overdue = overdueAtMs(pod)
  return overdue === undefined ? state : { ...state, lookAgainMs: Math.max(0, overdue - seen.nowMs) }
}

/** Nothing may start while the old instance could still run. Kubernetes, a person, or the policy ForceAfter ends this. */
function unreachable(pod: PodFact, seen: Policied): State {
  const sentence = pod.deleting
    ? `Waiting for ${podOnNode(pod)} to end${deletionSentence(pod)} and the node does not answer.`
    : `Node ${pod.node ?? ''} of pod ${pod.name} does not answer; the pod may still run, so nothing else is started.`
  const state = troubled('NodeUnreachable', `${sentence} ${confirmStep(pod, seen)}`)
  return isForced(seen) ? { ...state, isPatient: true } : { ...state, progress: 'stuck' }
}

export function podOnNode(pod: PodFact): string {
  return `pod ${pod.name}${onNode(pod)}`
}

function onNode(pod: PodFact): string {
  return pod.node === undefined ? '' : ` on node ${pod.node}`
}

function deletionSentence(pod: PodFact): string {
  if (pod.deletionRequestedAtMs === undefined) return ''
  return `; its deletion was requested at ${formatTime(pod.deletionRequestedAtMs)}`
}

function placementTrouble(pod: PodFact): State | undefined {
  if (pod.unschedulable === undefined || pod.node !== undefined) return undefined
  const reason = /persistentvolumeclaim/i.test(pod.unschedulable) ? 'VolumePending' : 'Unschedulable'
  return troubled(reason, `Pod ${pod.name} cannot be placed: ${pod.unschedulable}`)
}

function containerTrouble(pod: PodFact): State | undefined {
  const { main, waiting } = pod
  if (waiting !== undefined) {
    const found = waitingTrouble(pod, waiting.container, waiting)
    if (found !== undefined) return found
  }
  if (main?.state === 'waiting') return waitingTrouble(pod, 'main', main)
  return main?.state === 'terminated' ? endedInPlace(pod, main) : undefined
}

interface Waiting {
  readonly reason?: string
  readonly message?: string
}

const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

const startFailures: ReadonlySet<string> = new Set(['CreateContainerError', 'RunContainerError', 'StartError'])

function waitingTrouble(pod: PodFact, container: string, waiting: Waiting): State | undefined {
  const reason = waiting.reason ?? ''
  if (imageReasons.has(reason)) return imageTrouble(pod, container)
  if (reason === 'CreateContainerConfigError')
    return troubled(
      'ConfigMissing',
      `Container ${container} of pod ${pod.name} cannot be set up: ${waiting.message ?? reason}`,
    )
  if (reason === 'CrashLoopBackOff') return crashLoop(pod, container)
  if (startFailures.has(reason))
    return troubled(
      'Unhealthy',
      `Container ${container} of pod ${pod.name} cannot be started: ${waiting.message ?? reason}`,
    )
  return undefined
}

function imageTrouble(pod: PodFact, container: string): State {
  const image = pod.images[container] ?? pod.main?.image ?? ''
  const step = `Check its name and tag, and imagePullSecrets; the cause is shown by: ${describe(pod)}`
  return troubled('ImagePullFailed', `Image ${image} of container ${container} cannot be pulled. ${step}`)
}

function crashLoop(pod: PodFact, container: string): State {
  const code = container === 'main' ? exitSentence(pod.main) : ''
  const logs = `kubectl logs ${pod.name} -n ${pod.namespace} -c ${container} --previous`
  return troubled('CrashLoop', `Container ${container} ends again and again${code}. Its output is shown by: ${logs}`)
}

/** Code and reason of the last end: `, last with exit code 1 (Error)`. */
export function exitSentence(main: ContainerFact | undefined): string {
  const code = main?.exitCode ?? main?.lastExitCode
  return endSentence(code, main?.state === 'terminated' ? main.reason : main?.lastReason)
}

export function endSentence(code: number | undefined, reason: string | undefined): string {
  if (code === undefined) return ''
  return reason === undefined ? `, last with exit code ${code}` : `, last with exit code ${code} (${reason})`
}

/** Between two starts of the container; the pod's phase stays Running. */
function endedInPlace(pod: PodFact, main: ContainerFact): State {
  if (main.restartCount > 0) return crashLoop(pod, 'main')
  return troubled('Unhealthy', `Container main of pod ${pod.name} has ended${exitSentence(main)}; it is started again.`)
}

function runningState(pod: PodFact, seen: Observed): State {
  if (pod.ready) {
    const message = `Pod ${pod.name} is ready${onNode(pod)}.`
    return { reason: 'Running', message, active: true, healthy: true, progress: 'settled' }
  }
  const before = reasonBefore(pod, seen)
  // Shown until it is ready again: else a crash loop would look like a new start after each back-off.
  if (before === 'CrashLoop' && pod.main?.lastExitCode !== undefined) return crashLoop(pod, 'main')
  if (before === 'Running' || before === 'Unhealthy')
    return troubled('Unhealthy', `Pod ${pod.name}${onNode(pod)} is not ready any more. See: ${describe(pod)}`)
  // A missing Secret that is mounted, for example, is told in the Events of the pod only.
  const step = `If that takes long, the cause is shown by: ${describe(pod)}`
  const what = pod.node === undefined ? 'waits for a node' : `is starting${onNode(pod)}`
  return troubled('Starting', `Pod ${pod.name} ${what}. ${step}`)
}

/** What the stored status says of this very pod. */
function reasonBefore(pod: PodFact, seen: Observed): string | undefined {
  return seen.stored.instance?.podUID === pod.uid ? storedCondition(seen, 'Ready')?.reason : undefined
}

function describe(pod: PodFact): string {
  return `kubectl describe pod ${pod.name} -n ${pod.namespace}`
}
