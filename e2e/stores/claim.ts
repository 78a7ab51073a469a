// The claim of the one replica that most tests of a lock need.
import type { Acquired, Claim, LockStore } from '#leader/lock-store.ts'

export const never = new AbortController().signal
export const claim: Claim = { claim: 'a', seq: 1n, holder: 'id-a', cluster: 'east', clusterId: 'c1', fence: 'f1' }

/** Of a lock that nobody has held. */
export function take(store: LockStore): Promise<Acquired> {
  return store.acquire(claim, { expected: '', minEpoch: 1n }, never)
}
