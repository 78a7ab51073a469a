// Looks over the shoulder of the elector: which calls about the Lease were answered, and why the last one was not.
import type { LeaseClient, LeaseObject } from '#api/ports.ts'
import type { StoreState } from '#api/view.ts'
import type { Clock } from '#lib/clock.ts'
import { isAbort, messageOf } from '#lib/errors.ts'

export interface ObservedLeases {
  /** To be used instead of the client that was given. */
  readonly leases: LeaseClient
  state(): StoreState
}

export function observeLeases(client: LeaseClient, clock: Clock): ObservedLeases {
  let state: StoreState = { reached: false, failures: 0 }
  const answered = (): void => {
    state = { reached: true, answeredAtMs: clock.now(), failures: state.failures }
  }
  const observe = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const answer = await call
      answered()
      return answer
    } catch (error) {
      if (!isAbort(error)) state = { ...state, failures: state.failures + 1, problem: messageOf(error) }
      throw error
    }
  }
  return {
    state: () => state,
    leases: {
      get: (namespace, name, signal) => observe(client.get(namespace, name, signal)),
      create: (lease, signal) => observe(client.create(lease, signal)),
      replace: (lease, signal) => observe(client.replace(lease, signal)),
      watch: (namespace, name, onChange, signal) => {
        const onSeen = (lease: LeaseObject | undefined): void => {
          answered()
          onChange(lease)
        }
        client.watch(namespace, name, onSeen, signal)
      },
    },
  }
}
