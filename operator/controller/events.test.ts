import { describe, expect, it } from 'vitest'
import type { Condition } from '#api/generated/kinds.ts'
import type { StatusPatch } from '#api/ports.ts'
import { eventsOf, type StatusChange } from './events.ts'

const at = '2026-01-01T00:00:00Z'
const instance = { pod: 'report-pod', podUID: 'u1' }

function condition(type: string, status: Condition['status'], reason: string): Condition {
  return { type, status, reason, message: `${reason}.`, lastTransitionTime: at }
}

function status(...conditions: readonly Condition[]): StatusPatch {
  return { observedGeneration: 1, active: true, healthy: true, conditions }
}

function reasons(change: Partial<StatusChange>): readonly string[] {
  const all: StatusChange = { kind: 'WorkloadProcess', before: status(), after: status(), adopted: [], ...change }
  return eventsOf(all).map((event) => event.reason)
}

describe('a condition that gets to a reason', () => {
  it.each([
    [condition('Ready', 'True', 'Completed'), 'Completed', 'Normal'],
    [condition('Ready', 'False', 'HandoverPending'), 'WaitingForOldInstance', 'Warning'],
    [condition('Ready', 'False', 'NodeUnreachable'), 'WaitingForOldInstance', 'Warning'],
    [condition('Ready', 'False', 'Unhealthy'), 'Unhealthy', 'Warning'],
    [condition('Ready', 'False', 'CrashLoop'), 'CrashLoop', 'Warning'],
    [condition('Ready', 'False', 'RestartLimitReached'), 'RestartLimitReached', 'Warning'],
    [condition('Accepted', 'False', 'InvalidSpec'), 'SpecRejected', 'Warning'],
    [condition('Accepted', 'False', 'NameConflict'), 'NameConflict', 'Warning'],
    [condition('Exclusive', 'False', 'OverlapDetected'), 'OverlapDetected', 'Warning'],
    [condition('Exclusive', 'Unknown', 'AtMostOneWaived'), 'AtMostOneWaived', 'Warning'],
    [condition('Suspended', 'True', 'SuspendedByUser'), 'Suspended', 'Normal'],
    [condition('Paused', 'True', 'PausedByAnnotation'), 'Paused', 'Normal'],
  ] as const)('%j makes the Event %s (%s)', (now, reason, type) => {
    const events = eventsOf({ kind: 'WorkloadProcess', before: status(), after: status(now), adopted: [] })

    expect(events).toEqual([{ type, reason, action: expect.any(String), note: now.message }])
  })

  it('makes no Event while it stays there, whatever its message and times', () => {
    const crash = condition('Ready', 'False', 'CrashLoop')
    const later = { ...crash, message: 'Again.', lastTransitionTime: '2026-01-02T00:00:00Z' }

    expect(reasons({ before: status(crash), after: status(later) })).toEqual([])
  })

  it.each([
    condition('Ready', 'True', 'Running'),
    condition('Ready', 'False', 'Starting'),
    condition('Accepted', 'True', 'AcceptedWithWarnings'),
    condition('Exclusive', 'True', 'Verified'),
    condition('Reconciling', 'True', 'CrashLoop'),
    condition('Healthy', 'False', 'CrashLoop'),
    condition('toString', 'True', 'constructor'),
  ])('makes no Event of what is usual or said by another one: %j', (now) => {
    expect(reasons({ after: status(now) })).toEqual([])
  })
})

it('tells of a resumption when the condition Suspended goes', () => {
  const suspended = status(condition('Suspended', 'True', 'SuspendedByUser'))

  expect(reasons({ before: suspended, after: status() })).toEqual(['Resumed'])
  expect(reasons({ before: suspended, after: suspended })).toEqual([])
})

it('tells what was adopted', () => {
  expect(reasons({ adopted: ['Pod report-pod', 'Service report'] })).toEqual(['Adopted', 'Adopted'])
})

describe('a restart that was asked for', () => {
  const handled = { ...status(), lastHandledRestartAt: 'now' }

  it('is told when it is handled', () => {
    expect(reasons({ after: handled })).toEqual(['RestartRequested'])
    expect(reasons({ before: handled, after: handled })).toEqual([])
  })

  it('is not told when it is recorded only: at creation, and on standby', () => {
    const standby = { ...handled, conditions: [condition('Ready', 'True', 'Standby')] }

    expect(reasons({ before: {}, after: handled })).toEqual([])
    expect(reasons({ after: standby })).toEqual([])
  })
})

describe('a pod that was confirmed to be dead', () => {
  const after = { ...status(), lastHandledConfirmDead: 'u1' }
  const answer = { request: 'confirm-dead' as const, note: 'Said.' }

  it.each([
    [false, 'ConfirmedDead'],
    [true, 'ConfirmDeadRefused'],
  ])('is told once, refused: %s', (isRefused, reason) => {
    expect(reasons({ after, answer: { ...answer, isRefused } })).toEqual([reason])
    expect(reasons({ before: after, after, answer: { ...answer, isRefused } })).toEqual([])
  })
})

describe('the instance', () => {
  const next = { ...status(), instance: { pod: 'report-pod', podUID: 'u2' } }

  it('starts when there was none', () => {
    expect(reasons({ before: {}, after: { ...status(), instance } })).toEqual(['Started'])
  })

  it('starts when the one before had ended', () => {
    expect(reasons({ before: { ...status(), active: false, instance }, after: next })).toEqual(['Started'])
  })

  it('hands over when it follows one that was active', () => {
    const before = { ...status(), instance }
    const [sameName] = eventsOf({ kind: 'WorkloadProcess', before, after: next, adopted: [] })
    const other = { ...next, instance: { pod: 'report-x', podUID: 'u2' } }
    const [otherName] = eventsOf({ kind: 'WorkloadService', before, after: other, adopted: [] })

    expect(reasons({ before, after: next })).toEqual(['Handover'])
    expect(sameName?.note).toBe('A new pod report-pod follows the one before, which has ended.')
    expect(otherName?.note).toBe('Pod report-x follows pod report-pod, which has ended.')
  })

  it('is no news when it is the same, or has ended', () => {
    expect(reasons({ before: { ...status(), instance }, after: { ...status(), instance } })).toEqual([])
    expect(reasons({ before: {}, after: { ...next, active: false } })).toEqual([])
  })
})

describe('a move that nobody asked for', () => {
  const ended = { pod: 'report-pod', podUID: 'u1', cluster: 'east', to: at, endReason: 'Evicted' as const }
  const begun = {
    ...status(),
    active: false,
    instance,
    lastFailover: { from: 'report-pod@n1', reason: 'Evicted' as const },
  }
  const lastFailover = { ...begun.lastFailover, at, to: 'report-pod@n2', takeover: '4s' }
  const moved = { ...status(), instance: { pod: 'report-pod', podUID: 'u2' }, lastFailover, history: [ended] }

  it('is told when it begins and when the new instance has started', () => {
    expect(reasons({ before: { ...status(), instance }, after: begun })).toEqual(['FailoverStarted'])
    expect(reasons({ before: begun, after: moved })).toEqual(['FailoverCompleted', 'Started'])
    expect(reasons({ before: moved, after: moved })).toEqual([])
  })

  it('is told as a whole, and as no handover, when it was over at the first look', () => {
    const expected = ['FailoverStarted', 'FailoverCompleted', 'Started']

    expect(reasons({ before: { ...status(), instance }, after: moved })).toEqual(expected)
  })

  it('is told again when the same pod name on the same node is lost again', () => {
    expect(reasons({ before: moved, after: { ...moved, lastFailover: begun.lastFailover } })).toEqual([
      'FailoverStarted',
    ])
  })
})

describe('runs of a CronJob', () => {
  const kind = 'WorkloadCronJob'
  const idle = { ...status(), activeJobs: [], instance }

  it('start, and the instance is not told besides', () => {
    const after = { ...idle, activeJobs: ['report-1', 'report-2'], instance: { pod: 'p', podUID: 'u9' } }

    expect(reasons({ kind, before: { ...idle, activeJobs: ['report-1'] }, after })).toEqual(['RunStarted'])
  })

  it('succeed or fail', () => {
    expect(reasons({ kind, before: idle, after: { ...idle, lastSuccessfulTime: at } })).toEqual(['RunSucceeded'])
    expect(reasons({ kind, before: idle, after: { ...idle, lastFailureTime: at } })).toEqual(['RunFailed'])
    const same = { ...idle, lastFailureTime: at, lastSuccessfulTime: at }
    expect(reasons({ kind, before: same, after: same })).toEqual([])
  })

  it('are told when they were missed, with the run that was in the way', () => {
    const events = (before: object, after: object) =>
      eventsOf({ kind, before: { ...idle, ...before }, after: { ...idle, ...after }, adopted: [] })

    expect(events({}, { missedRuns: 1 })).toEqual([
      {
        type: 'Warning',
        reason: 'RunMissed',
        action: 'Watching',
        note: 'A run that was due was missed. Look whether the schedule was suspended and whether kube-controller-manager works.',
      },
    ])
    expect(
      events({ missedRuns: 1, activeJobs: ['report-1'] }, { missedRuns: 3, activeJobs: ['report-1'] }),
    ).toMatchObject([
      {
        note: '2 runs that were due were missed. Job report-1 was still active; make the runs shorter or the schedule wider.',
      },
    ])
    expect(events({ missedRuns: 3 }, { missedRuns: 3 })).toEqual([])
  })

  it('that had ended before the first look are no news', () => {
    expect(reasons({ kind, before: {}, after: { ...idle, lastSuccessfulTime: at, lastFailureTime: at } })).toEqual([])
  })
})
