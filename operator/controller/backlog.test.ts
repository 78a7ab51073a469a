import { expect, it } from 'vitest'
import { engineParts } from '#testing/engine.ts'
import { given } from '#testing/given.ts'
import { createController } from './controller.ts'

it('takes no more work while too many statuses wait to be written', async () => {
  const parts = engineParts()
  const { stores, api, clock } = parts
  const writer = { ...parts.writer, room: (signal: AbortSignal) => clock.sleep(1000, signal) }
  const controller = createController({ ...parts, writer })
  const term = given.term()
  stores.see(...['a', 'b', 'c'].map((name) => given.cr({ name, uid: `uid-${name}` })))
  const running = controller.run(term, new AbortController().signal)

  await clock.advance(999)
  const early = api.calls.length
  await clock.advance(1)

  expect(early).toBe(0)
  expect(api.calls.filter((call) => call.startsWith('create'))).toHaveLength(3)
  term.end()
  await running
})
