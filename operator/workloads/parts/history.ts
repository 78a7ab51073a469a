// The last instances of a workload, and the last move of the instance that nobody asked for. Pure: (stored status, what
// is seen, the status as computed) → the same status with both. It promises that what is written about an instance that
// has ended stays as it is, whoever leads, and that nothing here moves unless the rest of the status does: an instance
// comes, starts, is about to end, or ends.
import type { PodFact } from '#api/facts.ts'
import type { Failover, Instance, KindName, Statuses, Tenure } from '#api/generated/kinds.ts'
import { formatDuration, formatTime, parseTime } from '#lib/time.ts'
import type { Observed, Reported } from '../workload.ts'
import { endReasonOf, evidenceOf, type EndReason, type Evidence } from './end-reason.ts'
import { proofOfEnd } from './proof.ts'

const KEPT = 10

/** For kinds with one instance at a time; in mode BestEffort nothing is followed, and what is stored stays. */
export function withHistory(reported: Reported, evidence: Omit<Evidence, 'isSuspended'>): Reported {
  const { seen } = evidence
  const { status } = reported
  if (seen.cr.kind === 'WorkloadCronJob') return reported
  const stored = storedFields(seen.stored)
  const effective = status.effective ?? seen.stored.effective
  if (effective?.exclusivityMode === 'BestEffort') return { ...reported, status: { ...status, ...stored } }
  const isSuspended = (status.conditions ?? []).some(({ type }) => type === 'Suspended')
  const fields = followed({ ...evidence, isSuspended }, status.instance, readyReason(status))
  return { ...reported, status: { ...status, ...fields } }
}

interface HistoryFields {
  readonly history?: readonly Tenure[]
  readonly lastFailover?: Failover
}

function storedFields(status: Partial<Statuses[KindName]>): HistoryFields {
  return {
    ...('history' in status ? { history: status.history } : {}),
    ...('lastFailover' in status ? { lastFailover: status.lastFailover } : {}),
  }
}

function readyReason({ conditions = [] }: Reported['status']): string {
  return conditions.find(({ type }) => type === 'Ready')?.reason ?? ''
}

/** Of Ready: nothing runs, and nothing is about to. */
const resting: ReadonlySet<string> = new Set(['Completed', 'Suspended', 'Standby', 'RestartLimitReached'])

function followed(evidence: Evidence, current: Instance | undefined, ready: string): HistoryFields {
  const { stored } = evidence.seen
  const { history: known = [], lastFailover } = storedFields(stored)
  const before = opened(known, stored.instance, evidence)
  const now = opened(before, current, evidence)
  const isResting = resting.has(ready)
  const after = now.map((tenure) => next(tenure, evidence, { current, isResting })).slice(0, KEPT)
  // An instance from before there was a history: told once something happens to it.
  const isNews = current === undefined || stored.instance?.podUID !== current.podUID || before.length === known.length
  const history = isNews || after[0]?.endReason !== undefined ? after : known
  const failover = failoverOf({ known, history, isResting, evidence }, lastFailover)
  return {
    ...(history.length === 0 ? {} : { history }),
    ...(failover === undefined ? {} : { lastFailover: failover }),
  }
}

function opened(known: readonly Tenure[], instance: Instance | undefined, evidence: Evidence): readonly Tenure[] {
  if (instance === undefined || known.some(({ podUID }) => podUID === instance.podUID)) return known
  const { pod, podUID, node, startedAt } = instance
  const term = termOf(podUID, evidence)
  const tenure = {
    pod,
    podUID,
    ...(node === undefined ? {} : { node }),
    cluster: evidence.seen.term.cluster,
    ...(term === 0n ? {} : { term: Number(term) }),
    ...(startedAt === undefined ? {} : { from: startedAt }),
  }
  return [tenure, ...known]
}

const EPOCH_SHIFT = 20n

/** As the objects say, so that all leaders say the same: who gave the grant or the token, or wrote the pod's maker. */
function termOf(uid: string, evidence: Evidence): bigint {
  const { stored, children } = evidence.seen
  const grant = 'grant' in stored ? stored.grant : undefined
  if (grant?.uid === uid) return BigInt(grant.epoch)
  const pod = evidenceOf(uid, evidence)
  if (pod === undefined) return 0n
  if (/^\d{1,19}$/.test(pod.token)) return BigInt(pod.token) >> EPOCH_SHIFT
  const maker = children.find((fact) => fact.kind === 'Deployment' || fact.kind === 'StatefulSet')
  return maker?.epoch ?? pod.epoch
}

interface Present {
  readonly current: Instance | undefined
  readonly isResting: boolean
}

function next(tenure: Tenure, evidence: Evidence, present: Present): Tenure {
  if (isOver(tenure)) return tenure
  const pod = evidenceOf(tenure.podUID, evidence)
  const { endReason: known, ...rest } = grown(tenure, pod, present)
  const to = tenure.to ?? (hasEnded(tenure, evidence.seen, present) ? endTime(pod, evidence.seen) : undefined)
  const isUntold = to === undefined && pod === undefined
  const endReason = isUntold ? known : endReasonOf(tenure, evidence)
  return { ...rest, ...field('to', to), ...(endReason === undefined ? {} : { endReason }) }
}

/** Node and start are known later than the pod. */
function grown(tenure: Tenure, pod: PodFact | undefined, { current }: Present): Tenure {
  const told = current?.podUID === tenure.podUID ? current : undefined
  return {
    ...tenure,
    ...field('node', tenure.node ?? pod?.node ?? told?.node),
    ...field('from', tenure.from ?? told?.startedAt),
  }
}

function field<Name extends string>(name: Name, text: string | undefined): { readonly [N in Name]?: string } {
  const one: { [N in Name]?: string } = {}
  if (text !== undefined) one[name] = text
  return one
}

/** By proof; without one, when another one is the instance by now, or nothing should run and nothing is there. */
function hasEnded({ podUID }: Tenure, { pods, gone }: Observed, { current, isResting }: Present): boolean {
  const pod = pods.find(({ uid }) => uid === podUID)
  if (pod !== undefined) return proofOfEnd(pod, gone) !== undefined
  return gone.has(podUID) || isResting || current?.podUID !== podUID
}

function endTime(pod: PodFact | undefined, { nowMs }: Observed): string {
  return formatTime(reportedEndMs(pod) ?? nowMs)
}

/** Undefined: no kubelet has said when. */
function reportedEndMs(pod: PodFact | undefined): number | undefined {
  return pod?.main?.state === 'terminated' ? pod.main.finishedAtMs : undefined
}

// ---- Failover --------------------------------------------------------------------------------------------------

const unasked: ReadonlySet<EndReason | undefined> = new Set<EndReason>([
  'Failed',
  'Evicted',
  'Preempted',
  'Deleted',
  'NodeLost',
  'ObjectGone',
  'ConfirmedDead',
  'Forced',
])

/** Whether the instance ended although nobody asked for another one. */
export function isUnasked(tenure: Tenure | undefined): boolean {
  return tenure?.to !== undefined && unasked.has(tenure.endReason)
}

interface Change {
  readonly known: readonly Tenure[]
  readonly history: readonly Tenure[]
  readonly isResting: boolean
  readonly evidence: Evidence
}

function failoverOf(change: Change, stored: Failover | undefined): Failover | undefined {
  const begun = began(change) ?? stored
  if (begun === undefined || begun.at !== undefined) return begun
  return completed(begun, change.history) ?? (change.isResting ? undefined : begun)
}

/** Of the instance that has ended since the last look. */
function began({ known, history, isResting, evidence }: Change): Failover | undefined {
  const wasTold = (uid: string): boolean => known.some((tenure) => tenure.podUID === uid && isOver(tenure))
  const ended = history.slice(0, 2).find((tenure) => isOver(tenure) && !wasTold(tenure.podUID))
  if (isResting || ended?.endReason === undefined || !isUnasked(ended)) return undefined
  const endMs = reportedEndMs(evidenceOf(ended.podUID, evidence))
  return {
    from: placeOf(ended),
    reason: ended.endReason,
    ...(endMs === undefined ? {} : { detection: formatDuration(evidence.seen.nowMs - endMs) }),
  }
}

function isOver({ to, endReason }: Tenure): boolean {
  return to !== undefined && endReason !== undefined
}

function completed(begun: Failover, [now, old]: readonly Tenure[]): Failover | undefined {
  if (now?.from === undefined || now.to !== undefined || old === undefined || placeOf(old) !== begun.from)
    return undefined
  const tookMs = (parseTime(now.from) ?? 0) - (parseTime(old.to) ?? 0)
  return { ...begun, at: now.from, to: placeOf(now), takeover: formatDuration(tookMs) }
}

function placeOf({ pod, node }: Tenure): string {
  return node === undefined ? pod : `${pod}@${node}`
}
