// Which Events a change of status makes. PURE: the stored status, the new one → Events, on transitions only.
// It promises that equal statuses make none, whatever their times and leaders. It does not promise that an Event is
// made once: whoever reads a status that was not stored yet must remember what was said.
import type { Condition, KindName, Statuses } from '#api/generated/kinds.ts'
import type { StatusPatch, WorkloadEvent } from '#api/ports.ts'
import type { ConditionReason, EventReason } from '#api/reasons.ts'
import type { Answer } from '#workloads/workload.ts'
import { isUnasked } from '#workloads/parts/history.ts'
import { failoverEvents } from './failover-events.ts'
import { volumeEvents } from './volume-events.ts'

type Before = Partial<Statuses[KindName]> | StatusPatch

export interface StatusChange {
  readonly kind: KindName
  readonly before: Before
  readonly after: StatusPatch
  /** Objects that got an owner in this reconcile. */
  readonly adopted: readonly string[]
  readonly answer?: Answer
}

export function eventsOf(change: StatusChange): readonly WorkloadEvent[] {
  return [
    ...adoptions(change),
    ...conditionEvents(change),
    ...resumption(change),
    ...failoverEvents(change),
    ...instanceEvents(change),
    ...runEvents(change),
    ...restartEvents(change),
    ...answerEvents(change),
    ...volumeEvents(change),
  ]
}

type Kind = Omit<WorkloadEvent, 'note'>

const normal = (reason: EventReason, action: string): Kind => ({ type: 'Normal', reason, action })
const warning = (reason: EventReason, action: string): Kind => ({ type: 'Warning', reason, action })

const waiting = warning('WaitingForOldInstance', 'Waiting')

/** Type and reason of a condition → the Event of getting there. The note is the message of the condition. */
const byReason: ReadonlyMap<string, Kind> = new Map<`${string}/${ConditionReason}`, Kind>([
  ['Ready/Completed', normal('Completed', 'Watching')],
  ['Ready/HandoverPending', waiting],
  ['Ready/NodeUnreachable', waiting],
  ['Ready/Unhealthy', warning('Unhealthy', 'Watching')],
  ['Ready/CrashLoop', warning('CrashLoop', 'Watching')],
  ['Ready/RestartLimitReached', warning('RestartLimitReached', 'Stopping')],
  ['Accepted/NameConflict', warning('NameConflict', 'Creating')],
  ['Accepted/ClaimedByOtherTenant', warning('ClaimedByOtherTenant', 'Watching')],
  ['Exclusive/OverlapDetected', warning('OverlapDetected', 'Waiting')],
  ['Exclusive/AtMostOneWaived', warning('AtMostOneWaived', 'Starting')],
  ['Suspended/SuspendedByUser', normal('Suspended', 'Stopping')],
  ['Paused/PausedByAnnotation', normal('Paused', 'Waiting')],
])

function conditionEvents({ before, after }: StatusChange): readonly WorkloadEvent[] {
  return (after.conditions ?? []).flatMap((condition) => {
    const old = conditionOf(before, condition.type)
    const kind = kindOf(condition)
    if (kind === undefined || (old?.reason === condition.reason && old.status === condition.status)) return []
    return [{ ...kind, note: condition.message }]
  })
}

function kindOf({ type, status, reason }: Condition): Kind | undefined {
  const isRefused = type === 'Accepted' && status === 'False'
  return byReason.get(`${type}/${reason}`) ?? (isRefused ? warning('SpecRejected', 'Validating') : undefined)
}

function resumption({ before, after }: StatusChange): readonly WorkloadEvent[] {
  const wasSuspended = conditionOf(before, 'Suspended')?.status === 'True'
  if (!wasSuspended || conditionOf(after, 'Suspended')?.status === 'True') return []
  return [{ ...normal('Resumed', 'Starting'), note: 'The workload is no longer suspended.' }]
}

function adoptions({ adopted }: StatusChange): readonly WorkloadEvent[] {
  return adopted.map((name) => ({
    ...normal('Adopted', 'Adopting'),
    note: `${name} had no owner and belongs to this workload now.`,
  }))
}

/** Of a CronJob the runs are told instead. */
function instanceEvents({ kind, before, after }: StatusChange): readonly WorkloadEvent[] {
  const [old, next] = [before.instance, after.instance]
  if (kind === 'WorkloadCronJob' || next === undefined || !after.active || old?.podUID === next.podUID) return []
  if (old === undefined || before.active !== true || isFailover(old.podUID, after))
    return [{ ...normal('Started', 'Starting'), note: `Pod ${next.pod} is the instance.` }]
  const note =
    next.pod === old.pod
      ? `A new pod ${next.pod} follows the one before, which has ended.`
      : `Pod ${next.pod} follows pod ${old.pod}, which has ended.`
  return [{ ...normal('Handover', 'Starting'), note }]
}

/** The old instance ended though nobody asked for another one: the move has Events of its own. */
function isFailover(old: string, after: StatusPatch): boolean {
  const history = 'history' in after ? after.history : undefined
  return isUnasked(history?.find(({ podUID }) => podUID === old))
}

/** Of a resource that is not active, or is looked at for the first time, requests are recorded only. */
function restartEvents({ before, after }: StatusChange): readonly WorkloadEvent[] {
  const [old, next] = [handledRestart(before), handledRestart(after)]
  const isRecordedOnly = before.conditions === undefined || conditionOf(after, 'Ready')?.reason === 'Standby'
  if (next === undefined || next === old || isRecordedOnly) return []
  return [{ ...normal('RestartRequested', 'Restarting'), note: `A new instance was asked for: ${next}` }]
}

function answerEvents({ before, after, answer }: StatusChange): readonly WorkloadEvent[] {
  if (answer === undefined || before.lastHandledConfirmDead === after.lastHandledConfirmDead) return []
  const kind = answer.isRefused ? warning('ConfirmDeadRefused', 'Refusing') : normal('ConfirmedDead', 'Deleting')
  return [{ ...kind, note: answer.note }]
}

function handledRestart(status: Before): string | undefined {
  return 'lastHandledRestartAt' in status ? status.lastHandledRestartAt : undefined
}

function runEvents({ kind, before, after }: StatusChange): readonly WorkloadEvent[] {
  if (kind !== 'WorkloadCronJob') return []
  const [old, next] = [runsOf(before), runsOf(after)]
  const started = next.activeJobs.filter((job) => !old.activeJobs.includes(job))
  const events = started.map((job) => ({ ...normal('RunStarted', 'Watching'), note: `Job ${job} has started.` }))
  if (next.missed > old.missed) events.push(missedEvent(old, next))
  // Runs that had ended before the first look are nobody's news.
  if (before.conditions === undefined) return events
  if (next.succeededAt !== undefined && next.succeededAt !== old.succeededAt)
    events.push({ ...normal('RunSucceeded', 'Watching'), note: `A run succeeded at ${next.succeededAt}.` })
  if (next.failedAt !== undefined && next.failedAt !== old.failedAt)
    events.push({ ...warning('RunFailed', 'Watching'), note: `A run failed at ${next.failedAt}.` })
  return events
}

function missedEvent(old: Runs, next: Runs): WorkloadEvent {
  const count = next.missed - old.missed
  const what = count === 1 ? 'A run that was due was' : `${count} runs that were due were`
  const why = next.activeJobs[0] ?? old.activeJobs[0]
  const advice =
    why === undefined
      ? 'Look whether the schedule was suspended and whether kube-controller-manager works.'
      : `Job ${why} was still active; make the runs shorter or the schedule wider.`
  return { ...warning('RunMissed', 'Watching'), note: `${what} missed. ${advice}` }
}

interface Runs {
  readonly missed: number
  readonly activeJobs: readonly string[]
  readonly succeededAt: string | undefined
  readonly failedAt: string | undefined
}

function runsOf(status: Before): Runs {
  return {
    missed: ('missedRuns' in status ? status.missedRuns : undefined) ?? 0,
    activeJobs: ('activeJobs' in status ? status.activeJobs : undefined) ?? [],
    succeededAt: 'lastSuccessfulTime' in status ? status.lastSuccessfulTime : undefined,
    failedAt: 'lastFailureTime' in status ? status.lastFailureTime : undefined,
  }
}

function conditionOf(status: Before, type: string): Condition | undefined {
  return status.conditions?.find((condition) => condition.type === type)
}
