// The status of a WorkloadService.
import type { DeploymentFact, PodFact, PodRef } from '#api/facts.ts'
import type { ResourceRef, WorkloadServiceStatus } from '#api/generated/kinds.ts'
import { parseDurationMs } from '#lib/time.ts'
import { acceptanceOf, quotaExceeded, quotaState } from '../parts/acceptance.ts'
import type { Acceptance, Verdict } from '../parts/conditions.ts'
import { DEFAULT_TIMEOUT_MS } from '../parts/conditions.ts'
import { exclusiveOf } from '../parts/exclusive.ts'
import type { GrantStep } from '../parts/grant.ts'
import { selectorText } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import { resumeStep } from '../parts/pause.ts'
import { ending, podOnNode, podState } from '../parts/pod-state.ts'
import { proofOfEnd, unended } from '../parts/proof.ts'
import { countPods, serverState, stoppedState, waitsForPod } from '../parts/server-state.ts'
import { hasReadinessProbe } from '../parts/probes.ts'
import { restartFields } from '../parts/restart.ts'
import { addressOf } from '../parts/service.ts'
import { runningHealth, stopOf, troubled, type State } from '../parts/state.ts'
import { buildHead, effectiveOf, newest, resourceRef } from '../parts/status.ts'
import { commonWarnings, headlessWarnings, probeWarnings } from '../parts/warnings.ts'
import type { Reported, Snapshot } from '../workload.ts'
import { frontOf, isStrict, isSuspended, liveDeployment } from './build.ts'

type Seen = Snapshot<'WorkloadService'>

/** `step`: the next step of the grant; undefined in mode BestEffort. */
export function report(seen: Seen, step: GrantStep | undefined): Reported {
  const state = stateOf(seen, step)
  const verdict = verdictOf(seen, state)
  const { head, ...again } = buildHead({ verdict, pod: currentPod(seen), resources: resourcesOf(seen) }, seen)
  return { status: { ...head, ...ownFields(seen) }, ...again }
}

function stateOf(seen: Seen, step: GrantStep | undefined): State {
  const stop = stopOf(seen, isSuspended(seen))
  if (stop !== undefined) return stoppedState(seen, stop)
  const problem = podProblem(seen)
  if (problem?.isQuota === true) return quotaExceeded(problem.sentence)
  const held = quotaState(seen)
  if (held !== undefined) return held
  return step === undefined ? serverState(seen, seen.resource.spec.replicas) : grantState(seen, step)
}

/** Strict: the granted pod tells the story while it lives; after that, what its successor waits for. */
function grantState(seen: Seen, step: GrantStep): State {
  const granted = grantedPod(seen)
  if (granted !== undefined && proofOfEnd(granted, seen.gone) === undefined) return podState(ungatedView(granted), seen)
  switch (step.type) {
    case 'wait':
      return waiting(seen, step.for, step.because === 'stranger')
    case 'remove':
      return waiting(seen, step.pods[0], false)
    case 'record':
      return waiting(seen, step.to, false)
    case 'move':
    case 'open':
      return waitsForPod('The next pod is about to be started.')
    case 'rest':
      return waitsForPod('Waiting for the Deployment to make a pod.')
    default:
      return step satisfies never
  }
}

/** A granted pod behind its gate is starting: the scheduler's sentence about gates would only confuse. */
function ungatedView(pod: PodFact): PodFact {
  if (!pod.gated) return pod
  const { unschedulable: _hidden, ...rest } = pod
  return rest
}

function waiting(seen: Seen, ref: PodRef | undefined, isStranger: boolean): State {
  const pod = seen.pods.find((found) => found.uid === ref?.uid)
  if (pod === undefined)
    return troubled('HandoverPending', `Waiting for a proof that pod ${ref?.name ?? ''} has ended.`)
  if (!isStranger) return ending(pod, seen)
  const step = 'It has the labels of this workload, but another owner; delete it or its labels.'
  return troubled('HandoverPending', `Waiting for ${podOnNode(pod)} to end. ${step}`)
}

function grantedPod(seen: Seen): PodFact | undefined {
  const uid = 'grant' in seen.stored ? seen.stored.grant?.uid : undefined
  return uid === undefined ? undefined : seen.pods.find((pod) => pod.uid === uid)
}

function currentPod(seen: Seen): PodFact | undefined {
  return grantedPod(seen) ?? newest(seen.pods.filter((pod) => !pod.gated))
}

interface PodProblem {
  readonly sentence: string
  readonly isQuota: boolean
}

/** The ReplicaSet may not make the pod. Its other complaint, the progress deadline, is judged by ourselves. */
function podProblem(seen: Seen): PodProblem | undefined {
  const problem = deploymentOf(seen)?.problem
  if (problem?.reason !== 'FailedCreate' || unended(seen.pods, seen.gone).length > 0) return undefined
  return { sentence: problem.message, isQuota: problem.message.includes('exceeded quota') }
}

function deploymentOf(seen: Seen): DeploymentFact | undefined {
  const found = seen.children.find((fact) => fact.kind === 'Deployment' && fact.name === seen.resource.name)
  return found?.kind === 'Deployment' ? found : undefined
}

function verdictOf(seen: Seen, state: State): Verdict {
  const { spec } = seen.resource
  const health = runningHealth(state, hasReadinessProbe(spec))
  return {
    state,
    acceptance: acceptance(seen),
    exclusive: exclusiveOf({ strict: isStrict(seen), state, because: BECAUSE }, seen),
    suspended: isSuspended(seen),
    resume: resumeStep(spec),
    timeoutMs: parseDurationMs(spec.readinessTimeout) ?? DEFAULT_TIMEOUT_MS,
    ...(health === undefined ? {} : { health }),
  }
}

const BECAUSE = 'The pod before it had ended before this one was granted.'

function acceptance(seen: Seen): Acceptance {
  const { name, spec } = seen.resource
  const ports = spec.ports ?? []
  const needs = [
    { kind: 'Deployment' as const, name },
    ...(ports.length === 0 ? [] : [{ kind: 'Service' as const, name }]),
  ]
  const warnings = [...commonWarnings(spec), ...probeWarnings(spec), ...headlessWarnings(spec.service, ports, false)]
  const judged = acceptanceOf(seen, ownerOf(seen.resource), needs, warnings)
  const problem = podProblem(seen)
  if (judged.type === 'refused' || problem === undefined || problem.isQuota) return judged
  return { type: 'refused', reason: 'Forbidden', message: problem.sentence }
}

function resourcesOf(seen: Seen): readonly ResourceRef[] {
  return seen.children.flatMap((fact) => {
    if (fact.kind === 'Deployment') return [resourceRef(fact, isAsWanted(seen, fact))]
    return fact.kind === 'Service' ? [resourceRef(fact, true)] : []
  })
}

function isAsWanted(seen: Seen, fact: DeploymentFact): boolean {
  const wanted = isSuspended(seen) ? 0 : seen.resource.spec.replicas
  return fact.readyReplicas === wanted && fact.observedGeneration === fact.generation
}

type OwnFields = Pick<
  WorkloadServiceStatus,
  'replicas' | 'readyReplicas' | 'selector' | 'address' | 'effective' | 'lastHandledRestartAt'
>

function ownFields(seen: Seen): OwnFields {
  const { spec, namespace } = seen.resource
  return {
    ...countPods(seen),
    ...restartFields(seen, (asked) => liveDeployment(seen)?.restartedAt === asked),
    selector: selectorText(seen.resource),
    ...((spec.ports ?? []).length === 0 ? {} : { address: addressOf({ ...frontOf(seen), namespace }) }),
    effective: { ...effectiveOf(spec), readinessTimeout: spec.readinessTimeout },
  }
}
