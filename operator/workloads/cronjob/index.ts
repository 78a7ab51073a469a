// WorkloadCronJob: a native CronJob. Kubernetes fires the ticks and keeps runs apart; the operator creates or resumes
// the schedule only when no other pod of the workload may still run.
import type { PodFact } from '#api/facts.ts'
import { hold, nothing, place, together } from '../parts/desired.ts'
import { ownerOf } from '../parts/owner.ts'
import { unended } from '../parts/proof.ts'
import { stopOf } from '../parts/state.ts'
import type { Desired, Snapshot, WorkloadDefinition } from '../workload.ts'
import { buildCronJob, isStrict, liveCronJob } from './build.ts'
import { manualRun, type ManualRun } from './run-now.ts'
import { ownJobs } from './runs.ts'
import { report } from './status.ts'

type Seen = Snapshot<'WorkloadCronJob'>

export const cronJob: WorkloadDefinition<'WorkloadCronJob'> = {
  kind: 'WorkloadCronJob',
  desired,
  status: (seen) => report(seen, isHeld(seen) ? foreignPods(seen)[0] : undefined),
}

function desired(seen: Seen): Desired {
  const owner = ownerOf(seen.resource)
  const stop = stopOf(seen, seen.resource.spec.suspend)
  // On standby there is no CronJob at all: a resumed one would catch up on a tick that the other cluster has run.
  if (stop === 'standby') return nothing
  const isHeldBack = isHeld(seen)
  const run = manualRun(seen)
  const child = buildCronJob(seen, stop === 'suspended' || isHeldBack || isSuspendedBy(run))
  const schedule = isHeldBack && liveCronJob(seen) === undefined ? hold(child) : place(child, seen, owner)
  // After the schedule: it is suspended, or this very pass finds that it is not.
  const placed = run.type === 'start' ? together(schedule, { ...nothing, children: [run.job] }) : schedule
  return { ...placed, ...(run.type === 'wait' ? { requeueAfterMs: run.lookAgainMs } : {}) }
}

function isSuspendedBy(run: ManualRun): boolean {
  return run.type === 'start' ? run.suspends : run.type !== 'none'
}

/** Before the CronJob is created or resumed. */
function isHeld(seen: Seen): boolean {
  if (!isStrict(seen) || stopOf(seen, seen.resource.spec.suspend) !== undefined) return false
  return liveCronJob(seen)?.suspended !== false && foreignPods(seen).length > 0
}

/** Unended pods that the live CronJob does not count: its own runs it keeps apart by itself. */
function foreignPods(seen: Seen): readonly PodFact[] {
  const jobs = new Set(ownJobs(seen).map((job) => job.uid))
  return unended(seen.pods, seen.gone).filter((pod) => !jobs.has(pod.controller?.uid ?? ''))
}
