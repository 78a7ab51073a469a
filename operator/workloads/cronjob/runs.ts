// The runs of a WorkloadCronJob, as its Jobs and the native CronJob show them.
import type { JobFact, PodFact } from '#api/facts.ts'
import { parseTime } from '#lib/time.ts'
import { unended } from '../parts/proof.ts'
import { newest } from '../parts/status.ts'
import type { Snapshot } from '../workload.ts'
import { liveCronJob } from './build.ts'

type Seen = Snapshot<'WorkloadCronJob'>

/** Jobs that the live CronJob made. One without an owner, left by --cascade=orphan, is nobody's: it is waited for. */
export function ownJobs(seen: Seen): readonly JobFact[] {
  const uid = liveCronJob(seen)?.uid
  if (uid === undefined) return []
  return seen.others.flatMap((fact) => (fact.kind === 'Job' && fact.controller?.uid === uid ? [fact] : []))
}

export function activeJobs(seen: Seen): readonly JobFact[] {
  return ownJobs(seen)
    .filter((job) => job.result === 'Running')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** When the last run of each outcome ended. Older than the history limits keep: the stored status remembers. */
export interface LastRuns {
  readonly successMs?: number
  readonly failureMs?: number
}

export function lastRuns(seen: Seen): LastRuns {
  const stored = 'lastFailureTime' in seen.stored || 'lastSuccessfulTime' in seen.stored ? seen.stored : {}
  const successMs = latest([
    ...endsOf(seen, 'Succeeded'),
    parseTime(liveCronJob(seen)?.lastSuccessfulTime),
    parseTime('lastSuccessfulTime' in stored ? stored.lastSuccessfulTime : undefined),
  ])
  const failureMs = latest([
    ...endsOf(seen, 'Failed'),
    parseTime('lastFailureTime' in stored ? stored.lastFailureTime : undefined),
  ])
  return { ...(successMs === undefined ? {} : { successMs }), ...(failureMs === undefined ? {} : { failureMs }) }
}

function endsOf(seen: Seen, result: JobFact['result']): readonly (number | undefined)[] {
  return ownJobs(seen)
    .filter((job) => job.result === result)
    .map(endOf)
}

function endOf(job: JobFact): number {
  return job.finishedAtMs ?? job.startedAtMs ?? job.createdAtMs
}

/** As long as it is kept. */
export function lastFailedJob(seen: Seen): JobFact | undefined {
  return ownJobs(seen)
    .filter((job) => job.result === 'Failed')
    .toSorted((a, b) => endOf(b) - endOf(a) || (a.name < b.name ? -1 : 1))[0]
}

/** Of the active run, else of the last one. */
export function currentPod(seen: Seen): PodFact | undefined {
  return newest(unended(seen.pods, seen.gone)) ?? newest(seen.pods)
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
