// Builds the view of one workload that a decision rests on, from the stores alone. One exception to "no reads": that
// the granted pod of a Strict service is gone is asked of the server when no DELETED event was seen, since a store may
// be older than the pod. That proof cannot become false, so it is kept and asked for once.
// It does not promise that the view is fresh: each write carries the version it was decided on.
import type { ChildFact, CrFact, NodeFact, PodFact } from '#api/facts.ts'
import type { ChildKind, KindName } from '#api/generated/kinds.ts'
import { keyOf } from '#api/key.ts'
import { annotation } from '#api/labels.ts'
import type { Reader, Stores, Term } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import type { Clock } from '#lib/clock.ts'
import { podName } from '#workloads/parts/names.ts'
import { judge } from '#workloads/parts/owner.ts'
import type { Findings, Observed } from '#workloads/workload.ts'
import { storedWaivers } from '#workloads/parts/force.ts'
import type { Silence } from './silence.ts'
import type { Suspensions } from './suspensions.ts'
import { fieldOf, parseJson, parseStatus, type Stored } from './stored-status.ts'

export interface GatherDeps {
  readonly stores: Stores
  readonly reader: Reader
  readonly clock: Clock
  readonly proofs: ProofMemory
  readonly silence: Pick<Silence, 'lastedMs'>
  readonly suspensions: Suspensions
}

/** Uids of pods that a live read did not find. */
export interface ProofMemory {
  has(uid: string): boolean
  add(uid: string): void
}

/** Remembers the last 10,000: what was forgotten is asked again. */
export function createProofMemory(limit = 10_000): ProofMemory {
  const uids = new Set<string>()
  return {
    has: (uid) => uids.has(uid),
    add: (uid) => {
      uids.add(uid)
      const [oldest] = uids
      if (uids.size > limit && oldest !== undefined) uids.delete(oldest)
    },
  }
}

/** Before a decision. Throws what the live read throws; reads nothing else. */
export async function gather(cr: CrFact, deps: GatherDeps, term: Term, signal: AbortSignal): Promise<Observed> {
  const view = observe(cr, deps, term)
  const unproven = unprovenGrant(view)
  if (unproven === undefined || !(await isGone(cr.namespace, unproven, deps, signal))) return view
  deps.proofs.add(unproven.uid)
  return observe(cr, deps, term)
}

/** The same view with what the server answered to the writes. */
export function withFindings(seen: Observed, findings: Findings): Observed {
  return Object.freeze({ ...seen, findings })
}

/** The view without any read. */
export function observe(cr: CrFact, deps: GatherDeps, term: Term): Observed {
  const stored = parseStatus(cr.kind, statusTextOf(cr))
  const owned = [...ownedBy(cr, deps.stores), ...leftBehind(cr, deps.stores)]
  const pods = deps.stores.children.Pod.by('owner', keyOf(cr.kind, cr.namespace, cr.name))
  return Object.freeze({
    cr,
    stored: Object.freeze(stored),
    children: Object.freeze(owned.filter((fact) => fact.controller?.uid === cr.uid)),
    others: Object.freeze(owned.filter((fact) => fact.controller?.uid !== cr.uid)),
    pods: Object.freeze([...pods]),
    gone: goneOf(cr, stored, deps),
    nodes: nodesOf(pods, stored, deps.stores),
    silentForMs: silencesOf(pods, deps.silence),
    ...suspensionOf(owned, deps.suspensions),
    findings: {},
    term: { epoch: term.epoch, holder: term.holder, cluster: term.cluster, tenant: term.tenant, sinceMs: term.sinceMs },
    role: term.role(),
    nowMs: deps.clock.now(),
  })
}

function ownedBy(cr: CrFact, { children }: Stores): readonly ChildFact[] {
  const key = keyOf(cr.kind, cr.namespace, cr.name)
  return [
    ...children.Pod.by('owner', key),
    ...children.Deployment.by('owner', key),
    ...children.StatefulSet.by('owner', key),
    ...children.CronJob.by('owner', key),
    ...children.Job.by('owner', key),
    ...children.Service.by('owner', key),
    ...children.PersistentVolumeClaim.by('owner', key),
  ]
}

/** What the Go version left has no labels of a workload: it is found by its name. */
function leftBehind(cr: CrFact, { children }: Stores): readonly ChildFact[] {
  const { namespace, name } = cr
  const found: readonly (ChildFact | undefined)[] = [
    children.Pod.get(namespace, podName(name)),
    children.Deployment.get(namespace, name),
    children.StatefulSet.get(namespace, name),
    children.CronJob.get(namespace, name),
    children.Service.get(namespace, name),
    ...governingService(cr, children),
  ]
  return found
    .flatMap((fact) => fact ?? [])
    .filter(
      (fact) => fact.owner === undefined && kindsOfChildren[cr.kind].has(fact.kind) && judge(fact, cr) === 'adoptable',
    )
}

const kindsOfChildren: Readonly<Record<KindName, ReadonlySet<ChildKind>>> = {
  WorkloadProcess: new Set(['Pod', 'Service']),
  WorkloadCronJob: new Set(['CronJob']),
  WorkloadService: new Set(['Deployment', 'Service']),
  WorkloadPersistent: new Set(['StatefulSet', 'Service']),
}

function governingService(cr: CrFact, children: Stores['children']): readonly (ChildFact | undefined)[] {
  if (cr.kind !== 'WorkloadPersistent') return []
  const name = fieldOf(parseJson(cr.spec), 'serviceName')
  return typeof name === 'string' && name !== cr.name ? [children.Service.get(cr.namespace, name)] : []
}

/** E1 for the pods that the stored status and a person name: they are what a successor waits for. */
function goneOf(cr: CrFact, stored: Stored, deps: GatherDeps): ReadonlySet<string> {
  const confirmed = cr.annotations[annotation.confirmDead]
  const named = [stored.instance?.podUID, grantOf(stored)?.uid, confirmed].filter((uid) => uid !== undefined)
  return new Set(named.filter((uid) => deps.stores.children.Pod.sawDeleted(uid) || deps.proofs.has(uid)))
}

function silencesOf(pods: readonly PodFact[], silence: GatherDeps['silence']): ReadonlyMap<string, number> {
  const lasted = pods.map((pod) => [pod.uid, silence.lastedMs(pod)] as const)
  return new Map(lasted.flatMap(([uid, ms]) => (ms === undefined ? [] : [[uid, ms] as const])))
}

function suspensionOf(owned: readonly ChildFact[], suspensions: Suspensions): Pick<Observed, 'suspendedForMs'> {
  const cronJob = owned.find((fact) => fact.kind === 'CronJob')
  const ms = cronJob?.kind === 'CronJob' ? suspensions.lastedMs(cronJob) : undefined
  return ms === undefined ? {} : { suspendedForMs: ms }
}

/** Also those of pods that counted as ended. */
function nodesOf(pods: readonly PodFact[], stored: Stored, stores: Stores): ReadonlyMap<string, NodeFact> {
  const nodes = new Map<string, NodeFact>()
  for (const { node } of [...pods, ...storedWaivers(stored)]) {
    const fact = node === undefined ? undefined : stores.nodes.get('', node)
    if (fact !== undefined) nodes.set(fact.name, fact)
  }
  return nodes
}

interface Granted {
  readonly pod: string
  readonly uid: string
}

function grantOf(stored: Stored): Granted | undefined {
  return 'grant' in stored ? stored.grant : undefined
}

/** The granted pod of a Strict service that is neither in the store nor proven gone. */
function unprovenGrant(seen: Observed): Granted | undefined {
  const grant = grantOf(seen.stored)
  if (grant === undefined || seen.gone.has(grant.uid) || seen.pods.some((pod) => pod.uid === grant.uid))
    return undefined
  const mode = fieldOf(fieldOf(parseJson(seen.cr.spec), 'exclusivity'), 'mode')
  return mode === 'BestEffort' ? undefined : grant
}

async function isGone(namespace: string, pod: Granted, deps: GatherDeps, signal: AbortSignal): Promise<boolean> {
  const found = await deps.reader.read('Pod', namespace, pod.pod, signal)
  return found.type === 'absent' || found.fact.uid !== pod.uid
}
