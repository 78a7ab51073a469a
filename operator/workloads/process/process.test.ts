// The life of a process: what is done, and what is said about it.
import { describe, expect, it } from 'vitest'
import type { ContainerFact, PodFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import { given, NAME, NOW_MS } from '#testing/given.ts'
import { lookAt, orphaned, type Found } from '#testing/seen.ts'

const process = lookAt('WorkloadProcess')

/** Ended for good: nothing runs any more. */
function ended(main: Partial<ContainerFact>, over: Partial<PodFact> = {}): PodFact {
  const container = given.container({ state: 'terminated', ready: false, finishedAtMs: NOW_MS, ...main })
  const phase = main.exitCode === 0 ? 'Succeeded' : 'Failed'
  return given.pod({ phase, ready: false, anyRunning: false, main: container, ...over })
}

const failed = (over: Partial<PodFact> = {}) => ended({ exitCode: 1, reason: 'Error' }, over)
const completed = (over: Partial<PodFact> = {}) => ended({ exitCode: 0 }, over)
const deleting = given.pod({ deleting: true })
const predecessor = { controller: { kind: 'WorkloadProcess', name: NAME, uid: 'before' } }
const stranger = { controller: { kind: 'Job', name: 'x', uid: 'x' } }
const other = { name: 'x', uid: 'uid-x' }
const suspend = { suspend: true }
const { node: _node, ...unplaced } = given.pod({ ready: false, phase: 'Pending', anyRunning: false })

describe('the pod of a process', () => {
  it('is created with a fencing token', () => {
    const [child] = process.wish({})?.children ?? []

    expect(child).toMatchObject({ kind: 'Pod', name: 'report-pod', takesToken: true })
  })

  it.each<[string, Found, string]>([
    ['created when nothing is left of the workload', {}, 'write Pod'],
    ['kept while it runs', { facts: [given.pod()] }, 'write Pod'],
    [
      'replaced after a change of its spec',
      { facts: [given.pod({ applied: 'old' })] },
      'write Pod; replace report-pod',
    ],
    ['adopted without a restart', { facts: [orphaned(given.pod({ applied: '' }))] }, 'write Pod'],
    ['adopted first when it has failed', { facts: [orphaned(failed())] }, 'write Pod'],
    ['adopted first when it is not wanted', { spec: suspend, facts: [orphaned(given.pod())] }, 'write Pod'],
    ['waited for while it ends', { facts: [deleting] }, 'hold Pod'],
    ['not created beside another pod of the workload', { facts: [given.pod(other)] }, 'hold Pod'],
    ['created when other pods have ended', { facts: [failed({ ...other, ...predecessor })] }, 'write Pod'],
    ['waited for when a predecessor owns it', { facts: [given.pod(predecessor)] }, 'hold Pod'],
    ['left alone when a stranger owns it', { facts: [given.pod(stranger)] }, 'hold Pod'],
    ['waited for when its end is only claimed', { facts: [failed({ anyRunning: true })] }, 'hold Pod'],
    ['removed to run again: evicted', { facts: [failed({ reason: 'Evicted' })] }, 'hold Pod; remove report-pod'],
    ['removed to run again: disrupted', { facts: [failed({ disruption: 'x' })] }, 'hold Pod; remove report-pod'],
    ['kept when it has completed', { facts: [completed()] }, 'hold Pod'],
    ['run again: another spec', { facts: [completed({ applied: 'old' })] }, 'hold Pod; remove report-pod'],
    ['run again: disrupted', { facts: [completed({ disruption: 'x' })] }, 'hold Pod; remove report-pod'],
    ['not wanted while suspended', { spec: suspend, facts: [given.pod()] }, 'nothing'],
    ['let be while suspended and ending', { spec: suspend, facts: [deleting] }, 'hold Pod'],
    ['let be while its end is only claimed', { spec: suspend, facts: [failed({ anyRunning: true })] }, 'hold Pod'],
    ['not wanted on standby', { facts: [given.pod()], over: { role: 'passive' } }, 'nothing'],
    ['followed by a Service', { spec: { ports: [{ name: 'http', containerPort: 80 }] } }, 'write Pod Service'],
  ])('is %s', (_what, found, expected) => {
    expect(process.desired(found)).toBe(expected)
  })

  it('does not run again after its object was cleaned up, until its spec changes', () => {
    const completion = { at: '2026-01-01T00:00:00Z', applied: process.hashOf('Pod') }

    expect(process.desired({ stored: { completion } })).toBe('hold Pod')
    expect(process.desired({ stored: { completion }, spec: { env: { A: 1 } } })).toBe('write Pod')
  })
})

describe('the back-off of a process', () => {
  const pod = failed()
  const stored = { observedGeneration: 1, recentRestarts: 2, instance: { pod: pod.name, podUID: pod.uid, restarts: 0 } }

  it('keeps the failed pod, and removes it after that', () => {
    const before = process.wish({ facts: [pod], stored })
    const after = process.desired({ facts: [pod], stored, over: { nowMs: NOW_MS + 4000 } })

    expect(before?.requeueAfterMs).toBe(4000)
    expect(before?.remove).toEqual([])
    expect(after).toBe('hold Pod; remove report-pod')
  })

  it('is never longer than backoff.max', () => {
    const many = { ...stored, recentRestarts: 900 }

    expect(process.wish({ facts: [pod], stored: many, spec: { backoff: { max: '7s' } } })?.requeueAfterMs).toBe(7000)
  })

  it('ends although the clock of the node runs far ahead', () => {
    const ahead = ended({ exitCode: 1, finishedAtMs: NOW_MS + 86_400_000 })

    expect(process.desired({ facts: [ahead], stored })).toBe('hold Pod; remove report-pod')
  })
})

describe('the status of a process', () => {
  const taken = { kind: 'Pod', name: 'report-pod', by: 'controlled by Job x' } as const
  const refused = { kind: 'Pod', name: 'report-pod', sentence: 'the sentence of the server' } as const
  const refusedFor = (reason: 'quota' | 'forbidden' | 'invalid') => ({
    over: { findings: { refused: { ...refused, reason } } },
  })

  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'False Starting, not active, not healthy'],
    ['ready', { facts: [given.pod()] }, 'True Running, active, healthy'],
    ['not ready yet', { facts: [given.pod({ ready: false })] }, 'False Starting, active, not healthy'],
    ['completed', { facts: [completed()] }, 'True Completed, not active, healthy'],
    ['failed', { facts: [failed()] }, 'False CrashLoop, not active, not healthy'],
    ['ending', { facts: [deleting] }, 'False HandoverPending, active, not healthy'],
    ['outdated', { facts: [given.pod({ applied: 'old' })] }, 'False HandoverPending, active, not healthy'],
    ['suspended', { spec: suspend }, 'True Suspended, not active, healthy'],
    ['suspended, ending', { spec: suspend, facts: [deleting] }, 'False HandoverPending, active, not healthy'],
    ['on standby', { over: { role: 'passive' } }, 'True Standby, not active, healthy'],
    ['name taken', { over: { findings: { taken } } }, 'False NotAccepted, not active, not healthy'],
    ['quota', refusedFor('quota'), 'False QuotaExceeded, not active, not healthy'],
    [
      'quota of the Service',
      { facts: [given.pod()], ...refusedFor('quota') },
      'False QuotaExceeded, active, not healthy',
    ],
    ['forbidden', refusedFor('forbidden'), 'False NotAccepted, not active, not healthy'],
  ])('%s', (_what, found, expected) => {
    expect(process.ready(found)).toBe(expected)
  })

  const stopped = (exitCode: number) =>
    given.pod({ ready: false, main: given.container({ state: 'terminated', ready: false, exitCode }) })

  it.each<[string, number, string]>([
    ['OnFailure', 0, 'True Completed, active, healthy'],
    ['Never', 0, 'True Completed, active, healthy'],
    ['Always', 0, 'False Unhealthy, active, not healthy'],
    ['Never', 1, 'False CrashLoop, active, not healthy'],
    ['OnFailure', 1, 'False Unhealthy, active, not healthy'],
  ])('%s, main has ended with code %i, the pod not yet', (restartPolicy, exitCode, expected) => {
    expect(process.ready({ spec: { restartPolicy }, facts: [stopped(exitCode)] })).toBe(expected)
  })

  it.each([
    [given.pod({ ready: false }), 'Pod report-pod is starting on node n1.'],
    [unplaced, 'Pod report-pod waits for a node.'],
  ])('says where to look when a start takes long (%#)', (pod, sentence) => {
    expect(process.message({ facts: [pod] }, 'Ready')).toBe(
      `${sentence} If that takes long, the cause is shown by: kubectl describe pod report-pod -n prod`,
    )
  })

  it('keeps the old instance when the dry run of its successor is refused', () => {
    const found = { facts: [given.pod({ applied: 'old' })], ...refusedFor('invalid') }

    expect(process.ready(found)).toBe('False NotAccepted, active, healthy')
    expect(process.condition(found, 'Accepted')).toBe('False InvalidPodTemplate')
    expect(process.message(found, 'Accepted')).toBe('the sentence of the server')
  })

  it('names who holds the name, and what to do', () => {
    const found = { facts: [given.pod(stranger)] }

    expect(process.condition(found, 'Accepted')).toBe('False NameConflict')
    expect(process.message(found, 'Accepted')).toBe(
      'The name Pod report-pod is taken by an object that is controlled by Job x. Nothing was changed. Delete or rename that object, or give this workload another name.',
    )
  })

  it('remembers a completion when the pod is gone', () => {
    const first = process.status({ facts: [completed()] })

    const second = process.status({ stored: first })

    expect(first).toMatchObject({ completion: { at: '2026-01-01T00:00:00Z', applied: process.hashOf('Pod') } })
    expect(second).toMatchObject({ completion: { at: '2026-01-01T00:00:00Z', applied: process.hashOf('Pod') } })
    expect(process.ready({ stored: first })).toBe('True Completed, not active, healthy')
  })

  describe('a completion that is stored', () => {
    const stored = process.status({ facts: [completed()] })
    const kept = { completion: { at: '2026-01-01T00:00:00Z', applied: process.hashOf('Pod') } }
    const going = completed({ deleting: true })
    const cleaned = { facts: [going], stored }
    const restarted = { conditions: [], ...stored }
    const annotations = { [annotation.restartRequestedAt]: 'now' }

    it('stays while a finalizer keeps the pod object, and when it is gone', () => {
      const second = process.status(cleaned)

      expect(second).toMatchObject(kept)
      expect(process.ready(cleaned)).toBe('True Completed, not active, healthy')
      expect(process.desired(cleaned)).toBe('hold Pod')
      expect(process.desired({ stored: second })).toBe('hold Pod')
    })

    it('stays when the pod was disrupted afterwards', () => {
      const drained = { facts: [completed({ disruption: 'DeletionByTaintManager' })], stored }

      expect(process.status(drained)).toMatchObject(kept)
    })

    it('stays while a stranger has the name', () => {
      const second = process.status({ facts: [given.pod({ ...stranger, uid: 'x' })], stored })

      expect(second).toMatchObject(kept)
      expect(process.desired({ stored: second })).toBe('hold Pod')
    })

    it.each<[string, Found]>([
      ['another spec is asked for', { ...cleaned, spec: { env: { A: 1 } } }],
      ['a restart is asked for', { ...cleaned, stored: restarted, annotations }],
      ['it is of the pod before', { facts: [{ ...going, uid: 'next' }], stored }],
      ['the pod may still run', { facts: [given.pod({ deleting: true })], stored }],
    ])('goes when %s', (_why, found) => {
      const second = process.status(found)

      expect(second).not.toHaveProperty('completion')
      expect(process.desired(found)).toBe('hold Pod')
    })

    it('is none when the pod was on its way out before it was seen to complete', () => {
      expect(process.status({ facts: [going] })).not.toHaveProperty('completion')
    })
  })

  it('alarms when two pods run at once', () => {
    const found = { facts: [given.pod(), given.pod({ ...other, ...stranger })] }

    expect(process.condition(found, 'Exclusive')).toBe('False OverlapDetected')
  })
})
