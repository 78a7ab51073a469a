// A run that was asked for: what exists decides what comes next, so any leader goes on where another one stopped.
import { describe, expect, it } from 'vitest'
import { annotation } from '#api/labels.ts'
import { given } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const cron = lookAt('WorkloadCronJob')
const looked = { conditions: [] }
/** First 8 hex digits of SHA-256 of "now". */
const NAME = 'report-med5eb9a3'
const loose = { exclusivity: { mode: 'BestEffort' }, concurrencyPolicy: 'Allow' }
const suspended = given.cronJob({ suspended: true })
const manual = given.job({ name: NAME, uid: 'uid-manual' })

function asked(more: Found = {}, suspendedForMs?: number): Found {
  const annotations = { [annotation.runNow]: 'now' }
  const spec = { image: 'a:1', schedule: '@daily', ...more.spec }
  const lasted = suspendedForMs === undefined ? {} : { suspendedForMs }
  const cr = given.cr({ kind: 'WorkloadCronJob', spec, annotations })
  return { stored: looked, ...more, over: { cr, ...lasted, ...more.over } }
}

/** `suspended, starts report-m…` */
function plan(found: Found): string {
  const children = cron.wish(found)?.children ?? []
  const job = children.find(({ kind }) => kind === 'Job')
  const isSuspended = JSON.stringify(children[0]?.object.spec).includes('"suspend":true')
  return `${isSuspended ? 'suspended' : 'in force'}${job === undefined ? '' : `, starts ${job.name}`}`
}

const done = { ...manual, result: 'Succeeded' as const }
const active = { facts: [suspended, given.job()] }

describe('a run that is asked for', () => {
  it.each<[string, Found, string]>([
    ['suspends the schedule first', asked({ facts: [given.cronJob()] }), 'suspended'],
    ['waits until the watch shows it', asked({ facts: [suspended] }), 'suspended'],
    ['waits 5 s from then', asked({ facts: [suspended] }, 4999), 'suspended'],
    ['starts', asked({ facts: [suspended] }, 5000), `suspended, starts ${NAME}`],
    [
      'starts while the workload is suspended',
      asked({ facts: [suspended], spec: { suspend: true } }, 5000),
      `suspended, starts ${NAME}`,
    ],
    ['waits for the active run', asked(active, 9000), 'suspended'],
    [
      'waits for a run that only the CronJob knows',
      asked({ facts: [{ ...suspended, activeJobs: ['x'] }] }, 9000),
      'suspended',
    ],
    [
      'waits for pods',
      asked(
        { facts: [suspended, given.pod({ name: 'x', controller: { kind: 'Job', name: 'report-1', uid: 'x' } })] },
        9000,
      ),
      'suspended',
    ],
    ['keeps the schedule suspended while it runs', asked({ facts: [suspended, manual] }, 9000), 'suspended'],
    ['restores the schedule when it has finished', asked({ facts: [suspended, done] }, 9000), 'in force'],
    [
      'leaves a suspended workload suspended',
      asked({ facts: [suspended, done], spec: { suspend: true } }),
      'suspended',
    ],
    ['is recorded only at creation', asked({ stored: {} }), 'in force'],
    [
      'is not made again once it was handled',
      asked({ stored: { ...looked, lastHandledRunNow: 'now' }, facts: [given.cronJob()] }),
      'in force',
    ],
    [
      'starts at once where runs may overlap',
      asked({ facts: [given.cronJob(), given.job()], spec: loose }),
      `in force, starts ${NAME}`,
    ],
    ['suspends nothing where runs may overlap', asked({ facts: [given.cronJob(), manual], spec: loose }), 'in force'],
    ['restores the schedule when it is withdrawn', { facts: [suspended], stored: looked }, 'in force'],
    [
      'keeps the schedule suspended when it is withdrawn during the run',
      { facts: [suspended, manual], stored: looked },
      'suspended',
    ],
  ])('%s', (_what, found, expected) => {
    expect(plan(found)).toBe(expected)
  })

  it('looks again when no event will tell', () => {
    expect(cron.wish(asked({ facts: [suspended] }, 4000))?.requeueAfterMs).toBe(1000)
    expect(cron.wish(asked({ facts: [suspended] }))?.requeueAfterMs).toBe(1000)
  })

  it('becomes a Job of the CronJob, marked as manual', () => {
    const job = cron.wish(asked({ facts: [suspended] }, 5000))?.children.find(({ kind }) => kind === 'Job')

    expect(job?.object).toMatchObject({
      apiVersion: 'batch/v1',
      metadata: {
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', uid: suspended.uid, controller: true }],
      },
      spec: { parallelism: 1, completions: 1, podReplacementPolicy: 'Failed' },
    })
  })

  it.each<[string, Found, string | undefined]>([
    ['when its Job exists', asked({ facts: [suspended, manual] }), 'now'],
    ['not before', asked({ facts: [suspended] }), undefined],
    ['at creation', asked({ stored: {} }), 'now'],
    ['on standby', asked({ over: { role: 'passive' } }), 'now'],
  ])('is handled %s', (_when, found, expected) => {
    const status = cron.status(found)

    expect('lastHandledRunNow' in status ? status.lastHandledRunNow : undefined).toBe(expected)
  })
})

describe('the history of runs', () => {
  const runsOf = (found: Found) => {
    const status = cron.status(found)
    return 'runs' in status ? status.runs : undefined
  }

  it('tells runs of the schedule from those that were asked for, newest first', () => {
    const failed = given.job({
      result: 'Failed',
      message: 'Too bad.',
      startedAtMs: 1000,
      scheduledAtMs: 0,
      finishedAtMs: 2000,
    })

    expect(runsOf({ facts: [given.cronJob(), failed, manual] })).toEqual([
      { job: NAME, trigger: 'Manual', startedAt: '2026-01-01T00:00:00Z', result: 'Running' },
      {
        job: failed.name,
        trigger: 'Schedule',
        scheduledAt: '1970-01-01T00:00:00Z',
        startedAt: '1970-01-01T00:00:01Z',
        finishedAt: '1970-01-01T00:00:02Z',
        result: 'Failed',
        message: 'Too bad.',
      },
    ])
  })

  it('remembers runs whose Jobs are gone; one that had not finished has failed', () => {
    const runs = ['Succeeded', 'Running'].map((result, index) => ({
      job: `report-${index}`,
      trigger: 'Schedule',
      result,
    }))
    const stored = { ...looked, runs }

    expect(runsOf({ facts: [given.cronJob()], stored })).toEqual([
      expect.objectContaining({ job: 'report-1', result: 'Failed', message: expect.any(String) }),
      expect.objectContaining({ job: 'report-0', result: 'Succeeded' }),
    ])
  })

  it('keeps ten', () => {
    const jobs = Array.from({ length: 12 }, (_none, index) =>
      given.job({ name: `report-${index}`, uid: `u${index}`, startedAtMs: index * 1000 }),
    )

    const runs = runsOf({ facts: [given.cronJob(), ...jobs] })

    expect(runs?.map(({ job }) => job)).toEqual(Array.from({ length: 10 }, (_none, index) => `report-${11 - index}`))
  })
})
