import { expect, it } from 'vitest'
import { createFakeClock } from '#testing/fake-clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { given } from '#testing/given.ts'
import { runTerm } from './run-term.ts'

const never = new AbortController().signal

/** A term whose engine comes to rest when the test says so. */
function start() {
  const clock = createFakeClock()
  const telemetry = fakeTelemetry()
  const term = given.term()
  const engine = Promise.withResolvers<void>()
  const codes: number[] = []
  const controller = { run: () => engine.promise }
  const running = runTerm(term, { controller, clock, log: telemetry.log, exit: (code) => void codes.push(code) }, never)
  return { clock, telemetry, term, engine, codes, running }
}

it('ends the process when writes have not settled 5 s after the end of the term', async () => {
  const { clock, telemetry, term, codes } = start()
  await clock.advance(60_000)
  term.end()
  await clock.advance(4999)
  const early = codes.length

  await clock.advance(1)

  expect([early, codes]).toEqual([0, [1]])
  expect(telemetry.messages('error')).toHaveLength(1)
})

it.each(['before', 'after'])('goes on when the engine comes to rest in time, %s the end of the term', async (when) => {
  const { clock, term, engine, codes, running } = start()
  if (when === 'after') term.end()
  await clock.advance(4999)

  engine.resolve()
  await running
  term.end()
  await clock.advance(60_000)

  expect([codes, clock.pending()]).toEqual([[], 0])
})

it('passes on what the engine throws', async () => {
  const { engine, running } = start()

  engine.reject(new RangeError('a bug'))

  await expect(running).rejects.toThrow('a bug')
})
