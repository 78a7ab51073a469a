import { describe, expect, it } from 'vitest'
import type { Key } from '#api/key.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import { given } from '#testing/given.ts'
import { knownKeys, subscribe } from './subscriptions.ts'
import type { AddOptions } from './work-queue.ts'

const key: Key = 'WorkloadProcess/prod/report'
const other: Key = 'WorkloadService/prod/api'

function setUp() {
  const stores = createFakeStores()
  const calls: string[] = []
  const queue = {
    add: (added: Key, options: AddOptions = {}) => void calls.push(`${options.class ?? 'normal'} ${added}`),
    forget: (forgotten: Key) => void calls.push(`forget ${forgotten}`),
  }
  const start = (): Disposable => {
    calls.length = 0
    return subscribe(stores, queue)
  }
  return { stores, calls, start }
}

describe('a resource', () => {
  it('that comes, changes or goes adds its key', () => {
    const { stores, calls, start } = setUp()
    using _subscription = start()

    stores.see(given.cr())
    stores.see(given.cr({ resourceVersion: '101', status: { active: true } }))
    stores.lose(given.cr())

    expect(calls).toEqual([`normal ${key}`, `normal ${key}`, `normal ${key}`])
  })

  it('with a new generation starts its back-off anew', () => {
    const { stores, calls, start } = setUp()
    stores.see(given.cr())
    using _subscription = start()

    stores.see(given.cr({ resourceVersion: '101', generation: 2 }))

    expect(calls).toEqual([`forget ${key}`, `normal ${key}`])
  })
})

describe('a child', () => {
  it.each([given.pod(), given.service({ owner: key }), given.job({ owner: key })])('adds its owner: $kind', (child) => {
    const { stores, calls, start } = setUp()
    using _subscription = start()

    stores.see(child)

    expect(calls).toEqual([`normal ${key}`])
  })

  it('without owner adds nothing', () => {
    const { stores, calls, start } = setUp()
    const { owner: _none, ...orphan } = given.pod()
    using _subscription = start()

    stores.see(orphan)

    expect(calls).toEqual([])
  })

  it('that changes hands adds both owners', () => {
    const { stores, calls, start } = setUp()
    stores.see(given.pod())
    using _subscription = start()

    stores.see(given.pod({ resourceVersion: '8', owner: other }))

    expect(calls).toEqual([`normal ${other}`, `normal ${key}`])
  })

  it.each([
    { what: 'ended', over: { phase: 'Failed', anyRunning: false }, class: 'urgent' },
    { what: 'ended on paper only', over: { phase: 'Failed', anyRunning: true }, class: 'normal' },
    { what: 'is being deleted', over: { deleting: true }, class: 'normal' },
  ] as const)('pod that $what is $class', ({ over, class: expected }) => {
    const { stores, calls, start } = setUp()
    stores.see(given.pod())
    using _subscription = start()

    stores.see(given.pod({ resourceVersion: '8', ...over }))

    expect(calls).toEqual([`${expected} ${key}`])
  })

  it('pod that has gone is urgent', () => {
    const { stores, calls, start } = setUp()
    stores.see(given.pod())
    using _subscription = start()

    stores.lose(given.pod())

    expect(calls).toEqual([`urgent ${key}`])
  })
})

describe('a node', () => {
  it('that stops answering, answers again or goes adds the owners of its pods', () => {
    const { stores, calls, start } = setUp()
    stores.see(given.node(), given.pod(), given.pod({ name: 'b', node: 'n2', owner: other }))
    using _subscription = start()

    stores.see(given.node({ resourceVersion: '6', ready: false }))
    stores.see(given.node({ resourceVersion: '7', ready: true }))
    stores.lose(given.node())

    expect(calls).toEqual([`urgent ${key}`, `urgent ${key}`, `urgent ${key}`])
  })

  it('that only reports its health adds nothing', () => {
    const { stores, calls, start } = setUp()
    stores.see(given.node(), given.pod())
    using _subscription = start()

    stores.see(given.node({ resourceVersion: '6' }))

    expect(calls).toEqual([])
  })
})

it('hears nothing after it was disposed', () => {
  const { stores, calls, start } = setUp()
  start()[Symbol.dispose]()

  stores.see(given.cr(), given.pod(), given.node())

  expect(calls).toEqual([])
  expect(stores.subscribers()).toBe(0)
})

it('knows the keys of all kinds', () => {
  const { stores } = setUp()
  stores.see(given.cr(), given.cr({ kind: 'WorkloadService', name: 'api' }))

  expect([...knownKeys(stores)]).toEqual([key, other])
})
