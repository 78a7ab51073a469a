// WorkloadCronJob: one run at a time, on a schedule.
import { columnsOf, selectableFields, wide } from './fragments/columns.ts'
import { commonFields, commonRules } from './fragments/common.ts'
import { isBestEffort, strictOrBestEffort } from './fragments/exclusivity.ts'
import { inUse, runs, statusOf } from './fragments/status.ts'
import { bigCount, changing, choice, count, int32, int64, list, object, text, time } from './fragments/words.ts'
import type { Fields, KindModel } from './model.ts'

const names = (words: readonly string[]): string =>
  words.map((word) => word.replaceAll(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`)).join('|')

const months = names(['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'])
const days = names(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'])

const fields = [
  '[0-5]?[0-9]',
  '[01]?[0-9]|2[0-3]',
  '0?[1-9]|[12][0-9]|3[01]',
  `0?[1-9]|1[0-2]|${months}`,
  `[0-6]|${days}`,
]

const item = (value: string): string => `([*?]|(${value})(-(${value}))?)(/0*[1-9][0-9]?)?`
const field = (value: string): string => `${item(value)}(,${item(value)})*`
const macro = '@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every ([0-9]+([.][0-9]+)?(ms|s|m|h))+'

/** Five fields or a macro. 7 is no day of the week, as in Kubernetes. What only Kubernetes can judge passes. */
export const cronPattern = `^ *(${macro}|${fields.map((value) => field(value)).join(' +')}) *$`

const scheduleFields: Fields = changing('live', {
  schedule: text('When a run starts: a cron expression of five fields, or a macro such as @daily.', {
    minLength: 1,
    maxLength: 128,
    example: '*/5 * * * *',
  }),
  timeZone: text('Time zone of the schedule, as an IANA name. Default: that of the kube-controller-manager.', {
    minLength: 1,
    maxLength: 64,
    pattern: '^[A-Za-z0-9_+/-]+$',
    example: 'Europe/Berlin',
  }),
  concurrencyPolicy: choice(
    'What happens when a run is due while another one runs. Forbid skips it. Replace stops the running one. Allow runs both. Replace and Allow need `exclusivity.mode: BestEffort`.',
    ['Forbid', 'Replace', 'Allow'],
    { default: 'Forbid' },
  ),
  startingDeadlineSeconds: int64('Seconds a run may start late before it counts as missed.', 10, 604_800, {
    default: 300,
  }),
  successfulJobsHistoryLimit: int32('Successful runs to keep.', 0, 100, { default: 3 }),
  failedJobsHistoryLimit: int32('Failed runs to keep.', 0, 100, { default: 1 }),
})

const runFields: Fields = {
  restartPolicy: choice(
    'What happens when the container fails. OnFailure starts it again in the same pod. Never starts a new pod.',
    ['OnFailure', 'Never'],
    { default: 'OnFailure' },
  ),
  backoffLimit: int32('Retries before a run counts as failed.', 0, 1000, { default: 6 }),
  activeDeadlineSeconds: int64(
    'Seconds a run may take before it is stopped and counts as failed. Default: no limit.',
    1,
    31_536_000,
    { example: 3600 },
  ),
  ttlSecondsAfterFinished: int32(
    'Seconds after which a finished run is deleted. Default: kept up to the history limits.',
    0,
    31_536_000,
    { example: 86_400 },
  ),
}

export const cronjob: KindModel = {
  kind: 'WorkloadCronJob',
  plural: 'workloadcronjobs',
  singular: 'workloadcronjob',
  shortNames: ['wlc', 'wcron'],
  type: 'cronjob',
  description: 'WorkloadCronJob runs a task on a schedule, one run at a time.',
  spec: object(
    'What should run. Edits count from the next run on.',
    { ...commonFields, ...scheduleFields, ...runFields, exclusivity: strictOrBestEffort },
    { required: ['image', 'schedule'] },
  ),
  status: statusOf(
    {
      lastScheduleTime: time('When the last run was due.'),
      lastSuccessfulTime: time('When the last successful run ended.'),
      lastFailureTime: time('When the last failed run ended.'),
      nextScheduleTime: time('When the next run is due; in the past while Kubernetes may still start that run.'),
      missedRuns: bigCount('Runs that were due and never came, while the operator looked on.'),
      runs,
      lastHandledRunNow: text('The last value of the annotation `run-now` that was handled.', { maxLength: 253 }),
      activeJobs: list('Runs in progress.', text('Name of the Job.', { maxLength: 253 }), { maxItems: 16 }),
    },
    {
      restartPolicy: inUse('restartPolicy'),
      concurrencyPolicy: inUse('concurrencyPolicy'),
      startingDeadlineSeconds: bigCount('Value in use for `startingDeadlineSeconds`.'),
      backoffLimit: count('Value in use for `backoffLimit`.'),
    },
  ),
  rules: [
    ...commonRules,
    {
      id: 'J1',
      path: 'spec.schedule',
      cel: `self.contains('TZ=') || self.matches('${cronPattern}')`,
      message: "must be a 5-field cron expression such as '*/5 * * * *' or a macro such as '@daily'",
    },
    {
      id: 'J2',
      path: 'spec.schedule',
      cel: "!self.contains('TZ=')",
      message: "must not contain 'TZ='; set `timeZone` instead",
    },
    {
      id: 'J3',
      path: 'spec',
      fieldPath: '.concurrencyPolicy',
      cel: `!has(self.concurrencyPolicy) || self.concurrencyPolicy == 'Forbid' || ${isBestEffort}`,
      message:
        "must be 'Forbid' while `exclusivity.mode` is 'Strict'; 'Replace' and 'Allow' can run two instances at once",
    },
  ],
  columns: columnsOf([
    wide('Schedule', 'string', '.spec.schedule', 'Schedule.'),
    wide('Last', 'date', '.status.lastScheduleTime', 'Time since the last run was due.'),
    wide('Next', 'string', '.status.nextScheduleTime', 'When the next run is due.'),
  ]),
  selectableFields: [...selectableFields, '.spec.schedule'],
  scale: false,
  children: [
    { kind: 'CronJob', access: 'write' },
    { kind: 'Job', access: 'write' },
    { kind: 'Pod', access: 'write' },
  ],
}
