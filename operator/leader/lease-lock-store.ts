// The fence: a LockStore over one Kubernetes Lease. Every change is a PUT with the uid and the resourceVersion of a
// state that was read or written before, so the API server's compare-and-swap decides; a Lease that was deleted
// meanwhile is refused by its uid instead of being created anew.
//
// It keeps two states of the Lease: the last one read (what acquire may write over, if its version is the expected one)
// and the last one that was ours (what renew and release write over). Neither is judged: when the server refuses the
// write, a fresh GET decides whose the Lease is.
import type { EventSubject, LeaseClient, LeaseObject, TermRecord } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { TransientError } from '#lib/errors.ts'
import type { LeaseSettings } from './lease-record.ts'
import {
  fenceLeaseName,
  mergeTerms,
  readLease,
  readTerms,
  releasedLease,
  renewedLease,
  takenLease,
  versionOfRecord,
} from './lease-record.ts'
import type { Acquired, Claim, Fence, LockRecord, Release, Renewed, Seen, Want } from './lock-store.ts'

/** People may annotate at the same moment as we write; more refusals than this are left to the next try. */
const WRITES_PER_CALL = 3

export interface LeaseFence extends Fence {
  /** The Lease, as what Events about leadership are about. */
  subject(): EventSubject
}

export function createLeaseLockStore(leases: LeaseClient, settings: LeaseSettings, clock: Clock): LeaseFence {
  return new LeaseLockStore(leases, settings, clock)
}

class LeaseLockStore implements LeaseFence {
  readonly kind = 'lease'
  readonly #leases: LeaseClient
  readonly #settings: LeaseSettings
  readonly #clock: Clock
  readonly #name: string
  #lastRead: LeaseObject | undefined
  #lastOwn: LeaseObject | undefined
  #ownEpoch = 0n
  /** As last seen; '' before the first look. */
  #uid = ''
  #terms: readonly TermRecord[] = []

  constructor(leases: LeaseClient, settings: LeaseSettings, clock: Clock) {
    this.#leases = leases
    this.#settings = settings
    this.#clock = clock
    this.#name = fenceLeaseName(settings.tenant)
  }

  history(): readonly TermRecord[] {
    return this.#terms
  }

  subject(): EventSubject {
    const { namespace } = this.#settings
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name: this.#name, uid: this.#uid }
  }

  async read(signal: AbortSignal): Promise<Seen> {
    return this.#seen(await this.#get(signal))
  }

  async acquire(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired> {
    if (want.expected === '') return await this.#create(claim, want, signal)
    let lease = this.#isAt(this.#lastRead, want.expected) ? this.#lastRead : await this.#get(signal)
    for (let write = 0; write < WRITES_PER_CALL; write += 1) {
      if (lease === undefined) return { type: 'changed' }
      if (!this.#isAt(lease, want.expected) && !this.#isHeldBy(lease, claim.claim)) return { type: 'changed' }
      const { lease: desired, epoch } = this.#taken(lease, claim, want.minEpoch)
      const written = await this.#leases.replace(desired, signal)
      if (written !== undefined) return this.#own(written, epoch)
      lease = await this.#get(signal)
    }
    return { type: 'changed' }
  }

  async renew(mine: { readonly claim: string; readonly seq: bigint }, signal: AbortSignal): Promise<Renewed> {
    let lease = this.#lastOwn ?? (await this.#get(signal))
    for (let write = 0; write < WRITES_PER_CALL; write += 1) {
      if (lease === undefined) return { type: 'missing' }
      const record = this.#record(lease)
      if (record.state !== 'held' || record.claim !== mine.claim) return { type: 'lost' }
      if (mine.seq <= record.seq) return { type: 'stale' }
      const desired = renewedLease(lease, mine.seq, this.#ownEpoch, this.#clock.now())
      const written = await this.#leases.replace(desired, signal)
      if (written !== undefined) {
        this.#lastOwn = written
        return { type: 'renewed', request: this.#record(written).request }
      }
      lease = await this.#getOwn(mine.claim, signal)
    }
    throw new TransientError('renew the fence: the Lease changed during each try', { reason: 'conflict' })
  }

  async release(mine: Release, signal: AbortSignal): Promise<'released' | 'lost'> {
    let lease = this.#lastOwn ?? (await this.#get(signal))
    for (let write = 0; write < WRITES_PER_CALL; write += 1) {
      if (lease === undefined || !this.#isHeldBy(lease, mine.claim)) return 'lost'
      const { seq } = this.#record(lease)
      // A larger seq than the stored one, whatever the caller believes: a version must never come back.
      const nextSeq = mine.seq > seq ? mine.seq : seq + 1n
      const desired = releasedLease(lease, nextSeq, this.#settings.cluster, this.#clock.now())
      const written = await this.#leases.replace(desired, signal)
      if (written !== undefined) {
        this.#lastOwn = undefined
        this.#lastRead = written
        return 'released'
      }
      lease = await this.#getOwn(mine.claim, signal)
    }
    throw new TransientError('release the fence: the Lease changed during each try', { reason: 'conflict' })
  }

  /** The fence is the lock of one cluster: there is no other cluster that could ask for it. */
  async ask(): Promise<'asked' | 'changed'> {
    return 'changed'
  }

  changes(onChange: (seen?: Seen) => void): Disposable {
    const controller = new AbortController()
    const onLease = (lease: LeaseObject | undefined): void => onChange(this.#seen(lease))
    this.#leases.watch(this.#settings.namespace, this.#name, onLease, controller.signal)
    return { [Symbol.dispose]: () => controller.abort() }
  }

  async #create(claim: Claim, want: Want, signal: AbortSignal): Promise<Acquired> {
    const { lease: desired, epoch } = this.#taken(undefined, claim, want.minEpoch)
    const written = await this.#leases.create(desired, signal)
    if (written !== undefined) return this.#own(written, epoch)
    const found = await this.#get(signal)
    if (found === undefined || !this.#isHeldBy(found, claim.claim)) return { type: 'changed' }
    // The answer to an earlier create was lost: write over what it made.
    return await this.acquire(claim, { ...want, expected: versionOfRecord(this.#record(found)) }, signal)
  }

  #taken(before: LeaseObject | undefined, claim: Claim, minEpoch: bigint): { lease: LeaseObject; epoch: bigint } {
    const stored = before === undefined ? 0n : this.#record(before).epoch
    const isOwn = before !== undefined && this.#isHeldBy(before, claim.claim)
    const next = isOwn ? stored : stored + 1n
    const epoch = next > minEpoch ? next : minEpoch
    const nowMs = this.#clock.now()
    const term = { epoch, holder: claim.holder, cluster: this.#settings.cluster, sinceMs: nowMs }
    const terms = mergeTerms(this.#terms, [term])
    return { lease: takenLease(before, { claim, epoch, nowMs, terms }, this.#settings), epoch }
  }

  #own(written: LeaseObject, epoch: bigint): Acquired {
    this.#lastOwn = written
    this.#uid = written.metadata.uid ?? ''
    this.#ownEpoch = epoch
    this.#terms = mergeTerms(this.#terms, readTerms(written))
    return { type: 'acquired', epoch }
  }

  async #get(signal: AbortSignal): Promise<LeaseObject | undefined> {
    const lease = await this.#leases.get(this.#settings.namespace, this.#name, signal)
    this.#lastRead = lease
    return lease
  }

  /** Keeps what was read for the next try when it is ours: a slow server then costs one call, not three. */
  async #getOwn(claim: string, signal: AbortSignal): Promise<LeaseObject | undefined> {
    const lease = await this.#get(signal)
    this.#lastOwn = lease !== undefined && this.#isHeldBy(lease, claim) ? lease : undefined
    return lease
  }

  #seen(lease: LeaseObject | undefined): Seen {
    if (lease === undefined) return { type: 'absent' }
    this.#uid = lease.metadata.uid ?? ''
    this.#terms = mergeTerms(this.#terms, readTerms(lease))
    const record = this.#record(lease)
    return { type: 'record', version: versionOfRecord(record), record }
  }

  #record(lease: LeaseObject): LockRecord {
    return readLease(lease, this.#settings.cluster)
  }

  #isAt(lease: LeaseObject | undefined, version: string): boolean {
    return lease !== undefined && versionOfRecord(this.#record(lease)) === version
  }

  #isHeldBy(lease: LeaseObject, claim: string): boolean {
    const record = this.#record(lease)
    return record.state === 'held' && record.claim === claim
  }
}
