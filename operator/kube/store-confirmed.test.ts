import { expect, it } from 'vitest'
import type { Fact } from '#api/facts.ts'
import { given } from '#testing/given.ts'
import { createStore } from './store.ts'

const fact = (version: number): Fact => given.cronJob({ resourceVersion: String(version) })

it('counts an own write as confirmed once the watch has delivered it', () => {
  const store = createStore<Fact>()
  store.wrote(fact(10))
  const before = store.isConfirmed(fact(10))

  store.saw(fact(10))

  expect([before, store.isConfirmed(fact(10))]).toEqual([false, true])
})
