// One replica for tests of the elector: the elector with its parts at hand, and a consumer that leads as operator.ts
// does. The consumer comes back `settleMs` after the term began to drain, or never.
import type { Elector, Term } from '#api/ports.ts'
import { aborted } from '#lib/abort.ts'
import { TransientError } from '#lib/errors.ts'
import { createElector } from '#leader/elector.ts'
import type { ElectorOptions, ElectorSettings, LeaderEvent } from '#leader/elector.ts'
import type { LockRecord } from '#leader/lock-store.ts'
import { createFakeClock } from './fake-clock.ts'
import type { FakeClock } from './fake-clock.ts'
import { createFakeLockStore } from './fake-lock-store.ts'
import type { FakeLockStore, Operation } from './fake-lock-store.ts'
import { fakeTelemetry } from './fake-telemetry.ts'
import type { FakeTelemetry } from './fake-telemetry.ts'

interface GivenReplica {
  readonly elector: Elector
  readonly terms: readonly Term[]
  readonly events: readonly LeaderEvent[]
  readonly telemetry: FakeTelemetry
  /** The latest term; throws when there was none. */
  term(): Term
  /** SIGTERM. */
  stop(): void
  /** Resolves when terms() has ended. */
  readonly ended: Promise<void>
}

interface GivenReplicaOptions {
  readonly fence: FakeLockStore
  readonly clock: FakeClock
  readonly id?: string
  readonly claim?: string
  readonly settleMs?: number
  readonly settings?: Partial<ElectorSettings>
  readonly options?: Partial<ElectorOptions>
}

function givenReplica(given: GivenReplicaOptions): GivenReplica {
  const id = given.id ?? 'r1'
  const telemetry = fakeTelemetry()
  const events: LeaderEvent[] = []
  const terms: Term[] = []
  const stop = new AbortController()
  const elector = createElector({
    fence: given.fence,
    settings: {
      id,
      claim: given.claim ?? `claim-${id}`,
      cluster: 'primary',
      tenant: 'default',
      remainsFollower: false,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2000,
      ...given.settings,
    },
    clock: given.clock,
    telemetry,
    random: () => 0.5,
    highestEpoch: () => 0n,
    synced: async () => undefined,
    onEvent: (event) => events.push(event),
    ...given.options,
  })
  const lead = async (): Promise<void> => {
    for await (const term of elector.terms(stop.signal)) {
      terms.push(term)
      await aborted(term.draining)
      await given.clock.sleep(given.settleMs ?? 100, new AbortController().signal)
    }
  }
  return {
    elector,
    terms,
    events,
    telemetry,
    term: () => {
      const last = terms.at(-1)
      if (last === undefined) throw new Error(`${id} has not led`)
      return last
    },
    stop: () => stop.abort(),
    ended: lead(),
  }
}

/** One fence, one clock, and replicas around them. */
export interface GivenElection {
  readonly clock: FakeClock
  readonly fence: FakeLockStore
  readonly replica: (id: string, over?: Partial<GivenReplicaOptions>) => GivenReplica
  /** r1 has led with epoch 1 for 5 s, r2 stands by. */
  readonly leaderAndStandby: () => Promise<readonly [GivenReplica, GivenReplica]>
  /** The record on the fence; throws when there is none. */
  readonly stored: () => LockRecord
  /** A holder that is never heard of again. */
  readonly deadHolder: () => void
}

export function givenElection(): GivenElection {
  const clock = createFakeClock()
  const fence = createFakeLockStore()
  const replica: GivenElection['replica'] = (id, over = {}) => givenReplica({ fence, clock, id, ...over })
  return {
    clock,
    fence,
    replica,
    leaderAndStandby: async () => {
      const leader = replica('r1')
      await clock.advance(0)
      const standby = replica('r2')
      await clock.advance(5000)
      return [leader, standby]
    },
    stored: () => {
      const record = fence.record()
      if (record === undefined) throw new Error('there is no record')
      return record
    },
    deadHolder: () => {
      const dead = { claim: 'dead', seq: 7n, holder: 'r0', cluster: 'primary', clusterId: '', fence: '', epoch: 3n }
      fence.put({ ...dead, state: 'held', drained: false, request: '' })
    },
  }
}

/** For FakeLockStore.before (the request is lost) and after (the answer is lost). */
export function failing(...operations: readonly Operation[]): FakeLockStore['before'] {
  return async (operation) => {
    if (operations.includes(operation)) throw new TransientError('no answer', { reason: 'timeout' })
  }
}
