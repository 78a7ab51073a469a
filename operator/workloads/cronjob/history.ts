// The last runs, newest first, for people. Jobs that Kubernetes has cleaned up are remembered by the stored status.
import type { JobFact } from '#api/facts.ts'
import type { Run } from '#api/generated/kinds.ts'
import { formatTime } from '#lib/time.ts'
import type { Snapshot } from '../workload.ts'
import { isManual } from './run-now.ts'
import { ownJobs } from './runs.ts'

type Seen = Snapshot<'WorkloadCronJob'>

const MOST_RUNS = 10

export function runHistory(seen: Seen): readonly Run[] {
  const live = ownJobs(seen).map((job) => runOf(job, seen))
  const names = new Set(live.map(({ job }) => job))
  const stored = 'runs' in seen.stored ? (seen.stored.runs ?? []) : []
  const remembered = stored.filter(({ job }) => !names.has(job)).map(asEnded)
  return [...live, ...remembered].toSorted(newestFirst).slice(0, MOST_RUNS)
}

function runOf(job: JobFact, seen: Seen): Run {
  return {
    job: job.name,
    trigger: isManual(job.name, seen) ? 'Manual' : 'Schedule',
    ...timeField('scheduledAt', job.scheduledAtMs),
    ...timeField('startedAt', job.startedAtMs),
    ...timeField('finishedAt', job.finishedAtMs),
    result: job.result,
    ...(job.message === undefined || job.result !== 'Failed' ? {} : { message: job.message }),
  }
}

function timeField<Name extends string>(name: Name, ms: number | undefined): { readonly [N in Name]?: string } {
  const field: { [N in Name]?: string } = {}
  if (ms !== undefined) field[name] = formatTime(ms)
  return field
}

/** Nobody will ever report its end. */
function asEnded(run: Run): Run {
  return run.result === 'Running'
    ? { ...run, result: 'Failed', message: 'The Job was deleted before it had finished.' }
    : run
}

/** Times have one form, so they compare as text; names break a tie. */
function newestFirst(a: Run, b: Run): number {
  const [first, second] = [orderOf(a), orderOf(b)]
  return first < second ? 1 : -1
}

function orderOf({ startedAt, scheduledAt, job }: Run): string {
  return `${startedAt ?? scheduledAt ?? ''} ${job}`
}
