// The status of a WorkloadProcess.
import type { PodFact } from '#api/facts.ts'
import { appliedHash } from '#api/child.ts'
import type { Completion, ResourceRef, WorkloadProcessStatus } from '#api/generated/kinds.ts'
import { formatTime } from '#lib/time.ts'
import { acceptanceOf, quotaState } from '../parts/acceptance.ts'
import { DEFAULT_TIMEOUT_MS, soonest } from '../parts/conditions.ts'
import { exclusiveOf } from '../parts/exclusive.ts'
import { podName } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import { isPaused, resumeStep } from '../parts/pause.ts'
import { ending, endSentence, exitSentence, podState } from '../parts/pod-state.ts'
import { isUnreachable, unended } from '../parts/proof.ts'
import { hasReadinessProbe } from '../parts/probes.ts'
import { restartFields } from '../parts/restart.ts'
import { addressOf } from '../parts/service.ts'
import { runningHealth, resting, stopped, troubled, type State } from '../parts/state.ts'
import { buildHead, effectiveOf, newest, resourceRef } from '../parts/status.ts'
import { commonWarnings } from '../parts/warnings.ts'
import type { Reported, Snapshot } from '../workload.ts'
import { buildPod, frontOf, livePod } from './build.ts'
import { completionOf, type Step } from './life.ts'
import { forgivenInMs, isFinishing, isGivenUp, lastFailed, recentRestarts, wasTakenAway } from './restarts.ts'

type Seen = Snapshot<'WorkloadProcess'>

export function report(seen: Seen, step: Step): Reported {
  const state = quotaState(seen) ?? stateOf(seen, step)
  const pod = currentPod(seen, step)
  const built = buildHead({ verdict: verdictOf(seen, state), pod, resources: resourcesOf(seen, step) }, seen)
  const requeueAfterMs = soonest([built.requeueAfterMs, lookAgainMs(seen, step), forgivenInMs(seen, pod)])
  return {
    status: { ...built.head, ...ownFields(seen, step, pod) },
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  }
}

function verdictOf(seen: Seen, state: State) {
  const { spec, name } = seen.resource
  const needs = [{ kind: 'Pod' as const, name: podName(name) }, ...needsService(seen)]
  const health = runningHealth(state, hasReadinessProbe(spec))
  return {
    state,
    acceptance: acceptanceOf(seen, ownerOf(seen.resource), needs, commonWarnings(spec)),
    exclusive: exclusiveOf({ strict: true, state, because: `Only one pod can have the name ${podName(name)}.` }, seen),
    suspended: spec.suspend,
    resume: resumeStep(spec),
    timeoutMs: DEFAULT_TIMEOUT_MS,
    ...(health === undefined ? {} : { health }),
  }
}

function needsService({ resource }: Seen) {
  return (resource.spec.ports ?? []).length === 0 ? [] : [{ kind: 'Service' as const, name: resource.name }]
}

function stateOf(seen: Seen, step: Step): State {
  if (isLiving(step)) return livingState(seen, step)
  return isFinal(step) ? finalState(seen, step) : betweenPods(seen, step)
}

type Living = Extract<Step, { readonly type: 'keep' | 'replace' | 'wait' }>

function isLiving(step: Step): step is Living {
  return step.type === 'keep' || step.type === 'replace' || step.type === 'wait'
}

type Final = Extract<Step, { readonly type: 'completed' | 'give-up' | 'stop' }>

function isFinal(step: Step): step is Final {
  return step.type === 'completed' || step.type === 'give-up' || step.type === 'stop'
}

function finalState(seen: Seen, step: Final): State {
  switch (step.type) {
    case 'completed':
      return resting('Completed', COMPLETED)
    case 'give-up':
      return givenUp(seen, step.pod)
    case 'stop':
      return stopping(seen, stopped(step.stop))
    default:
      return step satisfies never
  }
}

const COMPLETED = 'The process has ended with exit code 0. It runs again after a change of its spec.'

function livingState(seen: Seen, step: Living): State {
  // Refused by the dry run, or not looked at while paused: the old instance stays, and is judged as it is.
  const isKept = isPaused(seen) || seen.findings.refused !== undefined
  const stays = step.type === 'keep' || (step.type === 'replace' && isKept)
  if (!stays) return ending(step.pod, seen)
  return isFinishing(seen, step.pod) && !isUnreachable(step.pod, seen) ? finishing(step.pod) : podState(step.pod, seen)
}

/** The verdict is in, the pod is still there. */
function finishing(pod: PodFact): State {
  const verdict = pod.main?.exitCode === 0 ? resting('Completed', COMPLETED) : failed(pod)
  return { ...verdict, active: true }
}

type Between = Exclude<Step, Living | Final>

function betweenPods(seen: Seen, step: Between): State {
  const pod = 'pod' in step ? step.pod : undefined
  if (pod === undefined) return lastFailed(seen) ? failed() : nothingYet()
  return pod.phase === 'Failed' && !wasTakenAway(pod) ? failed(pod) : nothingYet()
}

/** Between the end of a pod and its replacement: nothing is active. Remembered so that the restart is counted. */
function failed(pod?: PodFact): State {
  const which = pod === undefined ? 'The process' : `Pod ${pod.name}`
  const logs = pod === undefined ? '' : ` Its output is shown by: kubectl logs ${pod.name} -n ${pod.namespace}`
  const message = `${which} has failed${exitSentence(pod?.main)}; it is started again after the back-off.${logs}`
  return { ...troubled('CrashLoop', message), active: false }
}

function nothingYet(): State {
  return { ...troubled('Starting', 'The pod is about to be created.'), active: false }
}

function givenUp(seen: Seen, pod: PodFact | undefined): State {
  const limit = seen.resource.spec.maxRestarts ?? 0
  const end = lastEnd(seen, pod)
  const story =
    limit === 0
      ? `failed${end}, and maxRestarts allows no restart`
      : `was restarted ${limit} times in a row and failed again${end}`
  const message = `The process ${story}, so it was given up. Change the spec to try again.`
  return { reason: 'RestartLimitReached', message, active: false, healthy: false, progress: 'stuck' }
}

/** The same words whether the pod is still there or not. */
function lastEnd({ stored }: Seen, pod: PodFact | undefined): string {
  if (pod !== undefined) return exitSentence(pod.main)
  const { exitCode, lastTerminationReason } = stored.instance ?? {}
  return endSentence(exitCode, lastTerminationReason)
}

/** Stopped only when everything has ended. */
function stopping(seen: Seen, state: State): State {
  const [pod] = unended(seen.pods, seen.gone)
  return pod === undefined ? state : ending(pod, seen)
}

function lookAgainMs(seen: Seen, step: Step): number | undefined {
  if (step.type === 'backoff') return step.leftMs
  // The pod is removed once the verdict is stored; our own status write comes back as no event.
  return step.type === 'give-up' && step.pod !== undefined && !isGivenUp(seen) ? 1000 : undefined
}

/** The pod whose story the status tells: ours of that name, else the newest of the workload. */
function currentPod(seen: Seen, step: Step): PodFact | undefined {
  if ('pod' in step && step.pod !== undefined) return step.pod
  return seen.pods.find((pod) => pod.name === podName(seen.resource.name)) ?? newest(seen.pods)
}

function resourcesOf(seen: Seen, step: Step): readonly ResourceRef[] {
  return seen.children.flatMap((fact) => {
    if (fact.kind === 'Pod') return [resourceRef(fact, fact.ready || step.type === 'completed')]
    return fact.kind === 'Service' ? [resourceRef(fact, true)] : []
  })
}

type OwnFields = Pick<
  WorkloadProcessStatus,
  'recentRestarts' | 'completion' | 'address' | 'effective' | 'lastHandledRestartAt'
>

function ownFields(seen: Seen, step: Step, pod: PodFact | undefined): OwnFields {
  const { spec, namespace } = seen.resource
  const completion = completed(seen, step)
  const effective = {
    ...effectiveOf(spec),
    restartPolicy: spec.restartPolicy,
    restartWindow: spec.restartWindow,
    backoff: `${spec.backoff.initial} to ${spec.backoff.max}`,
  }
  return {
    recentRestarts: recentRestarts(seen, pod),
    ...restartFields(seen, (asked) => livePod(seen)?.restartedAt === asked),
    ...(completion === undefined ? {} : { completion }),
    ...((spec.ports ?? []).length === 0 ? {} : { address: addressOf({ ...frontOf(seen), namespace }) }),
    effective,
  }
}

/** Remembered when the pod object is cleaned up, and while the workload is suspended or a stranger has its name. */
function completed(seen: Seen, step: Step): Completion | undefined {
  const stored = completionOf(seen)
  if (step.type === 'stop' || step.type === 'conflict') return stored
  if (step.type !== 'completed') return undefined
  if (step.pod === undefined) return stored
  const applied = step.pod.applied === '' ? appliedHash(buildPod(seen)) : step.pod.applied
  if (stored?.applied === applied) return stored
  return { at: formatTime(step.pod.main?.finishedAtMs ?? seen.nowMs), applied }
}
