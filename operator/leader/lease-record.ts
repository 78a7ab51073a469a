// How a lock record is written as a Kubernetes Lease, and read back. Pure but for a hash.
// What other people put on the Lease is kept; only our own annotations and the spec are rewritten.
import { API_GROUP, COMMON_MANAGED_BY, label, labelValue } from '#api/labels.ts'
import type { LeaseObject, TermRecord } from '#api/ports.ts'
import { hash16 } from '#lib/hash.ts'
import { formatMicroTime, formatTime, parseTime } from '#lib/time.ts'
import type { Claim, LockRecord } from './lock-store.ts'

export interface LeaseSettings {
  readonly namespace: string
  readonly tenant: string
  /** Name of the cluster, for people. */
  readonly cluster: string
  readonly leaseDurationMs: number
}

export const leaseAnnotation = {
  /** With the claim in holderIdentity the version of the record. */
  seq: `${API_GROUP}/seq`,
  lastHolder: `${API_GROUP}/last-holder`,
  /** The last ten terms, for people. */
  terms: `${API_GROUP}/terms`,
  /** A request by people: `<epoch>[ <id>]`. */
  stepDown: `${API_GROUP}/step-down`,
} as const

const TERMS_KEPT = 10

/** A tenant that is no DNS label is named by its hash. */
export function fenceLeaseName(tenant: string): string {
  const isLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(tenant)
  return `highlander-fence-${isLabel ? tenant : hash16(tenant)}`
}

/** What the Lease says. Nothing in it is trusted to be well formed: people edit Leases. */
export function readLease(lease: LeaseObject, cluster: string): LockRecord {
  const annotations = lease.metadata.annotations ?? {}
  const identity = lease.spec.holderIdentity ?? ''
  const cut = identity.lastIndexOf('_')
  return {
    claim: identity.slice(cut + 1),
    seq: wholeNumber(annotations[leaseAnnotation.seq]),
    holder:
      identity === '' ? (annotations[leaseAnnotation.lastHolder] ?? '') : identity.slice(0, cut < 0 ? undefined : cut),
    cluster,
    clusterId: '',
    fence: lease.metadata.uid ?? '',
    epoch: BigInt(Math.max(0, Math.trunc(lease.spec.leaseTransitions ?? 0))),
    state: identity === '' ? 'released' : 'held',
    drained: false,
    request: annotations[leaseAnnotation.stepDown] ?? '',
  }
}

export function versionOfRecord(record: Pick<LockRecord, 'claim' | 'seq'>): string {
  return `${record.claim}:${record.seq}`
}

export interface Taking {
  readonly claim: Claim
  readonly epoch: bigint
  readonly nowMs: number
  readonly terms: readonly TermRecord[]
}

/** The Lease as the holder of a new term writes it, over `before` when there is one. */
export function takenLease(before: LeaseObject | undefined, taking: Taking, settings: LeaseSettings): LeaseObject {
  const { claim, epoch, nowMs } = taking
  // A request to step down speaks of an earlier term.
  const { [leaseAnnotation.stepDown]: _answered, ...kept } = before?.metadata.annotations ?? {}
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...before?.metadata,
      name: fenceLeaseName(settings.tenant),
      namespace: settings.namespace,
      labels: {
        ...before?.metadata.labels,
        [label.commonManagedBy]: COMMON_MANAGED_BY,
        [label.tenant]: labelValue(settings.tenant),
      },
      annotations: {
        ...kept,
        [leaseAnnotation.seq]: String(claim.seq),
        [leaseAnnotation.lastHolder]: claim.holder,
        [leaseAnnotation.terms]: writeTerms(taking.terms),
      },
    },
    spec: {
      ...before?.spec,
      holderIdentity: `${claim.holder}_${claim.claim}`,
      leaseDurationSeconds: Math.max(1, Math.ceil(settings.leaseDurationMs / 1000)),
      leaseTransitions: Number(epoch),
      acquireTime: formatMicroTime(nowMs),
      renewTime: formatMicroTime(nowMs),
    },
  }
}

/** `epoch`: never below the one that was acquired, should somebody have restored an older Lease. */
export function renewedLease(before: LeaseObject, seq: bigint, epoch: bigint, nowMs: number): LeaseObject {
  const stored = before.spec.leaseTransitions ?? 0
  return {
    ...withAnnotations(before, { [leaseAnnotation.seq]: String(seq) }),
    spec: {
      ...before.spec,
      leaseTransitions: Math.max(stored, Number(epoch)),
      renewTime: formatMicroTime(nowMs),
    },
  }
}

export function releasedLease(before: LeaseObject, seq: bigint, cluster: string, nowMs: number): LeaseObject {
  const { holder } = readLease(before, cluster)
  return {
    ...withAnnotations(before, { [leaseAnnotation.seq]: String(seq), [leaseAnnotation.lastHolder]: holder }),
    spec: { ...before.spec, holderIdentity: '', renewTime: formatMicroTime(nowMs) },
  }
}

/** Oldest first. What cannot be read is left out. */
export function readTerms(lease: LeaseObject): readonly TermRecord[] {
  const text = lease.metadata.annotations?.[leaseAnnotation.terms]
  if (text === undefined) return []
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.flatMap((item: unknown) => readTerm(item)) : []
  } catch {
    return []
  }
}

/** Both lists as one: an epoch once, the later list wins, the newest ten, oldest first. */
export function mergeTerms(older: readonly TermRecord[], newer: readonly TermRecord[]): readonly TermRecord[] {
  const byEpoch = new Map([...older, ...newer].map((term) => [term.epoch, term]))
  const sorted = [...byEpoch.values()].toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1))
  return sorted.slice(-TERMS_KEPT)
}

function writeTerms(terms: readonly TermRecord[]): string {
  return JSON.stringify(
    terms.map(({ epoch, holder, cluster, sinceMs }) => ({
      epoch: Number(epoch),
      holder,
      cluster,
      since: formatTime(sinceMs),
    })),
  )
}

function readTerm(item: unknown): readonly TermRecord[] {
  if (typeof item !== 'object' || item === null) return []
  const { epoch, holder, cluster, since }: Record<string, unknown> = { ...item }
  const sinceMs = typeof since === 'string' ? parseTime(since) : undefined
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || sinceMs === undefined) return []
  if (typeof holder !== 'string' || typeof cluster !== 'string') return []
  return [{ epoch: BigInt(epoch), holder, cluster, sinceMs }]
}

function withAnnotations(lease: LeaseObject, annotations: Readonly<Record<string, string>>): LeaseObject {
  const all = { ...lease.metadata.annotations, ...annotations }
  return { ...lease, metadata: { ...lease.metadata, annotations: all } }
}

function wholeNumber(text: string | undefined): bigint {
  return text !== undefined && /^[0-9]{1,18}$/.test(text) ? BigInt(text) : 0n
}
