import { describe, expect, it } from 'vitest'
import type { Key } from '#api/key.ts'
import { keyOf } from '#api/key.ts'
import { AbortError } from '#lib/errors.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import type { FakeClock } from '#testing/fake-clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { WorkQueue } from './work-queue.ts'
import { createWorkQueue } from './work-queue.ts'

const never = new AbortController().signal
const key = (name: string): Key => keyOf('WorkloadProcess', 'prod', name)
const [a, b, c] = [key('a'), key('b'), key('c')]

/** A queue whose jitter is off: random 0.5 is the middle. */
function setUp() {
  const clock = createFakeClock()
  const telemetry = fakeTelemetry()
  const queue = createWorkQueue({ clock, metrics: telemetry.metrics, random: () => 0.5 })
  return { clock, queue, telemetry }
}

/** Takes what is ready, without waiting. */
async function takeAll(queue: WorkQueue): Promise<readonly Key[]> {
  const taken: Key[] = []
  for (;;) {
    const { urgent, normal, background } = queue.depth()
    if (urgent + normal + background === 0) return taken
    taken.push(await queue.take(never))
  }
}

describe('order', () => {
  it('hands out keys of one class in the order in which they came', async () => {
    const { queue } = setUp()
    for (const each of [b, a, c]) queue.add(each)

    const taken = await takeAll(queue)

    expect(taken).toEqual([b, a, c])
  })

  it('hands out urgent keys before normal ones before background ones', async () => {
    const { queue } = setUp()
    queue.add(a, { class: 'background' })
    queue.add(b)
    queue.add(c, { class: 'urgent' })

    const taken = await takeAll(queue)

    expect(taken).toEqual([c, b, a])
  })

  it('starts every 16th take from the lowest class', async () => {
    const { queue } = setUp()
    queue.add(a, { class: 'background' })
    for (let n = 0; n < 40; n += 1) queue.add(key(`u${n}`), { class: 'urgent' })

    const taken = await takeAll(queue)

    expect(taken.indexOf(a)).toBe(15)
  })

  it('holds a key once, in the higher class of two adds', async () => {
    const { queue } = setUp()
    queue.add(a, { class: 'background' })
    queue.add(b)
    queue.add(a, { class: 'urgent' })
    queue.add(a, { class: 'background' })

    const taken = await takeAll(queue)

    expect(taken).toEqual([a, b])
  })

  it('goes on in order after it was empty', async () => {
    const { queue } = setUp()
    queue.add(a)
    await takeAll(queue)
    queue.add(b)
    queue.add(c)

    const taken = await takeAll(queue)

    expect(taken).toEqual([b, c])
  })
})

describe('time', () => {
  it('hands out a key when its delay is over', async () => {
    const { clock, queue } = setUp()
    queue.add(a, { afterMs: 100 })
    const take = queue.take(never)

    await clock.advance(99)
    const early = queue.depth()
    await clock.advance(1)

    expect(early.normal).toBe(0)
    await expect(take).resolves.toBe(a)
  })

  it('lets the earlier of two times win, in both orders', async () => {
    const { clock, queue } = setUp()
    queue.add(a, { afterMs: 100 })
    queue.add(a, { afterMs: 10 })
    queue.add(b, { afterMs: 10 })
    queue.add(b, { afterMs: 100 })

    await clock.advance(10)

    expect(await takeAll(queue)).toEqual([a, b])
    expect(clock.pending()).toBe(0)
  })

  it('takes an add at once over a delay', async () => {
    const { clock, queue } = setUp()
    queue.add(a, { afterMs: 100 })
    queue.add(a)

    const taken = await takeAll(queue)

    expect(taken).toEqual([a])
    expect(clock.pending()).toBe(0)
  })

  it('keeps very long delays below what timers can count', async () => {
    const { clock, queue } = setUp()
    queue.add(a, { afterMs: 1e12 })

    await clock.advance(86_400_000)

    expect(queue.depth().normal).toBe(1)
  })

  it('tells how long a key has waited, from its first add', async () => {
    const { clock, queue, telemetry } = setUp()
    queue.add(a, { class: 'background' })
    await clock.advance(250)
    queue.add(a, { class: 'urgent' })
    await clock.advance(250)

    await queue.take(never)

    expect(telemetry.callsOf('queueWaited')).toEqual([['urgent', 0.5]])
  })

  it('forgets its timers when it is disposed', () => {
    const { clock, queue } = setUp()
    queue.add(a, { afterMs: 100 })

    queue[Symbol.dispose]()

    expect(clock.pending()).toBe(0)
  })
})

describe('work', () => {
  it('hands out a busy key again only after it is done', async () => {
    const { queue } = setUp()
    queue.add(a)
    await queue.take(never)
    queue.add(a)
    const whileBusy = queue.depth().normal

    queue.done(a)

    expect(whileBusy).toBe(0)
    expect(await takeAll(queue)).toEqual([a])
  })

  it('does not hand out a key again that nobody added', async () => {
    const { queue } = setUp()
    queue.add(a)
    await queue.take(never)

    queue.done(a)

    expect(queue.depth()).toEqual({ urgent: 0, normal: 0, background: 0 })
  })

  it('gives keys to waiting takers in the order in which they came', async () => {
    const { queue } = setUp()
    const takes = [queue.take(never), queue.take(never)]

    queue.add(a)
    queue.add(b)

    expect(await Promise.all(takes)).toEqual([a, b])
  })

  it('rejects a take whose signal fires, and gives the key to the next', async () => {
    const { queue } = setUp()
    const stop = new AbortController()
    const left = queue.take(stop.signal)
    const stays = queue.take(never)

    stop.abort()
    queue.add(a)

    await expect(left).rejects.toBeInstanceOf(AbortError)
    await expect(stays).resolves.toBe(a)
  })

  it('gives nothing to a take whose signal has fired', async () => {
    const { queue } = setUp()
    queue.add(a)

    const take = queue.take(AbortSignal.abort())

    await expect(take).rejects.toBeInstanceOf(AbortError)
    expect(queue.depth().normal).toBe(1)
  })
})

describe('back-off', () => {
  const waitOf = async (clock: FakeClock, queue: WorkQueue, atLeastMs?: number): Promise<number> => {
    const startMs = clock.monotonicMs()
    queue.retry(a, atLeastMs)
    queue.done(a)
    await clock.advanceToNext()
    await queue.take(never)
    return clock.monotonicMs() - startMs
  }

  it('doubles the wait from 5 ms up to 5 minutes', async () => {
    const { clock, queue, telemetry } = setUp()
    queue.add(a)
    await queue.take(never)

    const waits: number[] = []
    for (let n = 0; n < 18; n += 1) waits.push(await waitOf(clock, queue))

    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(300_000)
    expect(telemetry.callsOf('queueRetried')).toHaveLength(18)
  })

  it('starts anew when the key is forgotten', async () => {
    const { clock, queue } = setUp()
    queue.add(a)
    await queue.take(never)
    await waitOf(clock, queue)
    await waitOf(clock, queue)
    queue.forget(a)

    const wait = await waitOf(clock, queue)

    expect(wait).toBe(5)
  })

  it('waits at least as long as it was asked to', async () => {
    const { clock, queue } = setUp()
    queue.add(a)
    await queue.take(never)

    const wait = await waitOf(clock, queue, 2000)

    expect(wait).toBe(2000)
  })

  it('keeps the class of the key', async () => {
    const { clock, queue } = setUp()
    queue.add(a, { class: 'background' })
    await queue.take(never)
    queue.retry(a)
    queue.done(a)

    await clock.advance(5)

    expect(queue.depth().background).toBe(1)
  })
})
