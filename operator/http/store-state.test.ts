import { describe, expect, it } from 'vitest'
import type { LeaseClient } from '#api/ports.ts'
import { AbortError, TerminalError } from '#lib/errors.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import { observeLeases } from './store-state.ts'

const { signal } = new AbortController()

function given(get: LeaseClient['get']) {
  const client: LeaseClient = {
    get,
    create: () => Promise.resolve(undefined),
    replace: () => Promise.resolve(undefined),
    watch: (_namespace, _name, onChange) => onChange(undefined),
  }
  return observeLeases(client, createFakeClock({ nowMs: 1_000 }))
}

describe('the state of the store', () => {
  it('is unknown before the first answer', () => {
    expect(given(() => Promise.resolve(undefined)).state()).toEqual({ reached: false, failures: 0 })
  })

  it('keeps the reason of a refusal until the next answer', async () => {
    let fails = true
    const store = given(() =>
      fails ? Promise.reject(new TerminalError('may not get leases')) : Promise.resolve(undefined),
    )

    await expect(store.leases.get('ns', 'fence', signal)).rejects.toThrow('may not get leases')
    expect(store.state()).toEqual({ reached: false, failures: 1, problem: 'may not get leases' })
    fails = false
    await store.leases.get('ns', 'fence', signal)

    expect(store.state()).toEqual({ reached: true, answeredAtMs: 1_000, failures: 1 })
  })

  it('counts what the watch shows, and no abort', async () => {
    const store = given(() => Promise.reject(new AbortError()))

    await expect(store.leases.get('ns', 'fence', signal)).rejects.toThrow(AbortError)
    expect(store.state()).toEqual({ reached: false, failures: 0 })
    store.leases.watch('ns', 'fence', () => undefined, signal)

    expect(store.state()).toMatchObject({ reached: true })
  })
})
