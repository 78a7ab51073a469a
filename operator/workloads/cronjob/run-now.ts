// A run that somebody asked for by annotation on the resource: one Job, made by the operator, owned by the CronJob.
// The CronJob controller does not count a Job that it did not create. So, unless runs may overlap, the schedule is
// suspended, every run has ended, and only then the Job is created; the schedule goes on when that Job has finished.
// Every step follows from what exists: the Job's name is made from the request, so that a second creation meets a 409.
import type { CronJobFact, JobFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { hash16 } from '#lib/hash.ts'
import { unended } from '../parts/proof.ts'
import { askedFor, isRecordedOnly } from '../parts/restart.ts'
import type { Snapshot } from '../workload.ts'
import { buildJob, isStrict, liveCronJob } from './build.ts'
import { activeJobs, ownJobs } from './runs.ts'

type Seen = Snapshot<'WorkloadCronJob'>

export type ManualRun =
  | { readonly type: 'none' }
  /** The schedule is suspended until nothing of it may still start. */
  | { readonly type: 'wait'; readonly lookAgainMs: number }
  | { readonly type: 'start'; readonly job: Child; readonly suspends: boolean }
  /** The schedule is suspended until the run has finished. */
  | { readonly type: 'running' }

// The CronJob controller may have read the version before the suspension: by then it has acted on it.
const SETTLE_MS = 5000
const CONFIRM_MS = 1000

export function manualRun(seen: Seen): ManualRun {
  const asked = pendingRun(seen)
  if (asked === undefined || jobOf(asked, seen) !== undefined)
    return runsManually(seen) ? { type: 'running' } : { type: 'none' }
  const live = liveCronJob(seen)
  if (live === undefined || live.deleting || live.controller?.uid !== seen.cr.uid) return waitFor(CONFIRM_MS)
  const suspends = !mayOverlap(seen)
  const hindrance = suspends ? hindranceOf(seen, live) : undefined
  return hindrance ?? { type: 'start', job: buildJob(seen, jobName(seen, asked), live), suspends }
}

/** Something of the schedule may still run or start. */
function hindranceOf(seen: Seen, live: CronJobFact): ManualRun | undefined {
  const lastedMs = live.suspended ? seen.suspendedForMs : undefined
  if (lastedMs === undefined) return waitFor(CONFIRM_MS)
  if (lastedMs < SETTLE_MS) return waitFor(SETTLE_MS - lastedMs)
  const isIdle = activeJobs(seen).length === 0 && live.activeJobs.length === 0
  // Their events bring the workload back.
  return isIdle && unended(seen.pods, seen.gone).length === 0 ? undefined : { type: 'running' }
}

export function runFields(seen: Seen): { readonly lastHandledRunNow?: string } {
  const asked = askedFor(seen, annotation.runNow)
  const isHandled = asked !== undefined && (isRecordedOnly(seen) || jobOf(asked, seen) !== undefined)
  const handled = isHandled ? asked : handledRun(seen)
  return handled === undefined ? {} : { lastHandledRunNow: handled }
}

/** `<name>-m<8 hex>`; the CronJob controller makes `<name>-<minutes since 1970>`. */
export function isManual(job: string, seen: Seen): boolean {
  const { name } = seen.resource
  return job.startsWith(`${name}-`) && /^m[0-9a-f]{8}$/.test(job.slice(name.length + 1))
}

function waitFor(lookAgainMs: number): ManualRun {
  return { type: 'wait', lookAgainMs }
}

function pendingRun(seen: Seen): string | undefined {
  const asked = askedFor(seen, annotation.runNow)
  return asked === handledRun(seen) || isRecordedOnly(seen) ? undefined : asked
}

function handledRun({ stored }: Seen): string | undefined {
  return 'lastHandledRunNow' in stored ? stored.lastHandledRunNow : undefined
}

function mayOverlap(seen: Seen): boolean {
  return !isStrict(seen) && seen.resource.spec.concurrencyPolicy !== 'Forbid'
}

function runsManually(seen: Seen): boolean {
  return !mayOverlap(seen) && activeJobs(seen).some((job) => isManual(job.name, seen))
}

function jobName({ resource }: Seen, asked: string): string {
  return `${resource.name}-m${hash16(asked).slice(0, 8)}`
}

function jobOf(asked: string, seen: Seen): JobFact | undefined {
  const name = jobName(seen, asked)
  return ownJobs(seen).find((job) => job.name === name)
}
