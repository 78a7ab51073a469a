// The state table of the resources: every situation a workload can be in, for each kind that can be in it, with what
// is said then. The statuses come from the code of the kinds itself.
import type { KindName } from '#api/generated/kinds.ts'
import { kinds } from '#api/generated/kinds.ts'
import { API_VERSION, annotation } from '#api/labels.ts'
import { given, NAME, NAMESPACE, NOW_MS } from './given.ts'
import { around, instance, looping, silent, unbound, waiting, was } from './instances.ts'
import { lookAt, type Found } from './seen.ts'

/** What is said in a situation. `also`: the abnormal conditions that show. */
export interface Columns {
  /** Status and reason. */
  readonly ready: string
  readonly active: boolean
  readonly healthy: boolean
  readonly also: readonly string[]
  readonly kstatus: 'Current' | 'InProgress' | 'Failed'
  /** State in lists of the HTTP API. */
  readonly api: string
}

export interface Row {
  readonly situation: string
  readonly kind: KindName
  /** Left out: nobody has looked yet. */
  readonly found?: Found
  readonly expected: Columns
}

const pods: readonly KindName[] = ['WorkloadProcess', 'WorkloadService', 'WorkloadPersistent']
const paused = { [annotation.reconcile]: 'disabled' }
const refused = { kind: 'Pod', name: NAME, reason: 'invalid', sentence: 'spec: Invalid value' } as const
const quota = { kind: 'Pod', name: NAME, reason: 'quota', sentence: 'exceeded quota: few' } as const
const wrong = { terminationGracePeriodSeconds: -1 }
const ended = given.container({ state: 'terminated', ready: false, exitCode: 0, finishedAtMs: NOW_MS })
const failedRun = given.job({ uid: 'uid-failed', name: 'failed', result: 'Failed', finishedAtMs: NOW_MS })
const otherJob = { kind: 'Job', name: 'other', uid: 'uid-other-job' }

/** Longer than any time a new instance is given. */
const TOO_LONG_MS = 3_600_000

type Situation = readonly [string, readonly KindName[], (kind: KindName) => Found, Columns]

const settled: readonly Situation[] = [
  ['runs and is ready', pods, (kind) => instance(kind, {}), says('True Running', 'active healthy', 'running')],
  ['in force', ['WorkloadCronJob'], () => schedule(), says('True Scheduled', 'active healthy', 'scheduled')],
  ['a run runs', ['WorkloadCronJob'], run, says('True Scheduled', 'active healthy', 'scheduled')],
  ['last run failed', ['WorkloadCronJob'], lastFailed, says('True Scheduled', 'active', 'scheduled')],
  ['ended with 0', ['WorkloadProcess'], completed, says('True Completed', 'healthy', 'completed')],
  ['its ended pod is cleaned up', ['WorkloadProcess'], cleanedUp, says('True Completed', 'healthy', 'completed')],
  ['suspended', kinds, (kind) => suspended(kind, { suspend: true }), suspension()],
  ['scaled to 0', ['WorkloadService', 'WorkloadPersistent'], (kind) => suspended(kind, { replicas: 0 }), suspension()],
  ['on standby', kinds, () => ({ over: { role: 'passive' } }), says('True Standby', 'healthy', 'standby')],
]

const moving: readonly Situation[] = [
  ['about to be made', kinds, () => ({}), moves('Starting', '', 'starting')],
  ['made, not ready yet', pods, (kind) => instance(kind, { ready: false }), moves('Starting', 'active', 'starting')],
  [
    'not ready any more',
    pods,
    (kind) => instance(kind, { ready: false }, { stored: was('Running') }),
    bad('Unhealthy'),
  ],
  ['ends again and again', pods, (kind) => instance(kind, looping), bad('CrashLoop')],
  ['image cannot be pulled', kinds, (kind) => instance(kind, waiting('ErrImagePull')), bad('ImagePullFailed')],
  ['key missing', kinds, (kind) => instance(kind, waiting('CreateContainerConfigError')), bad('ConfigMissing')],
  ['no node fits', kinds, (kind) => unplaced(kind, '0/3 nodes are available'), bad('Unschedulable')],
  ['claim not bound', kinds, (kind) => unplaced(kind, 'unbound PersistentVolumeClaims'), bad('VolumePending')],
  ['quota', kinds, () => ({ over: { findings: { refused: quota } } }), moves('QuotaExceeded', '', 'unhealthy')],
  ['old instance ends', pods, (kind) => instance(kind, { deleting: true }), waits()],
  ['suspended, still ends', pods, endsSuspended, { ...waits(), also: ['Reconciling', 'Suspended'] }],
  ['old run ends', ['WorkloadCronJob'], () => ({ facts: [given.pod({ controller: otherJob })] }), waits()],
]

const stuck: readonly Situation[] = [
  ['maxRestarts used up', ['WorkloadProcess'], givenUp, stalls('RestartLimitReached', '', 'unhealthy')],
  [
    'node silent',
    kinds,
    (kind) => instance(kind, {}, { over: silent }),
    stalls('NodeUnreachable', 'active', 'waiting'),
  ],
  ['node silent, by force', kinds, forced, moves('NodeUnreachable', 'active', 'waiting')],
  ['spec refused', kinds, () => ({ spec: wrong }), stalls('NotAccepted', '', 'invalid')],
  [
    'spec refused, suspended',
    kinds,
    (kind) => refusedAfter(kind, suspended(kind, { suspend: true })),
    { ...stalls('NotAccepted', 'healthy', 'invalid'), also: ['Stalled', 'Suspended'] },
  ],
  [
    'spec refused, completed',
    ['WorkloadProcess'],
    (kind) => refusedAfter(kind, completed()),
    stalls('NotAccepted', 'healthy', 'invalid'),
  ],
  [
    'spec refused, runs on',
    pods,
    (kind) => instance(kind, {}, { spec: wrong }),
    stalls('NotAccepted', 'active healthy', 'invalid'),
  ],
  ['child refused', kinds, () => ({ over: { findings: { refused } } }), stalls('NotAccepted', '', 'invalid')],
  ['child refused, runs on', pods, refusedBeside, stalls('NotAccepted', 'active healthy', 'invalid')],
]

const edit = { image: 'example.test/report:2' }
const asBefore = { ...says('True Running', 'active healthy', 'paused'), also: ['Paused'] }
const notObserved = { ...asBefore, kstatus: 'InProgress' } as const

const pauses: readonly Situation[] = [
  ['paused', pods, (kind) => pause(kind, {}, {}), asBefore],
  ['paused, edited', pods, (kind) => pause(kind, {}, edit), notObserved],
  ['paused, suspended', pods, (kind) => pause(kind, {}, { suspend: true }), notObserved],
  [
    'paused, suspended',
    ['WorkloadCronJob'],
    (kind) => pause(kind, {}, { suspend: true }),
    { ...notObserved, ready: 'True Scheduled' },
  ],
  ['paused, resumed', kinds, (kind) => pause(kind, { suspend: true }, { suspend: false }), stillSuspended()],
  [
    'paused from the start',
    kinds,
    () => ({ annotations: paused }),
    { ...moves('Starting', '', 'paused'), also: ['Reconciling', 'Paused'] },
  ],
  [
    'suspended and paused from the start',
    kinds,
    () => ({ annotations: paused, spec: { suspend: true } }),
    stillSuspended(),
  ],
]

export function stateTable(): readonly Row[] {
  const unseen = {
    ready: 'none',
    active: false,
    healthy: false,
    also: [],
    kstatus: 'InProgress',
    api: 'starting',
  } as const
  return [
    ...kinds.map((kind) => ({ situation: 'not looked at yet', kind, expected: unseen })),
    ...[...settled, ...moving, ...stuck, ...pauses].flatMap(rowsOf),
    ...moving.flatMap(rowsOf).map(forTooLong),
  ]
}

function rowsOf([situation, of, find, expected]: Situation): readonly Row[] {
  return of.map((kind) => ({ situation, kind, found: find(kind), expected }))
}

function forTooLong(row: Row): Row {
  const { kind, found = {}, expected } = row
  const stored = { ...found.stored, ...lookAt(kind).status(found) }
  const later = { ...found, stored, over: { ...found.over, nowMs: NOW_MS + TOO_LONG_MS } }
  return {
    situation: `${row.situation}, for too long`,
    kind,
    found: later,
    expected: { ...expected, also: expected.also.with(0, 'Stalled'), kstatus: 'Failed' },
  }
}

/** As `kubectl get -o json` shows it. */
export function resourceIn({ kind, found }: Row): object {
  const { generation = 1, annotations = {} } = found ?? {}
  const status =
    found === undefined ? { observedGeneration: -1, active: false, healthy: false } : lookAt(kind).status(found)
  const metadata = { name: NAME, namespace: NAMESPACE, uid: `uid-${NAME}`, generation, annotations }
  return { apiVersion: API_VERSION, kind, metadata, spec: {}, status }
}

function says(ready: string, booleans: string, api: string): Columns {
  const [active, healthy] = [/\bactive/.test(booleans), booleans.includes('healthy')]
  return { ready, active, healthy, also: [], kstatus: 'Current', api }
}

function moves(reason: string, booleans: string, api: string): Columns {
  return { ...says(`False ${reason}`, booleans, api), also: ['Reconciling'], kstatus: 'InProgress' }
}

function bad(reason: string): Columns {
  return moves(reason, 'active', 'unhealthy')
}

function waits(): Columns {
  return moves('HandoverPending', 'active', 'waiting')
}

function stalls(reason: string, booleans: string, api: string): Columns {
  return { ...says(`False ${reason}`, booleans, api), also: ['Stalled'], kstatus: 'Failed' }
}

function suspension(): Columns {
  return { ...says('True Suspended', 'healthy', 'suspended'), also: ['Suspended'] }
}

function schedule(more: Found = {}): Found {
  return { facts: [given.cronJob(), ...(more.facts ?? [])] }
}

function run(): Found {
  return instance('WorkloadCronJob', {})
}

function lastFailed(): Found {
  return schedule({ facts: [failedRun] })
}

function completed(): Found {
  return instance('WorkloadProcess', { phase: 'Succeeded', ready: false, anyRunning: false, main: ended })
}

function cleanedUp(): Found {
  return { stored: lookAt('WorkloadProcess').status(completed()) }
}

function suspended(kind: KindName, spec: object): Found {
  return kind === 'WorkloadCronJob' ? { spec, facts: [given.cronJob({ suspended: true })] } : { ...around[kind], spec }
}

function unplaced(kind: KindName, sentence: string): Found {
  return instance(kind, { ...unbound, unschedulable: sentence })
}

function givenUp(): Found {
  return instance('WorkloadProcess', looping, { spec: { maxRestarts: 3 } })
}

function endsSuspended(kind: KindName): Found {
  return instance(kind, { deleting: true }, { spec: { suspend: true } })
}

function forced(kind: KindName): Found {
  const exclusivity = { nodeUnreachable: 'ForceAfter', forceAfter: '10m' }
  return instance(kind, {}, { spec: { exclusivity }, over: silent })
}

function refusedAfter(kind: KindName, before: Found): Found {
  const stored = { ...before.stored, ...lookAt(kind).status(before) }
  return { ...before, spec: { ...before.spec, ...wrong }, generation: 2, stored }
}

function refusedBeside(kind: KindName): Found {
  return instance(kind, {}, { over: { findings: { refused } } })
}

function stillSuspended(): Columns {
  return { ...suspension(), also: ['Suspended', 'Paused'], kstatus: 'InProgress', api: 'paused' }
}

/** Paused, and then edited where the spec changes: what was made of the old spec is left as it is. */
function pause(kind: KindName, spec: { readonly suspend?: boolean }, change: object): Found {
  const before = { ...(spec.suspend === true ? suspended(kind, spec) : instance(kind, {})), spec }
  const facts = before.facts?.map((fact) => ({ ...fact, applied: lookAt(kind).hashOf(fact.kind) }))
  const stored = { ...before.stored, ...lookAt(kind).status(before) }
  const generation = Object.keys(change).length === 0 ? 1 : 2
  return {
    spec: { ...spec, ...change },
    generation,
    annotations: paused,
    stored,
    ...(facts === undefined ? {} : { facts }),
  }
}
