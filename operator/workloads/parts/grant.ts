// Who may start: the next step of the grant of a Strict service. Pure: (grant, pods, proofs) → one step.
// It promises that no step opens or names a second pod while another one may run: a gate is opened only for the pod
// that the stored grant names, and a grant moves only after everything else has been proven ended. Leadership, epochs
// and time decide nothing here; a stale caller's step fails on the resource version it was computed from.
import type { DeploymentFact, PodFact, PodRef } from '#api/facts.ts'
import { isTerminal, isUnreachable, proofOfEnd, type Proof, type Reach } from './proof.ts'

type WaitReason = 'running' | 'ending' | 'unreachable' | 'stranger'

export type GrantStep =
  | { readonly type: 'rest' }
  | { readonly type: 'wait'; readonly for: PodRef; readonly because: WaitReason }
  /** Gated others; open pods without the grant. */
  | { readonly type: 'remove'; readonly pods: readonly PodRef[] }
  /** 'record' names a pod that is open already and opens nothing; after 'move' the gate of `to` is opened. */
  | {
      readonly type: 'record' | 'move'
      readonly to: PodRef
      readonly after?: { readonly pod: PodRef; readonly proof: Proof }
    }
  | { readonly type: 'open'; readonly pod: PodRef }

/** status.grant as stored. */
export interface Grant {
  readonly pod: string
  readonly uid: string
}

export interface GrantInput extends Reach {
  readonly namespace: string
  /** Of the Deployment, whether it exists or not. */
  readonly name: string
  /** Left out: this incarnation has granted nothing yet. */
  readonly grant?: Grant
  /** All pods of the workload, whoever made them. */
  readonly pods: readonly PodFact[]
  readonly gone: ReadonlySet<string>
  /** Our Deployment, once it exists: only its pods are candidates. */
  readonly deployment?: DeploymentFact
  /** Suspended: nothing new starts. */
  readonly wanted: boolean
}

export function grantStep(input: GrantInput): GrantStep {
  const step = input.grant === undefined ? firstGrant(input) : nextGrant(input, input.grant)
  const starts = step.type === 'open' || step.type === 'move'
  return starts && !input.wanted ? { type: 'rest' } : step
}

export function refOf(pod: PodFact): PodRef {
  return { namespace: pod.namespace, name: pod.name, uid: pod.uid }
}

/** A pod that our Deployment, or its predecessor of the same name, made: the only pods of a service we may delete. */
export function isMadeByDeployment(pod: PodFact, deployment: string): boolean {
  const hash = pod.labels['pod-template-hash']
  return hash !== undefined && pod.controller?.kind === 'ReplicaSet' && pod.controller.name === `${deployment}-${hash}`
}

function nextGrant(input: GrantInput, grant: Grant): GrantStep {
  const granted = input.pods.find((pod) => pod.uid === grant.uid)
  const ref: PodRef = { namespace: input.namespace, name: grant.pod, uid: grant.uid }
  const proof = granted === undefined ? proofOfAbsence(input, grant) : proofOfEnd(granted, input.gone)
  if (proof !== undefined) return moveTo(input, { pod: ref, proof })
  // Not in the store and not proven gone: the store may be older than the pod.
  if (granted === undefined) return { type: 'wait', for: ref, because: 'running' }
  if (isUnreachable(granted, input)) return { type: 'wait', for: ref, because: 'unreachable' }
  if (granted.deleting) return { type: 'wait', for: ref, because: 'ending' }
  const others = openAndUnended(input).filter((pod) => pod.uid !== grant.uid)
  if (others.length > 0) return clear(input, others)
  return granted.gated ? { type: 'open', pod: ref } : { type: 'rest' }
}

function proofOfAbsence(input: GrantInput, grant: Grant): Proof | undefined {
  return input.gone.has(grant.uid) ? 'E1' : undefined
}

/** A new incarnation, or Strict was switched on: the same look, with no granted pod to ask about. */
function firstGrant(input: GrantInput): GrantStep {
  const open = openAndUnended(input)
  const [first, second] = open
  if (first === undefined) return moveTo(input)
  if (second !== undefined) return waitFor(first, input)
  if (!isOurs(first, input)) return waitFor(first, input)
  return { type: 'record', to: refOf(first) }
}

function moveTo(input: GrantInput, after?: { readonly pod: PodRef; readonly proof: Proof }): GrantStep {
  const candidate = candidateOf(input)
  const others = unendedOf(input).filter((pod) => pod.uid !== candidate?.uid)
  if (candidate === undefined) {
    const open = others.filter((pod) => !pod.gated)
    return open.length === 0 ? { type: 'rest' } : clear(input, open)
  }
  if (others.length > 0) return clear(input, others)
  return { type: 'move', to: refOf(candidate), ...(after === undefined ? {} : { after }) }
}

/** Deletes what we may delete and nobody is deleting yet; else waits for the first of the rest. */
function clear(input: GrantInput, others: readonly PodFact[]): GrantStep {
  const ours = others.filter((pod) => isOurs(pod, input) && !pod.deleting && !isEndedOnPaper(pod))
  if (ours.length > 0) return { type: 'remove', pods: ours.map(refOf) }
  const [first] = others
  return first === undefined ? { type: 'rest' } : waitFor(first, input)
}

/** D2: terminal phase, but a running status: a delete would remove the object at once, and with it the last evidence. */
function isEndedOnPaper(pod: PodFact): boolean {
  return isTerminal(pod) && pod.anyRunning
}

function waitFor(pod: PodFact, input: GrantInput): GrantStep {
  return { type: 'wait', for: refOf(pod), because: whyWait(pod, input) }
}

function whyWait(pod: PodFact, input: GrantInput): WaitReason {
  if (!isOurs(pod, input)) return 'stranger'
  if (isUnreachable(pod, input)) return 'unreachable'
  return pod.deleting ? 'ending' : 'running'
}

/** The newest gated pod that our living Deployment made. Older than the Deployment: a leftover of the predecessor. */
function candidateOf(input: GrantInput): PodFact | undefined {
  const { deployment } = input
  if (deployment === undefined) return undefined
  return unendedOf(input)
    .filter((pod) => pod.gated && !pod.deleting && isOurs(pod, input))
    .filter((pod) => pod.createdAtMs >= deployment.createdAtMs)
    .reduce<PodFact | undefined>((best, pod) => (best === undefined || isNewer(pod, best) ? pod : best), undefined)
}

/** Creation times have whole seconds: the uid breaks a tie, so that every replica picks the same pod. */
function isNewer(pod: PodFact, than: PodFact): boolean {
  if (pod.createdAtMs !== than.createdAtMs) return pod.createdAtMs > than.createdAtMs
  return pod.uid > than.uid
}

function isOurs(pod: PodFact, input: GrantInput): boolean {
  return isMadeByDeployment(pod, input.name)
}

function unendedOf(input: GrantInput): readonly PodFact[] {
  return input.pods.filter((pod) => proofOfEnd(pod, input.gone) === undefined)
}

function openAndUnended(input: GrantInput): readonly PodFact[] {
  return unendedOf(input).filter((pod) => !pod.gated)
}
