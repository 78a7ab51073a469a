// What to send so that the stored status becomes the computed one. Pure.
//
// The patch is a JSON merge patch: it names what differs, `null` for what this version knows and does not report any
// more. It never names `grant` (that has its own compare-and-swap) nor top-level fields of a newer version. Values
// below the top level are replaced as a whole: half an instance of a newer version would describe no instance.
import type { Condition, KindName, Leader, Statuses } from '#api/generated/kinds.ts'
import type { StatusPatch } from '#api/ports.ts'
import type { JsonObject } from '#lib/json.ts'
import { isObject, listAt, numberAt, objectAt, textAt } from '#lib/json.ts'

export interface StatusChange {
  readonly patch: JsonObject
  /** active, healthy or the status of a condition moves: somebody may wait for it. */
  readonly isUrgent: boolean
}

type StatusField = { [K in KindName]: keyof Statuses[K] }[KindName]

/** Complete by type: what a rollback may find and must be able to take away. */
const KNOWN: Readonly<Record<Exclude<StatusField, 'grant'>, true>> = {
  observedGeneration: true,
  active: true,
  healthy: true,
  conditions: true,
  instance: true,
  leader: true,
  effective: true,
  activeJobs: true,
  address: true,
  completion: true,
  history: true,
  lastFailover: true,
  lastFailureTime: true,
  lastHandledConfirmDead: true,
  lastHandledRestartAt: true,
  lastHandledRunNow: true,
  runs: true,
  lastScheduleTime: true,
  lastSuccessfulTime: true,
  missedRuns: true,
  nextScheduleTime: true,
  readyReplicas: true,
  recentRestarts: true,
  replicas: true,
  resources: true,
  selector: true,
  volumes: true,
}

/** Types of ours; conditions of other types belong to others. */
const OWN_CONDITIONS: ReadonlySet<string | undefined> = new Set([
  'Ready',
  'Accepted',
  'Active',
  'Healthy',
  'Exclusive',
  'Reconciling',
  'Stalled',
  'Suspended',
  'Paused',
])
const MAX_CONDITIONS = 16

/**
 * Undefined when nothing needs to be written: equal apart from `lastTransitionTime` and `leader`, or computed for an
 * older generation than the stored one. `leader` is stamped onto real changes only, unless `wish` brings its own (a
 * tenant that lets go, or that reports without claiming); then it is a field like the others. Another tenant in the
 * stored one is a real change: the status claims the resource.
 */
export function statusChange(stored: JsonObject, wish: StatusPatch, leader: Leader): StatusChange | undefined {
  if (wish.observedGeneration < (numberAt(stored, 'observedGeneration') ?? -1)) return undefined
  const storedConditions = listAt(stored, 'conditions')
  const conditions = mergedConditions(storedConditions, wish.conditions ?? [])
  const patch = differences(stored, { ...wish, conditions: conditions.length === 0 ? undefined : conditions })
  const isClaim = wish.leader === undefined && textAt(objectAt(stored, 'leader'), 'tenant') !== leader.tenant
  if (Object.keys(patch).length === 0 && !isClaim) return undefined
  const isUrgent = movesState(patch) || !sameStatuses(storedConditions, conditions)
  return { patch: wish.leader === undefined ? withLeader(patch, stored['leader'], leader) : patch, isUrgent }
}

function movesState(patch: JsonObject): boolean {
  return 'active' in patch || 'healthy' in patch
}

function withLeader(patch: JsonObject, stored: unknown, leader: Leader): JsonObject {
  const difference = mergePatch(stored, leader)
  return difference === undefined ? patch : { ...patch, leader: difference }
}

function differences(stored: JsonObject, wished: JsonObject): JsonObject {
  const patch: Record<string, unknown> = {}
  for (const field of Object.keys({ ...KNOWN, ...wished })) {
    if (field === 'grant' || (field === 'leader' && wished[field] === undefined)) continue
    const difference = mergePatch(stored[field], wished[field])
    if (difference !== undefined) patch[field] = difference
  }
  return patch
}

/** By type: the stored time stays while the status stays; conditions of others stay. In the stored order, to be comparable. */
function mergedConditions(stored: readonly unknown[], wished: readonly Condition[]): readonly unknown[] {
  const fresh = new Map(wished.map((condition) => [condition.type, condition]))
  const kept = stored.flatMap((before) => {
    const type = textAt(before, 'type') ?? ''
    const after = fresh.get(type)
    if (after === undefined) return OWN_CONDITIONS.has(type) ? [] : [before]
    fresh.delete(type)
    const since = hasMoved(before, after) ? undefined : textAt(before, 'lastTransitionTime')
    return [since === undefined ? after : { ...after, lastTransitionTime: since }]
  })
  return [...kept, ...fresh.values()].slice(-MAX_CONDITIONS)
}

/** Reconciling is about one spec: the time a new instance may need is counted from it. */
function hasMoved(before: unknown, after: Condition): boolean {
  if (textAt(before, 'status') !== after.status) return true
  return after.type === 'Reconciling' && numberAt(before, 'observedGeneration') !== after.observedGeneration
}

function sameStatuses(stored: readonly unknown[], merged: readonly unknown[]): boolean {
  const statuses = (list: readonly unknown[]) =>
    list
      .map((condition) => `${textAt(condition, 'type')}=${textAt(condition, 'status')}`)
      .toSorted()
      .join()
  return statuses(stored) === statuses(merged)
}

/** What turns `before` into `after` as a JSON merge patch; undefined when they are equal. An absent value is undefined. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (after === undefined) return before === undefined ? undefined : null
  if (!isObject(after) || !isObject(before)) return isEqual(before, after) ? undefined : after
  const patch: Record<string, unknown> = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const difference = mergePatch(before[name], after[name])
    if (difference !== undefined) patch[name] = difference
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Equality of JSON: the server orders the fields of an object in its own way. */
function isEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index]))
  if (isObject(left) && isObject(right)) return mergePatch(left, right) === undefined
  return left === right
}
