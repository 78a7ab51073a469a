// Restarts in a row: what counts, what is forgotten, and when a process is given up.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import type { KindName, Statuses } from '#api/generated/kinds.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { lookAt } from '#testing/seen.ts'

const process = lookAt('WorkloadProcess')

function failed(over: Partial<PodFact> = {}): PodFact {
  const main = given.container({ state: 'terminated', ready: false, finishedAtMs: NOW_MS, exitCode: 1 })
  return given.pod({ phase: 'Failed', ready: false, anyRunning: false, main, ...over })
}

/** Between two starts in the same pod, after so many restarts. */
function crashing(restartCount: number): PodFact {
  const waiting = { state: 'waiting', reason: 'CrashLoopBackOff', ready: false, lastExitCode: 1 } as const
  return given.pod({ ready: false, anyRunning: false, main: given.container({ ...waiting, restartCount }) })
}

function count(status: Partial<Statuses[KindName]>): number | undefined {
  return 'recentRestarts' in status ? status.recentRestarts : undefined
}

const second = given.pod({ uid: 'uid-second' })

describe('restarts of a process', () => {
  it('are counted once when a failed pod is replaced', () => {
    const first = process.status({ facts: [failed()] })
    const next = process.status({ facts: [second], stored: first })
    const same = process.status({ facts: [second], stored: next })

    expect([first, next, same].map(count)).toEqual([0, 1, 1])
  })

  it('are counted also when the back-off is shorter than it takes to store a status', () => {
    const over = { nowMs: NOW_MS + 3_600_000 }
    const running = process.status({ facts: [given.pod()] })
    const noted = process.status({ facts: [failed()], stored: running, over })
    const early = process.wish({ facts: [failed()], stored: running, over })

    expect(early?.remove).toEqual([])
    expect(early?.requeueAfterMs).toBe(500)
    expect(process.desired({ facts: [failed()], stored: noted, over })).toBe('hold Pod; remove report-pod')
  })

  it('are counted once when there was a moment without a pod', () => {
    const first = process.status({ facts: [failed()] })
    const between = process.status({ stored: first })
    const next = process.status({ facts: [second], stored: between })

    expect([between, next].map(count)).toEqual([0, 1])
  })

  it.each([
    ['deleted', given.pod()],
    ['evicted', failed({ reason: 'Evicted' })],
    ['preempted', failed({ disruption: 'PreemptionByScheduler' })],
  ])('do not count a pod that was %s', (_what, pod) => {
    const first = process.status({ facts: [pod] })

    const next = process.status({ facts: [second], stored: first })

    expect(count(next)).toBe(0)
  })

  it('count those of the kubelet', () => {
    const first = process.status({ facts: [given.pod()] })

    const next = process.status({ facts: [given.pod({ main: given.container({ restartCount: 3 }) })], stored: first })

    expect(count(next)).toBe(3)
  })

  it('are forgotten after a healthy window, by a look at that very moment', () => {
    const facts = [given.pod({ main: given.container({ restartCount: 3 }) })]
    const first = process.report({ facts })

    const next = process.status({ facts, stored: { ...first.status }, over: { nowMs: NOW_MS + 600_000 } })

    expect(first.requeueAfterMs).toBe(600_000)
    expect(count(next)).toBe(0)
  })

  it('are forgotten although no operator saw the healthy window', () => {
    const facts = [given.pod({ main: given.container({ restartCount: 3 }) })]
    const stored = process.status({ facts })
    const main = given.container({ restartCount: 4, startedAtMs: NOW_MS + 3_600_000 })

    const next = process.status({ facts: [given.pod({ main })], stored, over: { nowMs: NOW_MS + 3_600_000 } })

    expect(count(next)).toBe(1)
  })

  it('start at 0 with a new spec', () => {
    const first = process.status({ facts: [failed()] })

    const next = process.status({ facts: [second], stored: first, generation: 2 })

    expect(count(next)).toBe(0)
  })
})

describe('maxRestarts', () => {
  const spec = { maxRestarts: 2 }
  const givenUp = 'False RestartLimitReached, not active, not healthy'

  it('gives the workload up when it is used up: first said, then done', () => {
    const first = process.report({ spec, facts: [crashing(2)] })

    expect(process.ready({ spec, facts: [crashing(2)] })).toBe(givenUp)
    expect(process.desired({ spec, facts: [crashing(2)] })).toBe('hold Pod')
    expect(first.requeueAfterMs).toBe(1000)
    expect(process.desired({ spec, facts: [crashing(2)], stored: { ...first.status } })).toBe('nothing')
  })

  it('stays so without a pod, until the next change', () => {
    const stored = process.status({ spec, facts: [crashing(2)] })

    expect(process.desired({ spec, stored })).toBe('nothing')
    expect(process.ready({ spec, stored })).toBe(givenUp)
    expect(process.desired({ spec: { maxRestarts: 3 }, stored, generation: 2 })).toBe('write Pod')
    expect(count(process.status({ spec: { maxRestarts: 3 }, stored, generation: 2 }))).toBe(0)
  })

  it('allows that many restarts', () => {
    expect(process.ready({ spec, facts: [crashing(1)] })).toBe('False CrashLoop, active, not healthy')
  })

  it.each(['OnFailure', 'Never'] as const)(
    'lets a last run with %s complete: its pod ends a moment later',
    (restartPolicy) => {
      const main = given.container({ state: 'terminated', ready: false, exitCode: 0, reason: 'Completed' })
      const completing = given.pod({ ready: false, main })

      const found = { spec: { maxRestarts: 0, restartPolicy }, facts: [completing] }

      expect(process.ready(found)).toBe('True Completed, active, healthy')
      expect(process.desired(found)).toBe('write Pod')
    },
  )

  it('runs once with Never and 0', () => {
    expect(process.ready({ spec: { maxRestarts: 0, restartPolicy: 'Never' }, facts: [failed()] })).toBe(givenUp)
  })

  it('counts nothing against a pod that is being taken away', () => {
    const main = given.container({ state: 'terminated', ready: false, exitCode: 0 })
    const evicted = given.pod({ ready: false, main, disruption: 'TerminationByKubelet' })

    const found = { spec: { maxRestarts: 0 }, facts: [evicted] }

    expect(process.ready(found)).toBe('False Unhealthy, active, not healthy')
    expect(process.desired(found)).toBe('write Pod')
  })

  it('says how often it was tried, how it ended, and what to do', () => {
    const once = process.message({ spec: { maxRestarts: 0, restartPolicy: 'Never' }, facts: [failed()] }, 'Ready')
    const twice = process.message({ spec, facts: [crashing(2)] }, 'Ready')

    expect(once).toBe(
      'The process failed, last with exit code 1, and maxRestarts allows no restart, so it was given up. Change the spec to try again.',
    )
    expect(twice).toBe(
      'The process was restarted 2 times in a row and failed again, last with exit code 1, so it was given up. Change the spec to try again.',
    )
  })

  it('is Stalled at once', () => {
    expect(process.condition({ spec, facts: [crashing(2)] }, 'Stalled')).toBe('True RestartLimitReached')
  })
})
