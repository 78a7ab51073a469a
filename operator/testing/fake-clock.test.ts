import { expect, it } from 'vitest'
import { AbortError } from '#lib/errors.ts'
import { createFakeClock } from './fake-clock.ts'

const never = new AbortController().signal

it('runs timers in the order in which they fall due, each at its own time', async () => {
  const clock = createFakeClock()
  const seen: string[] = []
  clock.schedule(20, () => seen.push(`b at ${clock.monotonicMs()}`))
  clock.schedule(10, () => seen.push(`a at ${clock.monotonicMs()}`))
  clock.schedule(20, () => seen.push(`c at ${clock.monotonicMs()}`))

  await clock.advance(25)

  expect(seen).toEqual(['a at 10', 'b at 20', 'c at 20'])
  expect(clock.monotonicMs()).toBe(25)
})

it('lets a loop of sleeps go on within one advance', async () => {
  const clock = createFakeClock()
  const wokenAtMs: number[] = []
  const loop = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(10, never)
      wokenAtMs.push(clock.monotonicMs())
    }
  }
  const running = loop()

  await clock.advance(30)

  await running
  expect(wokenAtMs).toEqual([10, 20, 30])
})

it('rejects a sleep when its signal fires, and forgets the timer', async () => {
  const clock = createFakeClock()
  const stop = new AbortController()
  const sleeping = clock.sleep(10, stop.signal)

  stop.abort()

  await expect(sleeping).rejects.toBeInstanceOf(AbortError)
  expect(clock.pending()).toBe(0)
})

it('keeps timers and monotonic time still while the machine is suspended', async () => {
  const clock = createFakeClock({ nowMs: 1000 })
  let fired = false
  clock.schedule(10, () => {
    fired = true
  })

  clock.suspend(60_000)
  await clock.advance(0)

  expect(fired).toBe(false)
  expect([clock.now(), clock.bootMs(), clock.monotonicMs()]).toEqual([61_000, 60_000, 0])
})
