// Looks after objects that bear the right stamp but were written by another process or in an earlier term: are they
// still what was asked for? Ten a second at most, so that a take-over of thousands is no storm, and only as long as the
// term lasts. It keeps uids and keys, not wishes: when it is an object's turn, its owner is reconciled once more, and
// the wish that comes along is tried as a dry run.
import type { ChildFact } from '#api/facts.ts'
import type { Key } from '#api/key.ts'
import type { Term } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'

export interface Verifier {
  /** True when it is this object's turn; otherwise it is put in the queue and its owner will be requeued. */
  isTurnOf(fact: ChildFact, term: Term): boolean
}

const INTERVAL_MS = 100
const TURNS_KEPT = 1000

export function createVerifier(clock: Clock, requeue: (key: Key) => void): Verifier {
  let epoch = 0n
  let timer: Disposable | undefined
  const waiting = new Map<string, Key>()
  const turns = new Set<string>()

  const begin = (term: Term): void => {
    if (term.epoch === epoch) return
    epoch = term.epoch
    timer?.[Symbol.dispose]()
    timer = undefined
    waiting.clear()
    turns.clear()
  }
  const tick = (term: Term): void => {
    timer = undefined
    const [next] = waiting
    if (next === undefined || term.signal.aborted || term.draining.aborted) return
    const [uid, key] = next
    waiting.delete(uid)
    // Turns of objects that went before they came round.
    if (turns.size >= TURNS_KEPT) turns.clear()
    turns.add(uid)
    requeue(key)
    if (waiting.size > 0) arm(term)
  }
  const arm = (term: Term): void => {
    timer ??= clock.schedule(INTERVAL_MS, () => tick(term))
  }
  return {
    isTurnOf: (fact, term) => {
      begin(term)
      if (turns.delete(fact.uid)) return true
      if (fact.owner !== undefined) {
        waiting.set(fact.uid, fact.owner)
        arm(term)
      }
      return false
    },
  }
}
