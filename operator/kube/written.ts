// What this process has written or verified in this term: per object, the wish and the fingerprint that the server gave
// back. As long as both are the same, nothing needs to be written. Forgotten with the object and with the term: what
// happened between two of our terms is not known.
import type { ChildFact } from '#api/facts.ts'
import type { Stores, Term } from '#api/ports.ts'
import { everyStore } from './targets.ts'

export type Comparison = 'same' | 'different' | 'unknown'

export interface Written extends Disposable {
  compare(fact: ChildFact, wish: string, term: Term): Comparison
  remember(fact: ChildFact, wish: string, term: Term): void
}

export function createWritten(stores: Stores): Written {
  const known = new Map<string, { readonly wish: string; readonly liveHash: string }>()
  const subscriptions = everyStore(stores).map((store) =>
    store.subscribe((change) => {
      if (change.type === 'removed') known.delete(change.before.uid)
    }),
  )
  let epoch = 0n
  const begin = (term: Term): void => {
    if (term.epoch === epoch) return
    epoch = term.epoch
    known.clear()
  }
  return {
    compare: (fact, wish, term) => {
      begin(term)
      const last = known.get(fact.uid)
      if (last === undefined) return 'unknown'
      return last.wish === wish && last.liveHash === fact.liveHash ? 'same' : 'different'
    },
    remember: (fact, wish, term) => {
      begin(term)
      known.set(fact.uid, { wish, liveHash: fact.liveHash })
    },
    [Symbol.dispose]: () => {
      for (const subscription of subscriptions) subscription[Symbol.dispose]()
    },
  }
}
