import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Key } from '#api/key.ts'
import { keyOf } from '#api/key.ts'
import type { QueueClass } from '#api/ports.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import type { WorkQueue } from './work-queue.ts'
import { createWorkQueue } from './work-queue.ts'

const never = new AbortController().signal
const key = (name: string): Key => keyOf('WorkloadProcess', 'prod', name)

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

type Step =
  | { readonly type: 'add'; readonly key: Key; readonly class: QueueClass; readonly afterMs: number }
  | { readonly type: 'take' | 'done' | 'retry' | 'forget'; readonly key: Key }
  | { readonly type: 'pass'; readonly ms: number }

const someKey = fc.constantFrom(...['a', 'b', 'c', 'd'].map(key))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('add' as const),
    key: someKey,
    class: fc.constantFrom<QueueClass>('urgent', 'normal', 'background'),
    afterMs: fc.constantFrom(0, 0, 10, 50),
  }),
  fc.record({ type: fc.constantFrom('take', 'done', 'retry', 'forget' as const), key: someKey }),
  fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(5, 20, 60) }),
)

/** What each key owes: the earliest time at which it must be handed out, undefined when nobody wants it. */
class Model {
  readonly wanted = new Map<Key, number>()
  readonly busy = new Set<Key>()

  want(wanted: Key, atMs: number): void {
    this.wanted.set(wanted, Math.min(atMs, this.wanted.get(wanted) ?? Number.POSITIVE_INFINITY))
  }

  ready(nowMs: number): readonly Key[] {
    return [...this.wanted].filter(([each, atMs]) => atMs <= nowMs && !this.busy.has(each)).map(([each]) => each)
  }

  took(taken: Key): void {
    expect(this.busy.has(taken)).toBe(false)
    this.busy.add(taken)
    this.wanted.delete(taken)
  }
}

/** The wait that the queue has for the n-th failure in a row, with the jitter off. */
const backoff = (failures: number): number => Math.min(5 * 2 ** failures, 300_000)

it('never hands out a key twice at once and never loses the last add, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, queue } = setUp()
      const model = new Model()
      const failures = new Map<Key, number>()

      for (const each of steps) await run(each)
      for (const each of model.busy) queue.done(each)
      model.busy.clear()
      await clock.advance(600_000)

      const rest = await takeAll(queue)
      expect([...rest].sort()).toEqual([...model.wanted.keys()].sort())

      async function run(next: Step): Promise<void> {
        if (next.type === 'pass') await clock.advance(next.ms)
        else if (next.type === 'add') {
          queue.add(next.key, next)
          model.want(next.key, clock.monotonicMs() + next.afterMs)
        } else if (next.type === 'forget') {
          queue.forget(next.key)
          failures.delete(next.key)
        } else if (next.type === 'take') await take()
        else if (model.busy.has(next.key)) release(next.type, next.key)
        const { urgent, normal, background } = queue.depth()
        expect(urgent + normal + background).toBe(model.ready(clock.monotonicMs()).length)
      }

      async function take(): Promise<void> {
        const ready = model.ready(clock.monotonicMs())
        if (ready.length === 0) return
        const taken = await queue.take(never)
        expect(ready).toContain(taken)
        model.took(taken)
      }

      function release(how: 'done' | 'retry', busy: Key): void {
        if (how === 'retry') {
          queue.retry(busy)
          model.want(busy, clock.monotonicMs() + backoff(failures.get(busy) ?? 0))
          failures.set(busy, (failures.get(busy) ?? 0) + 1)
        }
        queue.done(busy)
        model.busy.delete(busy)
      }
    }),
    { numRuns: 200 },
  )
})

it('takes as long per key with 200,000 keys as with 2,000', async () => {
  const perKey = async (keys: number): Promise<number> => {
    const { queue } = setUp()
    for (let n = 0; n < keys; n += 1) queue.add(key(`k${n}`))
    const startMs = performance.now()
    for (let n = 0; n < keys; n += 1) queue.done(await queue.take(never))
    return (performance.now() - startMs) / keys
  }
  // The best of three: whatever else the machine does only makes a run slower.
  const best = async (keys: number): Promise<number> =>
    Math.min(await perKey(keys), await perKey(keys), await perKey(keys))

  const [few, many] = [await best(2000), await best(200_000)]

  // Measured 1 to 3; a queue that walks over the places of all keys taken so far needs 40 times as long.
  expect(many / few).toBeLessThan(15)
})
