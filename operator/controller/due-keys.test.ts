import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keyOf, type Key } from '#api/key.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import { DueKeys } from './due-keys.ts'

const key = (name: string | number): Key => keyOf('WorkloadProcess', 'prod', String(name))

function setUp() {
  const clock = createFakeClock()
  const due: { readonly key: Key; readonly atMs: number }[] = []
  const keys = new DueKeys(clock, (found) => due.push({ key: found, atMs: clock.monotonicMs() }))
  return { clock, due, keys }
}

it('needs one timer however many keys wait', () => {
  const { clock, keys } = setUp()

  for (let n = 0; n < 1000; n += 1) keys.put(key(n), { class: 'normal', dueMs: (n * 7919) % 1000 })

  expect(clock.pending()).toBe(1)
})

it('needs none when no key waits any more', () => {
  const { clock, keys } = setUp()
  keys.put(key('a'), { class: 'normal', dueMs: 10 })
  keys.put(key('b'), { class: 'normal', dueMs: 20 })

  keys.remove(key('a'))
  keys.remove(key('b'))

  expect(clock.pending()).toBe(0)
})

it('wakes for a key that falls due before all others', async () => {
  const { clock, due, keys } = setUp()
  keys.put(key('late'), { class: 'normal', dueMs: 1000 })
  keys.put(key('soon'), { class: 'normal', dueMs: 5 })

  await clock.advance(5)

  expect(due).toEqual([{ key: key('soon'), atMs: 5 }])
})

it('hands over keys that are put while others are handed over', async () => {
  const clock = createFakeClock()
  const due: Key[] = []
  const keys: DueKeys = new DueKeys(clock, (found) => {
    due.push(found)
    if (found === key('a')) keys.put(key('c'), { class: 'normal', dueMs: 15 })
  })
  keys.put(key('a'), { class: 'normal', dueMs: 10 })
  keys.put(key('b'), { class: 'normal', dueMs: 10 })

  await clock.advance(15)

  expect(due).toEqual([key('a'), key('b'), key('c')])
})

const step = fc.oneof(
  fc.record({ type: fc.constant('put'), name: fc.nat(8), afterMs: fc.nat(20) }),
  fc.record({ type: fc.constant('remove'), name: fc.nat(8), afterMs: fc.constant(0) }),
  fc.record({ type: fc.constant('pass'), name: fc.constant(0), afterMs: fc.nat(6) }),
)

it('hands over each key at its time, in order, whatever is put and removed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, due, keys } = setUp()
      const wanted = new Map<Key, { readonly dueMs: number; readonly order: number }>()
      const expected: { readonly key: Key; readonly atMs: number }[] = []
      const pass = async (ms: number): Promise<void> => {
        const untilMs = clock.monotonicMs() + ms
        const ripe = [...wanted].filter(([, { dueMs }]) => dueMs <= untilMs)
        ripe.sort(([, one], [, other]) => one.dueMs - other.dueMs || one.order - other.order)
        for (const [found, { dueMs }] of ripe) {
          wanted.delete(found)
          expected.push({ key: found, atMs: dueMs })
        }
        await clock.advance(ms)
      }
      for (const [order, { type, name, afterMs }] of steps.entries()) {
        const dueMs = clock.monotonicMs() + 1 + afterMs
        if (type === 'pass') await pass(afterMs)
        else if (type === 'remove') {
          wanted.delete(key(name))
          keys.remove(key(name))
        } else {
          wanted.set(key(name), { dueMs, order })
          keys.put(key(name), { class: 'normal', dueMs })
        }
      }
      await pass(30)

      expect(due).toEqual(expected)
      expect(clock.pending()).toBe(0)
    }),
    { numRuns: 100 },
  )
})
