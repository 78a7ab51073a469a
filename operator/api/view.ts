// What people and metrics are shown: views over the stores and the leadership. Nothing decides by them. No Secret and
// no environment value is ever in one. PURE but for the memory of parsed statuses.
import type { CrFact } from './facts.ts'
import { kinds } from './generated/kinds.ts'
import { annotation } from './labels.ts'
import type { InformerState, LeadershipView, Stores } from './ports.ts'
import { statusTextOf } from './status-text.ts'
import type { TenantSettings } from './tenant.ts'
import { isOurs } from './tenant.ts'

export interface BuildInfo {
  readonly version: string
  readonly revision: string
  /** '' when run from source. */
  readonly builtAt: string
  readonly node: string
}

export interface Identity extends TenantSettings {
  readonly id: string
  readonly cluster: string
}

/** Facts about this process; every call looks. */
export interface ProcessFacts {
  memory(): { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number }
  /** Load average over one minute. */
  load(): number
  /** What keeps the event loop alive: sockets, timers, … */
  activeResources(): number
  /** Garbage collections since start. */
  collections(): number
}

/** The store of the leader election, as seen through the calls that were made. */
export interface StoreState {
  /** It answered at least once since start. */
  readonly reached: boolean
  /** ms since 1970 of the last answer. */
  readonly answeredAtMs?: number
  readonly failures: number
  /** The last failure, cleared by the next answer. */
  readonly problem?: string
}

/** Everything the HTTP server may show. Answers from the first moment, when most of it is still empty. */
export interface OperatorView {
  readonly build: BuildInfo
  readonly identity: Identity
  readonly process: ProcessFacts
  /** ms since 1970. */
  readonly startedAtMs: number
  leadership(): LeadershipView
  store(): StoreState
  /** Undefined before there is a connection to look through. */
  informers(): { readonly states: readonly InformerState[]; readonly stores: Stores } | undefined
  /** What the start waits for, as a sentence. */
  obstacle(): string | undefined
  isShuttingDown(): boolean
}

/** Before there is an elector. */
export const noLeadership: LeadershipView = {
  isLeader: () => false,
  state: () => 'standby',
  holder: () => '',
  epoch: () => 0n,
  lastTransitionMs: () => undefined,
  leaderSinceMs: () => undefined,
  validForMs: () => 0,
  transitions: () => 0,
  failovers: () => 0,
  lastHolder: () => '',
  lastChangeReason: () => '',
  history: () => [],
}

export const workloadStates = [
  'running',
  'starting',
  'waiting',
  'unhealthy',
  'scheduled',
  'completed',
  'suspended',
  'standby',
  'paused',
  'invalid',
  'ignored',
] as const

type WorkloadState = (typeof workloadStates)[number]

/** The few bits of a status that counts and lists need. Equal looks are one object. */
export interface WorkloadLook {
  readonly active: boolean
  readonly healthy: boolean
  readonly state: WorkloadState
}

/** The condition Ready, for people. */
export interface Readiness {
  readonly isTrue: boolean
  readonly reason: string
  readonly message: string
  /** RFC 3339; when `isTrue` last changed. */
  readonly since?: string
}

export interface Workloads {
  /** Remembered per version of the resource: a status is parsed once. */
  look(cr: CrFact): WorkloadLook
  /** This tenant's resources, kind by kind. */
  ours(stores: Stores): Iterable<CrFact>
}

export function createWorkloads(settings: TenantSettings): Workloads {
  const seen = new WeakMap<CrFact, WorkloadLook>()
  const looks = new Map<string, WorkloadLook>()
  const share = (look: WorkloadLook): WorkloadLook => {
    const key = `${look.active} ${look.healthy} ${look.state}`
    const shared = looks.get(key) ?? look
    looks.set(key, shared)
    return shared
  }
  return {
    look: (cr) => {
      const known = seen.get(cr)
      if (known !== undefined) return known
      const look = share(lookAt(cr, settings))
      seen.set(cr, look)
      return look
    },
    *ours(stores) {
      for (const kind of kinds) for (const cr of stores.crs[kind].all()) if (isOurs(cr, settings)) yield cr
    },
  }
}

export function readinessOf(cr: CrFact): Readiness | undefined {
  const found = conditionsOf(parse(statusTextOf(cr))).find(({ type }) => type === 'Ready')
  if (found === undefined) return undefined
  const since = textOf(found['lastTransitionTime'])
  return {
    isTrue: found['status'] === 'True',
    reason: textOf(found['reason']),
    message: textOf(found['message']),
    ...(since === '' ? {} : { since }),
  }
}

/** Parts of spec and status that lists show, as they are stored. */
export function storedOf(cr: CrFact): { readonly spec: Fields; readonly status: Fields } {
  return { spec: parse(cr.spec), status: parse(statusTextOf(cr)) }
}

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Words of the condition Ready that say more than "unhealthy". */
const stateOfReason: Readonly<Record<string, WorkloadState>> = {
  Running: 'running',
  Starting: 'starting',
  HandoverPending: 'waiting',
  NodeUnreachable: 'waiting',
  Scheduled: 'scheduled',
  Completed: 'completed',
  Suspended: 'suspended',
  NotAccepted: 'invalid',
  Standby: 'standby',
}

function lookAt(cr: CrFact, settings: TenantSettings): WorkloadLook {
  if (!isOurs(cr, settings)) return { active: false, healthy: false, state: 'ignored' }
  const status = parse(statusTextOf(cr))
  return { active: status['active'] === true, healthy: status['healthy'] === true, state: stateOf(cr, status) }
}

function stateOf(cr: CrFact, status: Fields): WorkloadState {
  if (cr.annotations[annotation.reconcile] === 'disabled') return 'paused'
  const ready = conditionsOf(status).find(({ type }) => type === 'Ready')
  if (ready === undefined) return 'starting'
  return stateOfReason[textOf(ready['reason'])] ?? 'unhealthy'
}

function conditionsOf(status: Fields): readonly Fields[] {
  const { conditions } = status
  return Array.isArray(conditions) ? conditions.map(fieldsOf) : []
}

function parse(json: string): Fields {
  try {
    return fieldsOf(JSON.parse(json))
  } catch {
    return {}
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
