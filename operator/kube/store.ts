// What is known of one kind: the newest fact per object, from the watch or from the answers to our own writes.
// It promises that after the last event it equals the server, whatever came twice, late or in a relist between.
// It does not promise freshness: what is not here may exist. A decision that rests on absence asks the server.
import type { Fact } from '#api/facts.ts'
import type { Change, Store } from '#api/ports.ts'
import { FactIndex } from './fact-index.ts'
import { UidRing } from './uid-ring.ts'
import { compareVersions } from './version.ts'

export interface StoreOptions<V extends Fact> {
  readonly nodeOf?: (fact: V) => string | undefined
  /** A subscriber threw: the others and the watch go on. */
  readonly onSubscriberError?: (error: unknown) => void
}

/** One list under way. Nothing of it shows before its end: who may start is decided on views, and half a list is none. */
export interface Relist<V extends Fact> {
  listed(fact: V): void
  /** The list is complete as of `resourceVersion`: what it did not show is gone. */
  end(resourceVersion: string): void
}

/** The side of the store that the informer writes to. */
export interface WatchedStore<V extends Fact> extends Store<V> {
  saw(fact: V): void
  sawDelete(fact: V): void
  /** A list of one namespace, '' for all. */
  relist(namespace: string): Relist<V>
}

const REMEMBERED_UIDS = 10_000

/** A DELETED event. */
interface Deletion {
  readonly version: string
  /** Of the object itself, not only of its place in what we watch. */
  readonly isEnd: boolean
}

export function createStore<V extends Fact>(options: StoreOptions<V> = {}): WatchedStore<V> {
  return new FactStore(options)
}

class FactStore<V extends Fact> implements WatchedStore<V> {
  readonly #facts = new Map<string, V>()
  readonly #owners = new FactIndex<V>((fact) => fact.owner)
  readonly #nodes: FactIndex<V>
  readonly #subscribers = new Set<(change: Change<V>) => void>()
  readonly #deleted = new UidRing<Deletion>(REMEMBERED_UIDS)
  // Deletes that only our own calls have seen: a MODIFIED line still under way must not bring the object back.
  readonly #gone = new UidRing<true>(REMEMBERED_UIDS)
  // Objects whose newest version is our own write and was not yet seen in the watch: a list may be older than they are.
  readonly #unconfirmed = new Set<string>()
  // Version of the last complete list per namespace ('' for all).
  readonly #listedAt = new Map<string, string>()
  readonly #onSubscriberError: (error: unknown) => void

  constructor(options: StoreOptions<V>) {
    this.#nodes = new FactIndex<V>(options.nodeOf ?? (() => undefined))
    this.#onSubscriberError = options.onSubscriberError ?? (() => undefined)
  }

  get size(): number {
    return this.#facts.size
  }

  get(namespace: string, name: string): V | undefined {
    return this.#facts.get(`${namespace}/${name}`)
  }

  by(index: 'owner' | 'node', value: string): readonly V[] {
    return index === 'owner' ? this.#owners.get(value) : this.#nodes.get(value)
  }

  all(): Iterable<V> {
    return this.#facts.values()
  }

  sawDeleted(uid: string): boolean {
    return this.#deleted.get(uid)?.isEnd === true
  }

  isConfirmed(fact: V): boolean {
    return !this.#unconfirmed.has(idOf(fact))
  }

  subscribe(onChange: (change: Change<V>) => void): Disposable {
    // A wrapper of its own, so that subscribing one function twice makes two subscriptions.
    const subscriber = (change: Change<V>): void => onChange(change)
    this.#subscribers.add(subscriber)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) }
  }

  wrote(fact: V): void {
    if (this.#isOver(fact)) return
    if (this.#put(fact)) this.#unconfirmed.add(idOf(fact))
  }

  wroteDelete(fact: V): void {
    this.#gone.add(fact.uid, true)
    this.#removeInstance(fact)
  }

  saw(fact: V): void {
    if (this.#isGone(fact)) return
    const known = this.#facts.get(idOf(fact))
    if (known?.resourceVersion === fact.resourceVersion) this.#unconfirmed.delete(idOf(fact))
    if (this.#put(fact)) this.#unconfirmed.delete(idOf(fact))
  }

  sawDelete(fact: V): void {
    // An object that no longer matches the selector is reported DELETED as well, and lives on.
    const isEnd = !('deleting' in fact) || fact.deleting === true
    this.#deleted.add(fact.uid, { version: fact.resourceVersion, isEnd })
    this.#removeInstance(fact)
  }

  relist(namespace: string): Relist<V> {
    const listed = new Set<string>()
    const news: V[] = []
    return {
      listed: (fact) => {
        const id = idOf(fact)
        listed.add(id)
        if (this.#facts.get(id)?.resourceVersion === fact.resourceVersion) this.saw(fact)
        else news.push(fact)
      },
      end: (resourceVersion) => {
        for (const fact of news) this.saw(fact)
        this.#listedAt.set(namespace, resourceVersion)
        for (const [id, fact] of this.#facts) {
          if (listed.has(id) || (namespace !== '' && fact.namespace !== namespace)) continue
          const isNewer = this.#unconfirmed.has(id) && compareVersions(fact.resourceVersion, resourceVersion) > 0
          if (!isNewer) this.#remove(fact)
        }
      },
    }
  }

  /** A late answer to our own write, about an object that is known to be gone by now: no event would ever remove it. */
  #isOver(fact: V): boolean {
    if (this.#isGone(fact)) return true
    if (this.get(fact.namespace, fact.name)?.uid === fact.uid) return false
    const listedAt = this.#listedAt.get('') ?? this.#listedAt.get(fact.namespace)
    return listedAt !== undefined && compareVersions(fact.resourceVersion, listedAt) <= 0
  }

  /** What is newer than its DELETED event lives: it had lost our label for a while. */
  #isGone(fact: V): boolean {
    if (this.#gone.get(fact.uid) === true) return true
    const deletion = this.#deleted.get(fact.uid)
    if (deletion === undefined) return false
    if (compareVersions(fact.resourceVersion, deletion.version) <= 0) return true
    this.#deleted.forget(fact.uid)
    return false
  }

  /** False when what is known is as new: duplicates and echoes of our own writes end here. */
  #put(fact: V): boolean {
    const id = idOf(fact)
    const before = this.#facts.get(id)
    if (before === undefined) {
      this.#set(id, fact)
      this.#tell({ type: 'added', fact })
      return true
    }
    if (compareVersions(fact.resourceVersion, before.resourceVersion) <= 0) return false
    if (before.uid !== fact.uid) {
      this.#remove(before)
      this.#set(id, fact)
      this.#tell({ type: 'added', fact })
      return true
    }
    this.#unset(before)
    this.#set(id, fact)
    this.#tell({ type: 'changed', fact, before })
    return true
  }

  #removeInstance(fact: V): void {
    const known = this.#facts.get(idOf(fact))
    // Another uid: the name belongs to a successor by now.
    if (known !== undefined && known.uid === fact.uid) this.#remove(known)
  }

  #remove(before: V): void {
    this.#unset(before)
    this.#facts.delete(idOf(before))
    this.#unconfirmed.delete(idOf(before))
    this.#tell({ type: 'removed', before })
  }

  #set(id: string, fact: V): void {
    this.#facts.set(id, fact)
    this.#owners.add(fact)
    this.#nodes.add(fact)
  }

  #unset(fact: V): void {
    this.#owners.remove(fact)
    this.#nodes.remove(fact)
  }

  #tell(change: Change<V>): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(change)
      } catch (error) {
        this.#onSubscriberError(error)
      }
    }
  }
}

function idOf(fact: Fact): string {
  return `${fact.namespace}/${fact.name}`
}
