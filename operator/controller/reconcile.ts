// One look at one workload: gather, decide, write, look again, report. Level, not edge: it knows nothing of the event
// that led to it. It promises to write nothing when nothing differs, to report the status also when a write failed, and
// never to throw: whatever happens is an outcome. It does not schedule anything.
import { keyOf, partsOf, type Key } from '#api/key.ts'
import { API_VERSION } from '#api/labels.ts'
import type { CrFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import type { EventRecorder, EventSubject, StatusPatch, Telemetry, Term } from '#api/ports.ts'
import { claimOf, type TenantSettings } from '#api/tenant.ts'
import { scopeOf, type Scope } from '#lib/abort.ts'
import { ConflictError, isAbort, TerminalError, TransientError } from '#lib/errors.ts'
import type { Look, Observed, Reported, Workload } from '#workloads/workload.ts'
import { eventsOf } from './events.ts'
import { execute, type ExecuteDeps, type Executed } from './execute.ts'
import { gather, observe, withFindings, type GatherDeps } from './gather.ts'
import { plan } from './plan.ts'
import { heedClaim, type TenancyDeps } from './tenancy.ts'

export interface ReconcileDeps extends GatherDeps, ExecuteDeps, Pick<TenancyDeps, 'contests'> {
  readonly workloads: Readonly<Record<KindName, Workload>>
  readonly recorder: EventRecorder
  readonly telemetry: Telemetry
  readonly tenant: TenantSettings
  /** Statuses that have made Events and are not stored yet, so that one transition is told once. */
  readonly told: Map<Key, Told>
}

interface Told {
  readonly uid: string
  readonly status: StatusPatch
}

export type Outcome =
  /** Not ours, or gone: nothing was done, and nothing is counted for it. */
  | { readonly type: 'done'; readonly untouched?: true }
  | { readonly type: 'requeue'; readonly afterMs: number }
  /** Unexpected: a bug or nonsense in a resource, as opposed to trouble with the API server. */
  | { readonly type: 'retry'; readonly error: unknown; readonly atLeastMs?: number; readonly unexpected?: true }
  /** Nothing will change until somebody changes the resource: the sentence says what. */
  | { readonly type: 'terminal'; readonly sentence: string }
  | { readonly type: 'aborted' }

// Far beyond any reconcile that goes well (a handful of calls of at most 3 s); it keeps a worker from being lost.
const DEADLINE_MS = 30_000
// As in execute: the event about what moved comes first.
const MOVED_MS = 1000

export async function reconcile(key: Key, deps: ReconcileDeps, term: Term, signal: AbortSignal): Promise<Outcome> {
  using scope = scopeOf([signal, term.signal], { clock: deps.clock, ms: DEADLINE_MS })
  try {
    const cr = find(key, deps)
    if (cr === undefined) return forget(key, deps)
    // Owner references clean up, with or without us.
    if (cr.deleting || term.role() === 'hands-off') return { type: 'done', untouched: true }
    return heedTenants(key, cr, deps, term) ?? (await look(cr, deps, term, scope.signal))
  } catch (error) {
    return outcomeOf(error, scope, term.signal.aborted || signal.aborted)
  }
}

/** Undefined: it is for us to handle. */
function heedTenants(key: Key, cr: CrFact, deps: ReconcileDeps, term: Term): Outcome | undefined {
  const claim = claimOf(cr, deps.tenant)
  if (claim === 'ours') {
    deps.contests.delete(key)
    return undefined
  }
  const heeded = heedClaim(claim, cr, deps, term)
  if (heeded.type === 'take') return undefined
  return heeded.type === 'later' ? requeue([heeded.afterMs]) : { type: 'done', untouched: true }
}

function find(key: Key, { stores }: ReconcileDeps): CrFact | undefined {
  const { kind, namespace, name } = partsOf(key)
  return stores.crs[kind].get(namespace, name)
}

function forget(key: Key, { told, contests, telemetry }: ReconcileDeps): Outcome {
  const { kind, namespace, name } = partsOf(key)
  told.delete(key)
  contests.delete(key)
  telemetry.metrics.workloadForgotten(kind, namespace, name)
  return { type: 'done', untouched: true }
}

async function look(cr: CrFact, deps: ReconcileDeps, term: Term, signal: AbortSignal): Promise<Outcome> {
  const seen = await gather(cr, deps, term, signal)
  const first = deps.workloads[cr.kind].look(seen)
  // No wish: the spec is refused or the resource is paused, so no child is changed.
  const actions = first.desired === undefined ? [] : plan(first.desired, seen)
  const executed = await execute(actions, cr, { deps, term }, signal)
  const after = lookAgain(seen, executed, { deps, term })
  // Deleted meanwhile, or another resource has the name: its own event has queued the key.
  if (after === undefined) return { type: 'done' }
  const reported = report(first, after, executed, { deps, term })
  return conclude(executed, [first.desired?.requeueAfterMs, reported.requeueAfterMs])
}

interface Context {
  readonly deps: ReconcileDeps
  readonly term: Term
}

/** With what the writes have put into the stores. */
function lookAgain(seen: Observed, { writes, outcome, findings }: Executed, { deps, term }: Context) {
  if (writes === 0 && outcome.type === 'done') return seen
  const { kind, namespace, name, uid } = seen.cr
  const cr = deps.stores.crs[kind].get(namespace, name)
  if (cr?.uid !== uid || cr.deleting) return undefined
  return withFindings(observe(cr, deps, term), findings)
}

function report(first: Look, after: Observed, { adopted }: Executed, { deps, term }: Context): Reported {
  const { kind, namespace, name, uid } = after.cr
  const key = keyOf(kind, namespace, name)
  const reported = first.status(after)
  deps.writer.status(key, reported.status, term)

  const known = deps.told.get(key)
  const before = known?.uid === uid ? known.status : after.stored
  const change = { kind, after: reported.status, ...(reported.answer === undefined ? {} : { answer: reported.answer }) }
  const events = eventsOf({ ...change, before, adopted })
  for (const event of events) {
    deps.recorder.record({ apiVersion: API_VERSION, kind, namespace, name, uid }, event)
    // Whoever looks at one of the pods has to see it there.
    if (event.reason === 'OverlapDetected') for (const pod of runningPods(after)) deps.recorder.record(pod, event)
    count(event.reason, after.cr, deps)
  }
  const isStored = eventsOf({ ...change, before: after.stored, adopted: [] }).length === 0
  if (isStored) deps.told.delete(key)
  else deps.told.set(key, { uid, status: reported.status })
  return reported
}

function runningPods({ pods }: Observed): readonly EventSubject[] {
  return pods
    .filter((pod) => pod.anyRunning)
    .map(({ namespace, name, uid }) => ({ apiVersion: 'v1', kind: 'Pod', namespace, name, uid }))
}

function count(reason: string, { kind, name }: CrFact, { telemetry }: ReconcileDeps): void {
  if (reason === 'Started' || reason === 'Handover') telemetry.metrics.workloadOperation(kind, name, 'startup')
  if (reason === 'Suspended' || reason === 'Completed') telemetry.metrics.workloadOperation(kind, name, 'shutdown')
}

function conclude({ outcome, findings }: Executed, times: readonly (number | undefined)[]): Outcome {
  switch (outcome.type) {
    case 'failed':
      return { ...outcome, type: 'retry' }
    case 'refused':
      return { type: 'terminal', sentence: findings.refused?.sentence ?? '' }
    case 'moved':
      return requeue([outcome.afterMs, ...times])
    case 'done':
      return requeue(times)
    default:
      return outcome satisfies never
  }
}

function requeue(times: readonly (number | undefined)[]): Outcome {
  const known = times.filter((ms) => ms !== undefined)
  return known.length === 0 ? { type: 'done' } : { type: 'requeue', afterMs: Math.min(...known) }
}

function outcomeOf(error: unknown, scope: Scope, hasEnded: boolean): Outcome {
  if (isAbort(error)) {
    if (hasEnded) return { type: 'aborted' }
    // The deadline, or a write that the term did not allow just then because a renewal was late: the term goes on.
    const message = scope.isTimedOut() ? 'the reconcile took longer than 30 s' : 'a write was not allowed at that time'
    return { type: 'retry', error: new TransientError(message, { cause: error, reason: 'timeout' }) }
  }
  if (error instanceof ConflictError) return { type: 'requeue', afterMs: MOVED_MS }
  if (error instanceof TransientError) {
    const { retryAfterMs } = error
    return { type: 'retry', error, ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }) }
  }
  if (error instanceof TerminalError) return { type: 'retry', error }
  return { type: 'retry', error, unexpected: true }
}
