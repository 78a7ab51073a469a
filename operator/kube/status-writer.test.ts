import { beforeEach, describe, expect, it } from 'vitest'
import type { StatusPatch } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import { AbortError, ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { objectAt } from '#lib/json.ts'
import { settle } from '#testing/fake-clock.ts'
import { given } from '#testing/given.ts'
import type { WriterRig } from '#testing/writer-rig.ts'
import { bodyOf, createWriterRig, metadataOf } from '#testing/writer-rig.ts'

let rig: WriterRig
const KEY = 'WorkloadProcess/prod/report'
const leader = { holder: 'replica-a', cluster: 'east', tenant: 'default', term: 1, since: '2026-01-01T00:00:00Z' }
const starting: StatusPatch = { observedGeneration: 1, active: true, healthy: false }
const running: StatusPatch = { observedGeneration: 1, active: true, healthy: true }
const never = new AbortController().signal

beforeEach(() => {
  rig = createWriterRig()
  rig.stores.see(given.cr({ status: { ...starting, leader } }))
  // As the server does it: the stored object with the status merged into it.
  rig.client.answer((call) => {
    const [, name = ''] = /\/([^/]+)\/status$/.exec(call.path) ?? []
    const stored = rig.stores.crs.WorkloadProcess.get('prod', name)
    const status = {
      ...JSON.parse(stored === undefined ? '{}' : statusTextOf(stored)),
      ...objectAt(call.body, 'status'),
    }
    const resourceVersion = String(Number(stored?.resourceVersion) + 1)
    return given.object('WorkloadProcess', { metadata: { name, uid: stored?.uid, resourceVersion }, status })
  })
})

const withAddress = (address: string, of = starting): StatusPatch => Object.assign({}, of, { address })

describe('the status writer', () => {
  it('patches the status over the version it was compared with', async () => {
    rig.writer.status(KEY, running, given.term())

    expect(rig.client.calls).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/highlander.plexobject.io/v1/namespaces/prod/workloadprocesses/report/status',
        contentType: 'application/merge-patch+json',
        deadlineMs: 3000,
      },
    ])
    expect(bodyOf(rig.client.calls[0])).toEqual({
      metadata: { uid: 'uid-report', resourceVersion: '100' },
      status: { healthy: true },
    })
    await settle()
    expect(rig.stores.crs.WorkloadProcess.get('prod', 'report')?.resourceVersion).toBe('101')
  })

  it('writes nothing that is stored already', async () => {
    rig.writer.status(KEY, starting, given.term({ epoch: 9n }))

    await rig.writer.flush(never)
    expect(rig.client.calls).toEqual([])
  })

  it('lets what nobody waits for wait 200 ms for company, and sends the latest', async () => {
    const term = given.term()
    rig.writer.status(KEY, withAddress('a'), term)
    await rig.clock.advance(150)
    rig.writer.status(KEY, withAddress('b'), term)
    expect(rig.client.calls).toEqual([])

    await rig.clock.advance(50)

    expect(rig.client.calls.map((call) => objectAt(call.body, 'status'))).toEqual([{ address: 'b' }])
  })

  it('sends an urgent one at once, together with what waited', () => {
    const term = given.term()
    rig.writer.status(KEY, withAddress('a'), term)

    rig.writer.status(KEY, withAddress('a', running), term)

    expect(rig.client.calls.map((call) => objectAt(call.body, 'status'))).toEqual([{ healthy: true, address: 'a' }])
  })

  it('forgets what waited when the stored status is wished again', async () => {
    const term = given.term()
    rig.writer.status(KEY, withAddress('a'), term)
    rig.writer.status(KEY, starting, term)
    await rig.clock.advance(1000)
    expect(rig.client.calls).toEqual([])
  })

  it('has one write per workload in flight, the next one over its answer', async () => {
    const term = given.term()
    const gate = rig.client.hold()
    rig.writer.status(KEY, running, term)
    rig.writer.status(KEY, starting, term)
    expect(rig.client.calls).toHaveLength(1)

    gate.release()
    await rig.writer.flush(never)

    expect(rig.client.calls.map((call) => metadataOf(call)['resourceVersion'])).toEqual(['100', '101'])
    expect(objectAt(rig.client.calls[1]?.body, 'status')).toEqual({ healthy: false })
  })

  it('asks for another look at what was reported during a write: it knew nothing of that write', async () => {
    const term = given.term()
    const gate = rig.client.hold()
    rig.writer.status(KEY, running, term)
    rig.writer.status(KEY, withAddress('a', running), term)
    gate.release()
    await rig.clock.advance(200)

    expect([rig.client.calls.length, rig.requeued, rig.delays]).toEqual([1, [KEY], [0]])
  })

  it('writes what was reported over the answer, after company, though the write is still under way', async () => {
    const term = given.term()
    const gate = rig.client.hold()
    rig.writer.status(KEY, running, term)
    // The watch is faster than the answer.
    const [resourceVersion, status] = ['101', { ...running, leader }] as const
    rig.stores.see(given.cr({ resourceVersion, status }))
    const metadata = { name: 'report', uid: given.cr().uid, resourceVersion }
    rig.client.answer(() => given.object('WorkloadProcess', { metadata, status }))
    rig.writer.status(KEY, withAddress('a', running), term)
    gate.release()
    await rig.clock.advance(200)

    expect(rig.client.calls.map((call) => objectAt(call.body, 'status')['address'])).toEqual([undefined, 'a'])
    expect(rig.requeued).toEqual([])
  })

  it('has room until many statuses wait, and again when they are written', async () => {
    const gate = rig.client.hold()
    for (let n = 0; n < 80; n += 1) {
      rig.stores.see(given.cr({ name: `w${n}`, status: { ...starting, leader } }))
      if (n === 70) await rig.writer.room(never)
      rig.writer.status(`WorkloadProcess/prod/w${n}`, running, given.term())
    }
    let hasRoom = false
    const room = rig.writer.room(never).then(() => (hasRoom = true))
    await settle()
    expect(hasRoom).toBe(false)

    gate.release()
    await room

    expect(rig.clock.monotonicMs()).toBe(0)
    expect(rig.clock.pending()).toBe(0)
  })

  it('lets others wait for room no longer than 250 ms, nor after their signal', async () => {
    const ending = new AbortController()
    rig.client.hold()
    for (let n = 0; n < 80; n += 1) {
      rig.stores.see(given.cr({ name: `w${n}`, status: { ...starting, leader } }))
      rig.writer.status(`WorkloadProcess/prod/w${n}`, running, given.term())
    }
    const room = rig.writer.room(never)
    const aborted = expect(rig.writer.room(ending.signal)).rejects.toThrow(AbortError)
    ending.abort()

    await rig.clock.advance(250)

    await room
    await aborted
  })

  it('has eight writes in flight', async () => {
    const gate = rig.client.hold()
    for (let n = 0; n < 20; n += 1) {
      rig.stores.see(given.cr({ name: `w${n}` }))
      rig.writer.status(`WorkloadProcess/prod/w${n}`, running, given.term())
    }
    expect(rig.client.calls).toHaveLength(8)
    gate.release()
    await rig.writer.flush(never)
    expect(rig.client.calls).toHaveLength(20)
  })

  it('hurries in a flush, which returns when all is answered', async () => {
    const gate = rig.client.hold()
    rig.writer.status(KEY, withAddress('a'), given.term())
    let isFlushed = false
    const flushing = rig.writer.flush(never).then(() => (isFlushed = true))
    await settle()
    expect([rig.client.calls.length, isFlushed]).toEqual([1, false])

    gate.release()
    await flushing

    expect(isFlushed).toBe(true)
  })

  it('leaves a flush when its signal fires', async () => {
    rig.client.hold()
    rig.writer.status(KEY, running, given.term())
    const stop = new AbortController()
    const flushing = rig.writer.flush(stop.signal)

    stop.abort()

    await expect(flushing).rejects.toBeInstanceOf(AbortError)
  })

  it('requeues the workload when it met a newer version: at once if the store has it, else when the watch is slow', async () => {
    rig.client.answer(() => new ConflictError('modified'))
    rig.writer.status(KEY, running, given.term())
    await rig.writer.flush(never)
    const gate = rig.client.hold()
    rig.writer.status(KEY, running, given.term())
    rig.stores.see(given.cr({ resourceVersion: '200' }))
    gate.release()
    await rig.writer.flush(never)

    expect([rig.requeued, rig.delays]).toEqual([
      [KEY, KEY],
      [1000, 0],
    ])
  })

  it('requeues the workload ever later while the server does not answer, and begins anew after a success', async () => {
    const term = given.term()
    for (const answer of ['no', 'no', 'no', 'yes', 'no']) {
      rig.client.answer(() => (answer === 'no' ? new TransientError('no answer', { reason: 'timeout' }) : {}))
      rig.writer.status(KEY, running, term)
      await rig.writer.flush(never)
    }

    const [first = 0, second = 0, third = 0, anew = 0] = rig.delays
    expect(rig.requeued).toEqual([KEY, KEY, KEY, KEY])
    expect(first).toBeGreaterThanOrEqual(400)
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second)
    expect(anew).toBeLessThan(second)
  })

  it('waits as long as the server asks', async () => {
    rig.client.answer(() => new TransientError('busy', { reason: 'throttled', retryAfterMs: 7000 }))
    rig.writer.status(KEY, running, given.term())

    await rig.writer.flush(never)

    expect(rig.delays).toEqual([7000])
  })

  it('requeues the workload when the term did not allow the write just then', async () => {
    const term = given.term()
    rig.client.beforeSend(() => term.setRemainingMs(0))
    rig.writer.status(KEY, running, term)

    await rig.writer.flush(never)

    expect([rig.client.calls, rig.requeued]).toEqual([[], [KEY]])
    expect(rig.delays[0]).toBeGreaterThanOrEqual(400)
  })

  it('says once that a status was refused, and tries again each minute: no event tells of a right that was given', async () => {
    rig.client.answer(() => new TerminalError('workloadprocesses/status is forbidden', { reason: 'forbidden' }))
    const term = given.term()
    rig.writer.status(KEY, running, term)
    await rig.writer.flush(never)

    rig.writer.status(KEY, running, term)
    await rig.writer.flush(never)

    expect(rig.telemetry.messages('error')).toEqual(['status refused'])
    expect(rig.delays).toEqual([60_000, 60_000])
  })

  it('drops everything of a term that is over', async () => {
    const term = given.term()
    rig.writer.status(KEY, withAddress('a'), term)
    term.end()

    await rig.writer.flush(never)

    expect([rig.client.calls, rig.requeued]).toEqual([[], []])
  })

  it('writes nothing over a resource that a newer term has written', async () => {
    const term = given.term({ epoch: 2n })
    rig.stores.see(given.cr({ epoch: 3n, resourceVersion: '200' }))
    rig.writer.status(KEY, running, term)

    await rig.writer.flush(never)

    expect([rig.client.calls, term.newerEpochs]).toEqual([[], [3n]])
  })

  it('ignores a workload that is gone', async () => {
    rig.stores.lose(given.cr())
    rig.writer.status(KEY, running, given.term())

    await rig.writer.flush(never)

    expect(rig.client.calls).toEqual([])
  })
})
