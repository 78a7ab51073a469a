// Which scheduled times are still to come, and which were missed. PURE.
// Kubernetes makes up for one run only: the most recent one that was due, and only within startingDeadlineSeconds of its
// time. So a time that has passed was run, or may still run, or is missed. Times that were decided are in the status:
// `nextScheduleTime` is the first one without a verdict, and may lie in the past.
// It promises that what it counts was missed. It does not count what Kubernetes went past while nobody looked: that may
// have run, and its Job may have been cleaned up since.
import type { CronJobFact } from '#api/facts.ts'
import { parseTime } from '#lib/time.ts'
import type { Snapshot } from '../workload.ts'
import { liveCronJob } from './build.ts'
import { intervalOf, nextFireMs, type Schedule } from './schedule.ts'

type Seen = Snapshot<'WorkloadCronJob'>

export interface DueRuns {
  /** The next run: in the past while Kubernetes may still start it. Undefined when there is none within five years. */
  readonly nextMs?: number
  /** When something is decided, if nothing happens before. */
  readonly verdictMs?: number
  /** Times that were missed since the stored status was written, at most 100. */
  readonly missed: number
}

// Each costs a search through its day; whoever was away for longer is told that much.
const MOST_COUNTED = 100

export function dueRuns(seen: Seen): DueRuns {
  const schedule = scheduleOf(seen)
  const open = openTimes(seen, schedule)
  const comingMs = nextFireMs(schedule, seen.nowMs)
  const latestMs = open.at(-1)
  const endMs = (latestMs ?? 0) + seen.resource.spec.startingDeadlineSeconds * 1000
  if (latestMs !== undefined && seen.nowMs <= endMs && open.length < MOST_COUNTED)
    return { nextMs: latestMs, verdictMs: Math.min(endMs, comingMs ?? endMs), missed: open.length - 1 }
  return comingMs === undefined
    ? { missed: open.length }
    : { nextMs: comingMs, verdictMs: comingMs, missed: open.length }
}

/** What is in force: the spec may be ahead of it, while the resource is paused or its CronJob is refused. */
function scheduleOf(seen: Seen): Schedule {
  const { spec } = seen.resource
  const live = liveCronJob(seen)
  const anchorMs = parseTime(live?.lastScheduleTime) ?? live?.createdAtMs ?? seen.cr.createdAtMs
  const { schedule, timeZone = 'UTC' } = live ?? spec
  return { schedule, timeZone, anchorMs }
}

/** Times up to now that have no verdict yet, and that Kubernetes has not reached. */
function openTimes(seen: Seen, schedule: Schedule): readonly number[] {
  const live = liveCronJob(seen)
  const firstMs = firstTime(seen, schedule)
  if (live === undefined || firstMs === undefined || !isZoneKnown(live, schedule)) return []
  const ranMs = parseTime(live.lastScheduleTime) ?? 0
  // After an edit nothing tells when it was made: only the time that was announced counts.
  const most = isEdited(seen) ? 1 : MOST_COUNTED
  const times: number[] = []
  let ms: number | undefined = firstMs > ranMs ? firstMs : nextFireMs(schedule, ranMs)
  while (ms !== undefined && ms <= seen.nowMs && times.length < most) {
    times.push(ms)
    ms = nextFireMs(schedule, ms)
  }
  return times
}

function firstTime(seen: Seen, schedule: Schedule): number | undefined {
  const suspended = seen.stored.conditions?.find(({ type }) => type === 'Suspended')
  const sinceMs = parseTime(suspended?.lastTransitionTime)
  if (sinceMs !== undefined) return nextFireMs(schedule, sinceMs)
  const nextMs = parseTime('nextScheduleTime' in seen.stored ? seen.stored.nextScheduleTime : undefined)
  if (nextMs === undefined || !isEdited(seen)) return nextMs
  // What was due under the old schedule alone is not missed.
  return nextFireMs(schedule, nextMs - 1) === nextMs ? nextMs : undefined
}

function isEdited({ stored, cr }: Seen): boolean {
  return stored.observedGeneration !== cr.generation && !stored.conditions?.some(({ type }) => type === 'Suspended')
}

/** Without a zone, that of kube-controller-manager counts: UTC as far as its last run fits. */
function isZoneKnown({ timeZone, lastScheduleTime }: CronJobFact, schedule: Schedule): boolean {
  if (timeZone !== undefined || intervalOf(schedule.schedule) !== undefined) return true
  const ranMs = parseTime(lastScheduleTime)
  return ranMs !== undefined && nextFireMs(schedule, ranMs - 1) === ranMs
}
