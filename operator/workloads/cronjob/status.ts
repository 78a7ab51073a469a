// The status of a WorkloadCronJob.
import type { ResourceRef, WorkloadCronJobStatus } from '#api/generated/kinds.ts'
import type { JobFact, PodFact } from '#api/facts.ts'
import type { ExclusiveReason, ReadyReason, RunReason } from '#api/reasons.ts'
import { formatTime } from '#lib/time.ts'
import { acceptanceOf, quotaState } from '../parts/acceptance.ts'
import { DEFAULT_TIMEOUT_MS, soonest, type Statement, type Verdict } from '../parts/conditions.ts'
import { exclusiveOf } from '../parts/exclusive.ts'
import { ownerOf } from '../parts/owner.ts'
import { resumeStep } from '../parts/pause.ts'
import { ending, podState } from '../parts/pod-state.ts'
import { unended } from '../parts/proof.ts'
import { waitsForPod } from '../parts/server-state.ts'
import { stopOf, stopped, type State } from '../parts/state.ts'
import { buildHead, effectiveOf, resourceRef } from '../parts/status.ts'
import { commonWarnings } from '../parts/warnings.ts'
import type { Reported, Snapshot } from '../workload.ts'
import { isStrict, liveCronJob } from './build.ts'
import { dueRuns, type DueRuns } from './due-runs.ts'
import { runHistory } from './history.ts'
import { runFields } from './run-now.ts'
import { activeJobs, currentPod, lastFailedJob, lastRuns } from './runs.ts'
import { neverFires } from './schedule.ts'

type Seen = Snapshot<'WorkloadCronJob'>

/** `waitsFor`: a pod that holds back the schedule. */
export function report(seen: Seen, waitsFor: PodFact | undefined): Reported {
  const state = stateOf(seen, waitsFor)
  const due = state.active ? dueRuns(seen) : { missed: 0 }
  const resources = resourcesOf(seen)
  const built = buildHead({ verdict: verdictOf(seen, state), pod: currentPod(seen), resources }, seen)
  // A run that does not come causes no event, and the next time has to move on all the same.
  const requeueAfterMs = soonest([built.requeueAfterMs, lookAgainMs(due, seen.nowMs)])
  return {
    status: { ...built.head, ...ownFields(seen, due) },
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  }
}

const DAY_MS = 86_400_000

/** A second after the verdict; once a day is enough for what lies far ahead. */
function lookAgainMs({ verdictMs }: DueRuns, nowMs: number): number | undefined {
  return verdictMs === undefined ? undefined : Math.min(verdictMs + 1000 - nowMs, DAY_MS)
}

function stateOf(seen: Seen, waitsFor: PodFact | undefined): State {
  const stop = stopOf(seen, seen.resource.spec.suspend)
  // The active run of a suspended schedule ends by itself; before standby it has to be gone.
  if (stop === 'suspended') return stopped(stop)
  if (stop === 'standby') return standby(seen)
  if (waitsFor !== undefined) return ending(waitsFor, seen)
  const held = quotaState(seen)
  if (held !== undefined) return held
  if (ourCronJob(seen) === undefined) return waitsForPod('The CronJob is about to be created.')
  return runTrouble(seen) ?? scheduled(seen)
}

function standby(seen: Seen): State {
  const [pod] = unended(seen.pods, seen.gone)
  return pod === undefined ? stopped('standby') : ending(pod, seen)
}

/** What keeps a run from its work and will not end by itself; a failing run is a matter of its retries. */
const troubles: ReadonlySet<ReadyReason> = new Set([
  'NodeUnreachable',
  'ImagePullFailed',
  'ConfigMissing',
  'Unschedulable',
  'VolumePending',
])

function runTrouble(seen: Seen): State | undefined {
  return unended(seen.pods, seen.gone)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((pod) => podState(pod, seen))
    .find((state) => troubles.has(state.reason))
}

function scheduled(seen: Seen): State {
  const healthy = !hasLastFailed(seen)
  return { reason: 'Scheduled', message: 'The schedule is in force.', active: true, healthy, progress: 'settled' }
}

function hasLastFailed(seen: Seen): boolean {
  const { successMs, failureMs } = lastRuns(seen)
  return failureMs !== undefined && (successMs === undefined || failureMs > successMs)
}

function ourCronJob(seen: Seen) {
  const { name } = seen.resource
  return seen.children.find((fact) => fact.kind === 'CronJob' && fact.name === name && !fact.deleting)
}

function verdictOf(seen: Seen, state: State): Verdict {
  const { spec, name } = seen.resource
  const needs = [{ kind: 'CronJob' as const, name }]
  const warnings = [...commonWarnings(spec), ...scheduleWarnings(seen)]
  const health = state.reason === 'Scheduled' ? healthOf(seen) : undefined
  return {
    state,
    acceptance: acceptanceOf(seen, ownerOf(seen.resource), needs, warnings),
    exclusive: exclusive(seen, state),
    suspended: spec.suspend,
    resume: resumeStep(spec),
    timeoutMs: DEFAULT_TIMEOUT_MS,
    ...(health === undefined ? {} : { health }),
  }
}

function exclusive(seen: Seen, state: State): Statement<ExclusiveReason> {
  const strict = isStrict(seen)
  const said = exclusiveOf({ strict, state, because: 'A run that is due while another one runs is skipped.' }, seen)
  const names = activeJobs(seen).map((job) => job.name)
  if (!strict || said.status !== 'True' || names.length < 2) return said
  const message = `Jobs ${names.join(' and ')} are unfinished at once. Delete the one that should not run.`
  return { status: 'False', reason: 'OverlapDetected', message }
}

function healthOf(seen: Seen): { readonly reason: RunReason; readonly message: string } {
  const { successMs, failureMs } = lastRuns(seen)
  if (hasLastFailed(seen))
    return { reason: 'LastRunFailed', message: failureSentence(lastFailedJob(seen), seen.cr.namespace) }
  if (successMs === undefined && failureMs === undefined)
    return { reason: 'NoRunYet', message: 'No run has finished yet.' }
  return { reason: 'LastRunSucceeded', message: 'The last run succeeded.' }
}

/** Without a Job: the history limit has taken it away. */
function failureSentence(job: JobFact | undefined, namespace: string): string {
  const why = job?.message === undefined ? '' : `: ${job.message}`
  const where = job === undefined ? 'get jobs' : `describe job ${job.name}`
  return `The last run failed${why}. See: kubectl ${where} -n ${namespace}`
}

function scheduleWarnings({ resource, nowMs }: Seen): readonly string[] {
  const { schedule, ttlSecondsAfterFinished: ttl, startingDeadlineSeconds: deadline } = resource.spec
  const never = `Schedule '${schedule}' does not fire within five years. Check its day and month.`
  // The name of a Job keeps its time from being run again, as long as the Job is there.
  const forgotten =
    `A finished run is deleted after ${ttl} s, while its time can still be made up for (${deadline} s). ` +
    'Set ttlSecondsAfterFinished to startingDeadlineSeconds or more.'
  return [...(neverFires(schedule, nowMs) ? [never] : []), ...(ttl !== undefined && ttl < deadline ? [forgotten] : [])]
}

function resourcesOf(seen: Seen): readonly ResourceRef[] {
  return seen.children.flatMap((fact) => (fact.kind === 'CronJob' ? [resourceRef(fact, true)] : []))
}

type OwnFields = Pick<
  WorkloadCronJobStatus,
  | 'lastScheduleTime'
  | 'lastSuccessfulTime'
  | 'lastFailureTime'
  | 'nextScheduleTime'
  | 'missedRuns'
  | 'activeJobs'
  | 'runs'
  | 'lastHandledRunNow'
  | 'effective'
>

const MOST_JOBS = 16

function ownFields(seen: Seen, { nextMs, missed }: DueRuns): OwnFields {
  const { restartPolicy, concurrencyPolicy, startingDeadlineSeconds, backoffLimit } = seen.resource.spec
  const { successMs, failureMs } = lastRuns(seen)
  const missedRuns = ('missedRuns' in seen.stored ? (seen.stored.missedRuns ?? 0) : 0) + missed
  const scheduleTime = liveCronJob(seen)?.lastScheduleTime ?? storedScheduleTime(seen)
  return {
    ...(scheduleTime === undefined ? {} : { lastScheduleTime: scheduleTime }),
    ...(successMs === undefined ? {} : { lastSuccessfulTime: formatTime(successMs) }),
    ...(failureMs === undefined ? {} : { lastFailureTime: formatTime(failureMs) }),
    ...(nextMs === undefined ? {} : { nextScheduleTime: formatTime(nextMs) }),
    // Left out while there is none: an operator that learns to count rewrites no status.
    ...(missedRuns === 0 ? {} : { missedRuns }),
    ...runFields(seen),
    runs: runHistory(seen),
    activeJobs: activeJobs(seen)
      .map((job) => job.name)
      .slice(0, MOST_JOBS),
    effective: {
      ...effectiveOf(seen.resource.spec),
      restartPolicy,
      concurrencyPolicy,
      startingDeadlineSeconds,
      backoffLimit,
    },
  }
}

/** While no CronJob exists: what was true of the last one. */
function storedScheduleTime(seen: Seen): string | undefined {
  return 'lastScheduleTime' in seen.stored ? seen.stored.lastScheduleTime : undefined
}
