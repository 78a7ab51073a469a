import { beforeEach, describe, expect, it } from 'vitest'
import type { WorkloadEvent } from '#api/ports.ts'
import { TerminalError, TransientError } from '#lib/errors.ts'
import { objectAt, textAt } from '#lib/json.ts'
import { createFakeClient } from '#testing/fake-client.ts'
import type { FakeClient } from '#testing/fake-client.ts'
import { createFakeClock, settle } from '#testing/fake-clock.ts'
import type { FakeClock } from '#testing/fake-clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { FakeTelemetry } from '#testing/fake-telemetry.ts'
import { given } from '#testing/given.ts'
import { createEventRecorder } from './event-recorder.ts'
import type { TermEventRecorder } from './event-recorder.ts'

const regarding = {
  apiVersion: 'highlander.plexobject.io/v1',
  kind: 'WorkloadProcess',
  namespace: 'prod',
  name: 'report',
  uid: 'u1',
}
const started: WorkloadEvent = {
  type: 'Normal',
  reason: 'Started',
  action: 'Creating',
  note: 'Started pod report-pod.',
}

let client: FakeClient
let clock: FakeClock
let telemetry: FakeTelemetry
let recorder: TermEventRecorder

beforeEach(() => {
  client = createFakeClient()
  clock = createFakeClock()
  telemetry = fakeTelemetry()
  recorder = createEventRecorder({ client, clock, telemetry, instance: 'replica-a' })
})

const numbered = (n: number): WorkloadEvent => ({ ...started, note: `Run ${n}.` })

describe('an Event', () => {
  it('is posted in the form of events.k8s.io', async () => {
    using _term = recorder.during(given.term())

    recorder.record(regarding, started)
    await settle()

    expect(client.calls).toMatchObject([
      {
        method: 'POST',
        path: '/apis/events.k8s.io/v1/namespaces/prod/events',
        body: {
          metadata: { name: expect.stringMatching(/^report\.[0-9a-f]{16}$/), namespace: 'prod' },
          eventTime: expect.stringMatching(/\.\d{6}Z$/),
          reportingController: 'highlander.plexobject.io/operator',
          reportingInstance: 'replica-a',
          regarding,
          ...started,
        },
      },
    ])
    expect(telemetry.callsOf('eventEmitted')).toEqual([['Started']])
  })

  it('is counted on when it happens again within ten minutes', async () => {
    using _term = recorder.during(given.term())
    recorder.record(regarding, started)
    await clock.advance(60_000)

    recorder.record(regarding, started)
    await settle()

    expect(client.calls).toMatchObject([{ method: 'POST' }, { method: 'PATCH', body: { series: { count: 2 } } }])
    expect(client.calls[1]?.path.endsWith(`/${nameOf(client, 0)}`)).toBe(true)
  })

  it('is a new one when something else is said, or ten minutes have passed', async () => {
    using _term = recorder.during(given.term())
    recorder.record(regarding, started)
    recorder.record(regarding, numbered(1))
    await clock.advance(600_000)

    recorder.record(regarding, started)
    await settle()

    expect(client.calls.map((call) => call.method)).toEqual(['POST', 'POST', 'POST'])
  })

  it('is posted anew when the server has forgotten it', async () => {
    using _term = recorder.during(given.term())
    recorder.record(regarding, started)
    await settle()
    client.answer((call) => (call.method === 'PATCH' ? new TerminalError('gone', { reason: 'not_found' }) : {}))
    recorder.record(regarding, started)
    await settle()

    recorder.record(regarding, started)
    await settle()

    expect(client.calls.map((call) => call.method)).toEqual(['POST', 'PATCH', 'POST'])
  })
})

describe('the recorder', () => {
  it('sends nothing outside a term', async () => {
    const term = given.term()
    using _term = recorder.during(term)
    term.end()

    recorder.record(regarding, started)
    await settle()

    expect(client.calls).toEqual([])
    expect(telemetry.callsOf('eventDropped')).toHaveLength(1)
  })

  it('drops and counts what is too much', async () => {
    client.hold()
    using _term = recorder.during(given.term())

    for (let n = 0; n < 300; n += 1) recorder.record(regarding, numbered(n))

    expect(telemetry.callsOf('eventDropped')).toHaveLength(300 - 256)
  })

  it('sends fifty at once, then twenty a second', async () => {
    using _term = recorder.during(given.term())
    for (let n = 0; n < 100; n += 1) recorder.record(regarding, numbered(n))

    await clock.advance(0)
    const atOnce = client.calls.length
    await clock.advance(1000)

    expect([atOnce, client.calls.length]).toEqual([50, 70])
  })

  it.each(['they are sent', 'the signal fires'])('waits for its last Events until %s', async (when) => {
    const gate = client.hold()
    using _term = recorder.during(given.term())
    recorder.record(regarding, started)
    const stop = new AbortController()
    let isFlushed = false
    const flushing = recorder.flush(stop.signal).then(() => (isFlushed = true))
    await settle()
    const early = isFlushed

    if (when === 'they are sent') gate.release()
    else stop.abort()

    await flushing
    expect(early).toBe(false)
  })

  it('never throws, whatever the server says', async () => {
    client.answer(() => new TransientError('unavailable'))
    using _term = recorder.during(given.term())

    recorder.record(regarding, started)
    await settle()

    expect(telemetry.callsOf('eventDropped')).toHaveLength(1)
  })
})

function nameOf(of: FakeClient, index: number): string {
  return textAt(objectAt(of.calls[index]?.body, 'metadata'), 'name') ?? ''
}
