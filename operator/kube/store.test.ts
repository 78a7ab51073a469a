import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Fact } from '#api/facts.ts'
import type { Change } from '#api/ports.ts'
import { createStore } from './store.ts'
import { compareVersions } from './version.ts'

function fact(name: string, version: number, uid = `uid-${name}`): Fact {
  return {
    kind: 'Pod',
    namespace: 'prod',
    name,
    uid,
    resourceVersion: String(version),
    owner: `WorkloadProcess/prod/${name}`,
  }
}

function changesOf(store: ReturnType<typeof createStore<Fact>>): Change<Fact>[] {
  const changes: Change<Fact>[] = []
  store.subscribe((change) => changes.push(change))
  return changes
}

it('ends the echo of an own write, and a line that comes twice, in silence', () => {
  const store = createStore<Fact>()
  store.wrote(fact('a', 10))
  const changes = changesOf(store)

  store.saw(fact('a', 10))
  store.saw(fact('a', 10))

  expect(changes).toEqual([])
})

it('does not let an older line undo an own write', () => {
  const store = createStore<Fact>()
  store.wrote(fact('a', 11))

  store.saw(fact('a', 10))

  expect(store.get('prod', 'a')?.resourceVersion).toBe('11')
})

it('compares versions as numbers, not as text', () => {
  const store = createStore<Fact>()
  store.saw(fact('a', 999))

  store.saw(fact('a', 1000))

  expect(store.get('prod', 'a')?.resourceVersion).toBe('1000')
})

it('compares versions that a double cannot hold', () => {
  const versions = fc.bigInt({ min: 0n, max: 2n ** 63n })

  fc.assert(
    fc.property(versions, versions, (a, b) => {
      expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a < b ? -1 : Number(a > b))
    }),
  )
})

it('takes a new uid under an old name as a delete and a create', () => {
  const store = createStore<Fact>()
  const old = fact('a', 10, 'old')
  const young = fact('a', 20, 'young')
  store.saw(old)
  const changes = changesOf(store)

  store.saw(young)

  expect(changes).toEqual([
    { type: 'removed', before: old },
    { type: 'added', fact: young },
  ])
  expect(store.sawDeleted('old')).toBe(false)
})

it('keeps the successor when the predecessor is reported deleted late', () => {
  const store = createStore<Fact>()
  store.saw(fact('a', 10, 'old'))
  store.wrote(fact('a', 20, 'young'))

  store.sawDelete(fact('a', 15, 'old'))

  expect(store.get('prod', 'a')?.uid).toBe('young')
  expect(store.sawDeleted('old')).toBe(true)
})

it('takes only a DELETED event as seen deleted, never absence from a list or an own delete', () => {
  const store = createStore<Fact>()
  store.saw(fact('a', 10))
  store.saw(fact('b', 11))

  store.relist('').end('20')
  store.wroteDelete(fact('b', 11))

  expect([store.size, store.sawDeleted('uid-a'), store.sawDeleted('uid-b')]).toEqual([0, false, false])
})

it('keeps an absent object in a relist only if the own write is newer than the list', () => {
  const store = createStore<Fact>()
  const relist = store.relist('')
  store.wrote(fact('older', 19))
  store.wrote(fact('newer', 21))

  relist.end('20')

  expect([...store.all()].map(({ name }) => name)).toEqual(['newer'])
})

it('believes a list about what was seen in the watch, whatever their versions', () => {
  const store = createStore<Fact>()
  store.wrote(fact('a', 21))
  store.saw(fact('a', 21))

  store.relist('').end('20')

  expect(store.size).toBe(0)
})

it('leaves other namespaces alone when one is listed', () => {
  const store = createStore<Fact>()
  store.saw({ ...fact('a', 10), namespace: 'other' })

  store.relist('prod').end('20')

  expect(store.size).toBe(1)
})

it('does not bring back what our own delete removed', () => {
  const store = createStore<Fact>()
  store.saw(fact('a', 10))
  store.wroteDelete(fact('a', 12))

  store.saw(fact('a', 11))

  expect(store.size).toBe(0)
})

it('ignores the late answer to a write about an object that was deleted meanwhile', () => {
  const store = createStore<Fact>()
  store.saw(fact('a', 10))
  store.sawDelete(fact('a', 12))

  store.wrote(fact('a', 11))

  expect(store.size).toBe(0)
})

it('ignores the late answer to a create that a list has overtaken', () => {
  const store = createStore<Fact>()
  store.relist('').end('20')

  store.wrote(fact('a', 15))

  expect(store.size).toBe(0)
})

it('finds facts by owner and by node, and forgets what has moved', () => {
  const nodes = new Map([
    ['10', 'n1'],
    ['11', 'n2'],
  ])
  const store = createStore<Fact>({ nodeOf: ({ resourceVersion }) => nodes.get(resourceVersion) })
  store.saw(fact('a', 10))

  store.saw(fact('a', 11))

  expect(store.by('node', 'n1')).toEqual([])
  expect(store.by('node', 'n2')).toEqual([fact('a', 11)])
  expect(store.by('owner', 'WorkloadProcess/prod/a')).toEqual([fact('a', 11)])
})

it('remembers the last 10,000 deleted uids and forgets older ones', () => {
  const store = createStore<Fact>()

  for (let n = 0; n <= 10_000; n += 1) store.sawDelete(fact(`p${n}`, n))

  expect([store.sawDeleted('uid-p0'), store.sawDeleted('uid-p1'), store.sawDeleted('uid-p10000')]).toEqual([
    false,
    true,
    true,
  ])
})

it('tells the other subscribers when one throws', () => {
  const errors: unknown[] = []
  const store = createStore<Fact>({ onSubscriberError: (error) => errors.push(error) })
  store.subscribe(() => {
    throw new Error('broken')
  })
  const changes = changesOf(store)

  store.saw(fact('a', 10))

  expect(changes).toHaveLength(1)
  expect(errors).toHaveLength(1)
})

// ---- Model: a server with a history, a watch that reads it late or starts anew, answers that come at any time --------

interface Line {
  readonly type: 'put' | 'delete'
  readonly fact: Fact
}

class Model {
  readonly store = createStore<Fact>()
  readonly objects = new Map<string, Fact>()
  readonly #lines: Line[] = []
  readonly #answers: (() => void)[] = []
  #read = 0
  #version = 100

  put(name: string, isOurs: boolean): void {
    this.#version += 1
    const known = this.objects.get(name)
    const put = fact(name, this.#version, known?.uid ?? `uid-${this.#version}`)
    this.objects.set(name, put)
    this.#lines.push({ type: 'put', fact: put })
    if (isOurs) this.#answers.push(() => this.store.wrote(put))
  }

  delete(name: string, isOurs: boolean): void {
    const known = this.objects.get(name)
    if (known === undefined) return
    this.#version += 1
    const final = { ...known, resourceVersion: String(this.#version) }
    this.objects.delete(name)
    this.#lines.push({ type: 'delete', fact: final })
    if (isOurs) this.#answers.push(() => this.store.wroteDelete(final))
  }

  answer(at: number): void {
    const [answer] = this.#answers.splice(at % Math.max(1, this.#answers.length), 1)
    answer?.()
  }

  read(): void {
    const line = this.#lines[this.#read]
    if (line === undefined) return
    this.#read += 1
    if (line.type === 'put') this.store.saw(line.fact)
    else this.store.sawDelete(line.fact)
  }

  /** The stream was lost: a list as of now, during which answers may arrive. */
  relist(during: number): void {
    const listed = [...this.objects.values()]
    const version = String(this.#version)
    this.#read = this.#lines.length
    const relist = this.store.relist('')
    for (const one of listed) relist.listed(one)
    this.put('p9', true)
    this.answer(during)
    relist.end(version)
  }

  settle(): void {
    while (this.#answers.length > 0) this.answer(0)
    while (this.#read < this.#lines.length) this.read()
  }
}

const names = fc.constantFrom('p1', 'p2', 'p3')
const step = fc.oneof(
  fc.record({ type: fc.constant('put' as const), name: names, isOurs: fc.boolean() }),
  fc.record({ type: fc.constant('delete' as const), name: names, isOurs: fc.boolean() }),
  fc.record({ type: fc.constant('answer' as const), at: fc.nat(5) }),
  fc.record({ type: fc.constant('read' as const) }),
  fc.record({ type: fc.constant('relist' as const), at: fc.nat(5) }),
)

it('equals the server after the last event, under any schedule of events, relists and own writes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const model = new Model()
      for (const one of steps) {
        if (one.type === 'put') model.put(one.name, one.isOurs)
        else if (one.type === 'delete') model.delete(one.name, one.isOurs)
        else if (one.type === 'answer') model.answer(one.at)
        else if (one.type === 'relist') model.relist(one.at)
        else model.read()
      }

      model.settle()

      const byName = (a: Fact, b: Fact): number => a.name.localeCompare(b.name)
      expect([...model.store.all()].toSorted(byName)).toEqual([...model.objects.values()].toSorted(byName))
      for (const one of model.objects.values()) expect(model.store.by('owner', one.owner ?? '')).toEqual([one])
    }),
    { numRuns: 2_000 },
  )
})
