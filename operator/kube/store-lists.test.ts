// What lists and DELETED events may be taken for: half a list is no view, and not every DELETED is an end.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import type { Change } from '#api/ports.ts'
import { given } from '#testing/given.ts'
import { createStore } from './store.ts'

const pod = (name: string, resourceVersion: string, over: Partial<PodFact> = {}): PodFact =>
  given.pod({ name, uid: `uid-${name}`, resourceVersion, ...over })

describe('a list', () => {
  it('shows nothing before it is complete, and then all of it', () => {
    const store = createStore<PodFact>()
    store.saw(pod('gone', '9'))
    const relist = store.relist('')
    const seenWith: number[] = []
    store.subscribe((change: Change<PodFact>) => {
      if (change.type === 'added') seenWith.push(store.size)
    })

    relist.listed(pod('candidate', '12'))
    const early = [...store.all()].map(({ name }) => name)
    relist.listed(pod('other', '10'))
    relist.end('20')

    expect(early).toEqual(['gone'])
    expect([...store.all()].map(({ name }) => name)).toEqual(['candidate', 'other'])
    expect(seenWith).toHaveLength(2)
  })

  it('does not undo what the watch or an own write said while it was read', () => {
    const store = createStore<PodFact>()
    const relist = store.relist('')
    relist.listed(pod('ended', '10'))
    relist.listed(pod('changed', '11'))
    relist.listed(pod('mine', '12'))

    store.sawDelete(pod('ended', '15', { deleting: true }))
    relist.listed(pod('changed', '16', { ready: false }))
    store.wrote(pod('mine', '17'))
    relist.end('20')

    expect([...store.all()].map(({ name, resourceVersion }) => `${name}@${resourceVersion}`).toSorted()).toEqual([
      'changed@16',
      'mine@17',
    ])
  })

  it('confirms an own write that it shows in the same version', () => {
    const store = createStore<PodFact>()
    store.wrote(pod('mine', '12'))

    const relist = store.relist('')
    relist.listed(pod('mine', '12'))
    relist.end('20')

    expect(store.isConfirmed(pod('mine', '12'))).toBe(true)
  })
})

describe('an object that lost our label', () => {
  it('is out of the store, but not proven gone: the watch says DELETED either way', () => {
    const store = createStore<PodFact>()
    store.saw(pod('a', '10'))

    store.sawDelete(pod('a', '11', { deleting: false }))

    expect([store.size, store.sawDeleted('uid-a')]).toEqual([0, false])
  })

  it('is back when it has got the label again, by our own hand or by another', () => {
    const store = createStore<PodFact>()
    for (const name of ['a', 'b']) {
      store.saw(pod(name, '10'))
      store.sawDelete(pod(name, '11', { deleting: false }))
    }

    store.saw(pod('a', '12'))
    store.wrote(pod('b', '13'))

    expect([...store.all()].map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('stays out as long as only older lines about it arrive', () => {
    const store = createStore<PodFact>()
    store.sawDelete(pod('a', '11'))

    store.saw(pod('a', '10'))
    store.wrote(pod('a', '11'))

    expect(store.size).toBe(0)
  })
})

it('takes the DELETED event of a pod that was being deleted for its end', () => {
  const store = createStore<PodFact>()

  store.sawDelete(pod('a', '11', { deleting: true }))

  expect(store.sawDeleted('uid-a')).toBe(true)
})
