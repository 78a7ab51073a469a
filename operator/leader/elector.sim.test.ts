// The laws of leadership under random schedules of faults, in virtual time. SCHEDULES= runs more than a handful.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FaultType, Schedule } from '#testing/simulated-cluster.ts'
import { faultTypes, simulate } from '#testing/simulated-cluster.ts'
import { momentOf } from './moment.ts'
import { openTerm } from './term.ts'
import type { OpenTerm } from './term.ts'

const RUNS = Number(process.env['SCHEDULES'] ?? 1000)
const FAULTS_END_MS = 60_000
const LONGEST_FAULT_MS = 30_000
/** Longer than a rival has to wait for a silent holder. */
const QUIET_MS = 30_000

function schedulesOf(types: readonly FaultType[], minMs: number): fc.Arbitrary<Schedule> {
  return fc.record({
    seed: fc.integer({ min: 0, max: 0x7fffffff }),
    replicas: fc.integer({ min: 2, max: 3 }),
    faults: fc.array(
      fc.record({
        type: fc.constantFrom(...types),
        replica: fc.nat(2),
        atMs: fc.integer({ min: 0, max: FAULTS_END_MS }),
        ms: fc.integer({ min: minMs, max: LONGEST_FAULT_MS }),
      }),
      { maxLength: 8 },
    ),
    untilMs: fc.constant(FAULTS_END_MS + LONGEST_FAULT_MS + QUIET_MS),
  })
}

/** What client-go does: validity counts from the answer. */
const openAtAnswer: OpenTerm = (start) => {
  const held = openTerm({ ...start, sentAt: momentOf(start.clock) })
  return {
    term: held.term,
    confirm: () => held.confirm(momentOf(start.clock)),
    drain: (reason) => held.drain(reason),
    end: (reason) => held.end(reason),
    reason: () => held.reason(),
  }
}

describe('elections under faults', () => {
  it('never overlap, only raise the epoch, and end with a leader once the faults have stopped', async () => {
    const law = fc.asyncProperty(schedulesOf(faultTypes, 10), async (schedule) => {
      const findings = await simulate(schedule)

      expect(findings.broken).toEqual([])
      expect(findings.hasLeader).toBe(true)
    })

    await fc.assert(law, { numRuns: RUNS })
  }, 600_000)

  it('overlap when validity counts from the answer, so this harness can see an overlap', async () => {
    const law = fc.asyncProperty(schedulesOf(['suspend-in-call', 'pause-in-call'], 15_000), async (schedule) => {
      const findings = await simulate(schedule, openAtAnswer)
      return findings.broken.length === 0
    })

    const outcome = await fc.check(law, { numRuns: 2000, seed: 1, endOnFailure: true })

    expect(outcome.failed).toBe(true)
  }, 600_000)
})
