import { describe, expect, it } from 'vitest'
import { ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { engineParts, type EngineParts } from '#testing/engine.ts'
import { given, type CrOverrides } from '#testing/given.ts'
import type { Workload } from '#workloads/workload.ts'
import { createController, type ControllerOptions } from './controller.ts'

const never = new AbortController().signal

function setUp(over: Partial<ControllerOptions> = {}, parts: EngineParts = engineParts()) {
  const controller = createController({ ...parts, ...over })
  const term = given.term()
  let hasEnded = false
  const start = (signal: AbortSignal = never): Promise<void> =>
    controller.run(term, signal).then(() => {
      hasEnded = true
    })
  return { ...parts, controller, term, start, hasEnded: () => hasEnded }
}

function many(count: number, over: CrOverrides = {}) {
  return Array.from({ length: count }, (_none, n) => given.cr({ ...over, name: `w${n}`, uid: `uid-w${n}` }))
}

/** Workloads of which those named in `broken` throw. */
function withBroken(broken: ReadonlySet<string>): Partial<ControllerOptions> {
  const { workloads } = engineParts()
  const look: Workload['look'] = (seen) => {
    if (broken.has(seen.cr.name)) throw new RangeError('a bug')
    return workloads.WorkloadProcess.look(seen)
  }
  return { workloads: { ...workloads, WorkloadProcess: { kind: 'WorkloadProcess', look } } }
}

describe('a term', () => {
  it('starts with a look at every known resource', async () => {
    const { stores, api, clock, start, term } = setUp()
    stores.see(...many(50))
    const running = start()

    await clock.advance(0)

    expect(api.calls.filter((call) => call.startsWith('create'))).toHaveLength(50)
    term.end()
    await running
  })

  it('writes nothing to what another leader has settled, but looks at all of it', async () => {
    const before = setUp()
    before.stores.see(...many(50))
    const first = before.start()
    await before.clock.advance(0)
    before.term.end()
    await first
    const { api, clock, start, term, telemetry } = setUp({}, engineParts(before.stores))

    const running = start()
    await clock.advance(0)

    expect(api.calls).toEqual([])
    expect(telemetry.callsOf('reconciled')).toHaveLength(50)
    term.end()
    await running
  })

  it('comes to rest: the echo of its own writes makes no call', async () => {
    const { stores, api, clock, start, term, telemetry } = setUp()
    stores.see(given.cr())
    const running = start()
    await clock.advance(0)

    await clock.advance(60_000)

    expect(api.calls).toEqual(['create Pod/report-pod', 'status WorkloadProcess/report'])
    expect(telemetry.callsOf('reconciled').length).toBeLessThanOrEqual(3)
    term.end()
    await running
  })

  it('follows events while it lasts, and hears nothing afterwards', async () => {
    const { stores, api, clock, start, term } = setUp()
    const running = start()
    await clock.advance(0)
    stores.see(given.cr())
    await clock.advance(0)
    const during = api.calls.length
    term.end()
    await running

    stores.see(given.cr({ name: 'late', uid: 'uid-late' }))
    await clock.advance(60_000)

    expect(during).toBe(2)
    expect(api.calls).toHaveLength(2)
    expect(stores.subscribers()).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  it('brings back what was asked to be looked at again', async () => {
    const { stores, controller, clock, start, term, telemetry } = setUp()
    stores.see(given.cr({ deleting: true }))
    controller.requeue('WorkloadProcess/prod/report')
    const running = start()
    await clock.advance(0)
    const before = telemetry.callsOf('reconciled').length

    controller.requeue('WorkloadProcess/prod/report')
    await clock.advance(0)
    const atOnce = telemetry.callsOf('reconciled').length
    controller.requeue('WorkloadProcess/prod/report', 1000)
    await clock.advance(999)
    const early = telemetry.callsOf('reconciled').length
    await clock.advance(1)

    expect([before, atOnce, early, telemetry.callsOf('reconciled').length]).toEqual([1, 2, 2, 3])
    term.end()
    await running
  })
})

describe('one workload', () => {
  it('that always fails holds up none of 1,000 others, and is tried again ever less often', async () => {
    const { stores, api, clock, start, term, telemetry } = setUp(withBroken(new Set(['w0'])))
    stores.see(...many(1000))
    const running = start()

    await clock.advance(60_000)

    expect(api.calls.filter((call) => call.startsWith('create'))).toHaveLength(999)
    const retries = telemetry.callsOf('queueRetried').length
    expect(retries).toBeGreaterThan(8)
    expect(retries).toBeLessThan(20)
    term.end()
    await running
  })

  it('that fails is complained about once a minute', async () => {
    const { stores, api, clock, start, term, telemetry } = setUp(withBroken(new Set(['bug'])))
    stores.see(given.cr({ name: 'bug', uid: 'uid-bug' }), given.cr({ name: 'trouble', uid: 'uid-trouble' }))
    api.fail('create', ...Array.from({ length: 12 }, () => new TransientError('busy')))
    const running = start()

    await clock.advance(30_000)

    expect(telemetry.messages('error')).toEqual(['reconcile failed unexpectedly'])
    expect(telemetry.messages('warn')).toEqual(['reconcile failed and is tried again'])
    term.end()
    await running
  })

  it('that lost a race looks again, and nobody is warned', async () => {
    const { stores, api, clock, start, term, telemetry } = setUp()
    stores.see(given.cr())
    api.fail('create', new ConflictError('moved'))
    const running = start()

    await clock.advance(1000)

    expect(api.calls.filter((call) => call.startsWith('create'))).toHaveLength(2)
    expect([...telemetry.messages('warn'), ...telemetry.messages('error')]).toEqual([])
    term.end()
    await running
  })

  it('whose child was refused waits for another spec', async () => {
    const { stores, api, clock, start, term } = setUp()
    stores.see(given.cr())
    api.fail('create', ...Array.from({ length: 9 }, () => new TerminalError('no')))
    const running = start()
    await clock.advance(0)
    const tries = api.calls.filter((call) => call.startsWith('create')).length

    await clock.advance(600_000)

    expect(api.calls.filter((call) => call.startsWith('create'))).toHaveLength(tries)
    term.end()
    await running
  })

  it('that has gone leaves no series behind', async () => {
    const { stores, clock, start, term, telemetry } = setUp()
    stores.see(given.cr())
    const running = start()
    await clock.advance(0)

    stores.lose(given.cr())
    await clock.advance(60_000)

    const last = telemetry.calls.filter(({ metric }) => metric.startsWith('workload')).at(-1)
    expect(last?.metric).toBe('workloadForgotten')
    term.end()
    await running
  })
})

describe('the end', () => {
  it.each(['the term drains', 'the operator shuts down'])('takes no new keys and flushes when %s', async (how) => {
    const { stores, api, clock, start, term, hasEnded } = setUp({ workers: 1 })
    const shutdown = new AbortController()
    stores.see(...many(3))
    api.hold(clock.sleep(1000, never))
    const running = start(shutdown.signal)
    await clock.advance(0)

    if (how === 'the term drains') term.drain()
    else shutdown.abort()
    await clock.advance(999)
    const early = hasEnded()
    await clock.advance(1)

    await running
    expect(early).toBe(false)
    expect(api.calls).toEqual(['create Pod/w0-pod', 'status WorkloadProcess/w0', 'flush'])
  })

  it('gives running reconciles 5 s, then they write nothing more', async () => {
    const { stores, api, clock, start, term } = setUp()
    stores.see(given.cr({ spec: { image: 'a:1', ports: [{ name: 'http', containerPort: 80 }] } }))
    api.hold(clock.sleep(5001, never))
    const running = start()
    await clock.advance(0)

    term.drain()
    await clock.advance(5001)

    await running
    expect(api.calls).toEqual(['create Pod/report-pod', 'flush'])
  })

  it('is prompt when the term is over: nothing more is sent or flushed', async () => {
    const { stores, api, clock, start, term, telemetry } = setUp()
    stores.see(...many(100))
    api.hold(new Promise(() => undefined))
    const running = start()
    await clock.advance(0)

    term.end()

    await running
    expect(api.calls).toHaveLength(16)
    expect(telemetry.callsOf('reconciled').map(([, outcome]) => outcome)).toEqual(Array(16).fill('aborted'))
    expect(clock.pending()).toBe(0)
  })

  it('is at once when it had come before the start', async () => {
    const { stores, api, start, term } = setUp()
    stores.see(given.cr())
    term.end()

    await start()

    expect(api.calls).toEqual([])
  })
})

it('shows the depth of its queue, and none without a term', async () => {
  const { stores, api, controller, clock, start, term } = setUp({ workers: 1 })
  stores.see(...many(5))
  api.hold(new Promise(() => undefined))
  const running = start()
  await clock.advance(0)

  const during = controller.queueDepth()
  term.end()
  await running

  expect(during).toEqual({ urgent: 0, normal: 0, background: 4 })
  expect(controller.queueDepth()).toEqual({ urgent: 0, normal: 0, background: 0 })
})

it('lets others have a turn while it works through what awaits nothing', async () => {
  const { clock, stores, ...parts } = engineParts()
  let nowMs = 0
  let turns = 0
  const busy = {
    ...clock,
    monotonicMs: () => (nowMs += 1),
    sleep: (ms: number, signal: AbortSignal) => {
      turns += 1
      return clock.sleep(ms, signal)
    },
  }
  const controller = createController({ ...parts, clock: busy, workers: 1 })
  const term = given.term()
  stores.see(...many(100, { deleting: true }))
  const running = controller.run(term, never)

  await clock.advance(0)

  expect(turns).toBeGreaterThan(10)
  term.end()
  await running
})
