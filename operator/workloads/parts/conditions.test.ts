// Reconciling becomes Stalled after the time a new instance may need.
import { describe, expect, it } from 'vitest'
import { given, NOW_MS } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const service = lookAt('WorkloadService')
const process = lookAt('WorkloadProcess')
const starting: Found = { facts: [given.pod({ ready: false })] }
const pulling: Found = {
  facts: [
    given.pod({ ready: false, main: given.container({ state: 'waiting', reason: 'ErrImagePull', ready: false }) }),
  ],
}

/** As stored by an earlier look, `agoMs` before now. */
function after(agoMs: number, found: Found, now: Found = found): Found {
  const stored = process.status({ ...found, over: { nowMs: NOW_MS - agoMs } })
  return { ...now, stored }
}

describe('Reconciling and Stalled', () => {
  it('begins as Reconciling, and looks again when the time is up', () => {
    expect(process.condition(starting, 'Reconciling')).toBe('True Starting')
    expect(process.report(starting).requeueAfterMs).toBe(300_000)
    expect(process.report(after(100_000, starting)).requeueAfterMs).toBe(200_000)
  })

  it('is Stalled after 5 min, and then needs no further look', () => {
    const found = after(300_000, starting)

    expect(process.condition(found, 'Stalled')).toBe('True Starting')
    expect(process.condition(found, 'Reconciling')).toBeUndefined()
    expect(process.report(found).requeueAfterMs).toBeUndefined()
  })

  it('takes its time from readinessTimeout where that exists', () => {
    expect(service.report({ spec: { readinessTimeout: '90s' } }).requeueAfterMs).toBe(90_000)
  })

  it('stays Stalled while the state stays', () => {
    const stalled = process.status(after(300_000, starting))

    expect(process.condition({ ...starting, stored: stalled }, 'Stalled')).toBe('True Starting')
  })

  it('begins anew with another state, and with another spec', () => {
    const stalled = process.status(after(300_000, starting))

    expect(process.condition({ ...pulling, stored: stalled }, 'Reconciling')).toBe('True ImagePullFailed')
    expect(process.condition({ ...starting, stored: stalled, generation: 2 }, 'Reconciling')).toBe('True Starting')
  })

  it('gives the whole time to another spec, also when the one before was still under way', () => {
    const edited = { ...after(299_000, pulling), generation: 2 }

    expect(process.condition(edited, 'Reconciling')).toBe('True ImagePullFailed')
    expect(process.report(edited).requeueAfterMs).toBe(300_000)
  })

  it('keeps counting when the trouble changes its name', () => {
    expect(process.condition(after(300_000, starting, pulling), 'Stalled')).toBe('True ImagePullFailed')
  })

  it('does not wait for ever on a stored time in the future', () => {
    expect(process.report(after(-86_400_000, starting)).requeueAfterMs).toBe(300_000)
  })

  it.each([
    [process, { suspend: true }, 'Set suspend to false to resume.'],
    [service, { suspend: true }, 'Set suspend to false to resume.'],
    [service, { replicas: 0 }, 'Set replicas to 1 to resume.'],
    [service, { suspend: true, replicas: 0 }, 'Set suspend to false and replicas to 1 to resume.'],
  ])('says how to resume what was suspended (%#)', (workload, spec, step) => {
    expect(workload.message({ spec }, 'Suspended')).toBe(`The user asked for suspension. ${step}`)
  })

  it('counts the instances where there may be several', () => {
    const pods = ['a', 'b'].map((name) => given.pod({ name, uid: name }))
    const found = { spec: { replicas: 2, exclusivity: { mode: 'BestEffort' } }, facts: pods }

    expect(service.message(found, 'Active')).toBe('2 instances exist.')
    expect(process.message({ facts: pods.slice(1) }, 'Active')).toBe('One instance exists.')
  })

  it('carries the current generation in every condition', () => {
    const { conditions = [] } = process.report({ ...starting, generation: 7 }).status

    expect(conditions.map(({ observedGeneration }) => observedGeneration)).toEqual(conditions.map(() => 7))
  })
})
