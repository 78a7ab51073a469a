// A scheduled task: its CronJob, its runs, and what is said about them.
import { describe, expect, it } from 'vitest'
import { given, NAME, NOW_MS } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const cron = lookAt('WorkloadCronJob')
const live = given.cronJob()
const paused = given.cronJob({ suspended: true })
const job = given.job()
const run = given.pod({ name: 'run', uid: 'uid-run', controller: { kind: 'Job', name: job.name, uid: job.uid } })
const foreign = given.pod({ name: 'old', uid: 'uid-old', controller: { kind: 'Job', name: 'old', uid: 'uid-old-job' } })
const { controller: _none, ...orphanedJob } = job
const bestEffort = { exclusivity: { mode: 'BestEffort' } }

const succeeded = given.job({ name: 'a', uid: 'uid-a', result: 'Succeeded', finishedAtMs: NOW_MS + 1000 })
const failed = given.job({ name: 'b', uid: 'uid-b', result: 'Failed', finishedAtMs: NOW_MS + 2000 })

function suspendOf(found: Found): unknown {
  const spec: unknown = cron.wish(found)?.children[0]?.object.spec
  return spec
}

describe('the child of a scheduled task', () => {
  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'write CronJob'],
    ['a pod of another incarnation is left', { facts: [foreign] }, 'hold CronJob'],
    [
      'a run without an owner still goes on',
      { facts: [orphanedJob, given.pod({ ...run, controller: { kind: 'Job', name: job.name, uid: job.uid } })] },
      'hold CronJob',
    ],
    ['mode BestEffort waits for nobody', { spec: bestEffort, facts: [foreign] }, 'write CronJob'],
    ['in force', { facts: [live, job, run] }, 'write CronJob'],
    [
      'a predecessor',
      { facts: [given.cronJob({ controller: { kind: 'WorkloadCronJob', name: NAME, uid: 'old' } })] },
      'hold CronJob',
    ],
    ['on standby there is none', { facts: [live], over: { role: 'passive' } }, 'nothing'],
  ])('%s', (_what, found, expected) => {
    expect(cron.desired(found)).toBe(expected)
  })

  it.each<[string, Found, boolean]>([
    ['in force', {}, false],
    ['suspended', { spec: { suspend: true } }, true],
    ['resumed', { facts: [paused] }, false],
    ['resumed beside its own run', { facts: [paused, job, run] }, false],
    ['not resumed beside a foreign pod', { facts: [paused, foreign] }, true],
    ['not suspended again because of one', { facts: [live, foreign] }, false],
  ])('%s', (_what, found, suspend) => {
    expect(suspendOf(found)).toMatchObject({ suspend })
  })
})

describe('the deadline of a scheduled task', () => {
  it.each([
    ['0 0 * * *', 300],
    ['@daily', 300],
    ['@every 10m', 900],
  ])('of %s is %d s', (schedule, startingDeadlineSeconds) => {
    expect(cron.wish({ spec: { schedule } })?.children[0]?.object.spec).toMatchObject({ startingDeadlineSeconds })
  })
})

describe('the status of a scheduled task', () => {
  const pulling = {
    ...run,
    ready: false,
    anyRunning: false,
    main: given.container({ state: 'waiting', reason: 'ImagePullBackOff', ready: false }),
  }

  it.each<[string, Found, string, string | undefined]>([
    ['nothing yet', {}, 'False Starting, not active, not healthy', 'False Starting'],
    ['no run yet', { facts: [live] }, 'True Scheduled, active, healthy', 'True NoRunYet'],
    [
      'the last run succeeded',
      { facts: [live, succeeded] },
      'True Scheduled, active, healthy',
      'True LastRunSucceeded',
    ],
    [
      'the last run failed',
      { facts: [live, succeeded, failed] },
      'True Scheduled, active, not healthy',
      'False LastRunFailed',
    ],
    ['in a run', { facts: [live, job, run] }, 'True Scheduled, active, healthy', 'True NoRunYet'],
    [
      'a run that cannot start',
      { facts: [live, job, pulling] },
      'False ImagePullFailed, active, not healthy',
      'False ImagePullFailed',
    ],
    [
      'waits for a foreign pod',
      { facts: [foreign] },
      'False HandoverPending, active, not healthy',
      'False HandoverPending',
    ],
    [
      'suspended',
      { spec: { suspend: true }, facts: [paused, job, run] },
      'True Suspended, not active, healthy',
      'True Suspended',
    ],
  ])('%s', (_what, found, ready, healthy) => {
    expect(cron.ready(found)).toBe(ready)
    expect(cron.condition(found, 'Healthy')).toBe(healthy)
  })

  it('names the run that failed while it is kept, and where to look', () => {
    const why = { ...failed, message: 'Job has reached the specified backoff limit' }
    const stored = cron.status({ facts: [live, why] })

    expect(cron.message({ facts: [live, succeeded, why] }, 'Healthy')).toBe(
      'The last run failed: Job has reached the specified backoff limit. See: kubectl describe job b -n prod',
    )
    expect(cron.message({ facts: [live, failed] }, 'Healthy')).toBe(
      'The last run failed. See: kubectl describe job b -n prod',
    )
    expect(cron.message({ facts: [live], stored }, 'Healthy')).toBe(
      'The last run failed. See: kubectl get jobs -n prod',
    )
  })

  it('remembers the last run after its Job was cleaned up', () => {
    const stored = cron.status({ facts: [live, failed] })

    expect(cron.condition({ facts: [live], stored }, 'Healthy')).toBe('False LastRunFailed')
  })

  it('shows times and runs, and looks again after the next tick', () => {
    const { status, requeueAfterMs } = cron.report({
      facts: [given.cronJob({ lastScheduleTime: '2025-12-31T00:00:00Z' }), job],
    })

    expect(status).toMatchObject({
      lastScheduleTime: '2025-12-31T00:00:00Z',
      nextScheduleTime: '2026-01-02T00:00:00Z',
      activeJobs: ['report-29453760'],
    })
    expect(requeueAfterMs).toBe(86_400_000)
  })

  it('alarms when two of its runs are unfinished', () => {
    const facts = [live, job, given.job({ name: 'other', uid: 'uid-other' })]

    expect(cron.condition({ facts }, 'Exclusive')).toBe('False OverlapDetected')
  })

  it('warns about runs that are forgotten before their time is over', () => {
    const ttl = (ttlSecondsAfterFinished: number) => ({ spec: { ttlSecondsAfterFinished } })

    expect(cron.message(ttl(60), 'Accepted')).toContain(
      'Set ttlSecondsAfterFinished to startingDeadlineSeconds or more.',
    )
    expect(cron.message(ttl(300), 'Accepted')).not.toContain('ttlSecondsAfterFinished')
  })

  it('warns about a schedule that never fires', () => {
    expect(cron.message({ spec: { schedule: '0 0 31 2 *' } }, 'Accepted')).toContain('does not fire within five years')
  })

  it.each([
    ['spec.schedule: Invalid value', 'False InvalidSchedule'],
    ['spec.timeZone: Invalid value: unknown time zone', 'False UnknownTimeZone'],
    ['spec.jobTemplate.spec.template.spec.volumes[0]', 'False InvalidPodTemplate'],
  ])('sorts the refusal %s', (sentence, expected) => {
    const refused = { kind: 'CronJob', name: NAME, reason: 'invalid', sentence } as const

    expect(cron.condition({ over: { findings: { refused } } }, 'Accepted')).toBe(expected)
  })
})
