// THE table of metrics: name, type, help, labels, and which series exist from the start. What feeds them is in
// recorder.ts (events) and gauges.ts (read at scrape); series with one line per workload are in
// compat-metrics.ts and workload-counters.ts.
import { kindInfo, kinds } from '#api/generated/kinds.ts'
import { workloadStates } from '#api/view.ts'

const PREFIX = 'k8_highlander_'

export interface MetricSpec {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Label names with their closed sets; an empty set is open. */
  readonly labels: Readonly<Record<string, readonly string[]>>
  readonly buckets?: readonly number[]
}

export const types = kinds.map((kind) => kindInfo[kind].type)
const outcomes = ['done', 'requeue', 'retry', 'terminal', 'aborted'] as const
const classes = ['urgent', 'normal', 'background'] as const
const termEnds = ['shutdown', 'step-down', 'lost', 'expired', 'newer-epoch'] as const
const open: readonly string[] = []

// 1 ms to 10 s: calls and reconciles.
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
// 1 minute to 30 days: terms.
const TERM_SECONDS = [60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000] as const

/** Fed by what happens. */
export const events = {
  transitions: counter('leadership_transitions_total', 'Total number of leadership transitions'),
  acquisitions: counter('leadership_acquisitions_total', 'Times this replica became the leader'),
  losses: counter('leadership_losses_total', 'Times this replica stopped being the leader'),
  failedAttempts: counter('leadership_failed_attempts_total', 'Tries to take a free lease that failed'),
  termSeconds: histogram('leadership_duration_seconds', 'Length of a term, at its end', {}, TERM_SECONDS),
  failovers: counter('failover_total', 'Take-overs from another holder, counted by the new leader'),
  termsEnded: counter('leader_terms_ended_total', 'Terms of this replica that ended, by reason', { reason: termEnds }),
  renewSeconds: histogram(
    'leader_renew_duration_seconds',
    'Duration of confirmed renewals',
    { store: ['lease'] },
    CALL_SECONDS,
  ),
  renewFailures: counter('leader_renew_failures_total', 'Renewals that failed', { store: ['lease'], reason: open }),
  fencedWrites: counter('fenced_writes_total', 'Writes refused because the term had ended or somebody moved first', {
    resource: open,
  }),
  reconciles: counter('reconcile_total', 'Reconciles, by outcome', { type: types, outcome: outcomes }),
  reconcileSeconds: histogram('reconcile_duration_seconds', 'Duration of reconciles', { type: types }, CALL_SECONDS),
  queueWait: histogram(
    'workqueue_wait_seconds',
    'Time between being due and being taken',
    { class: classes },
    CALL_SECONDS,
  ),
  queueRetries: counter('workqueue_retries_total', 'Workloads queued again after a failure'),
  apiRequests: counter('api_requests_total', 'Requests to the API server', { verb: open, resource: open, code: open }),
  apiSeconds: histogram(
    'api_request_duration_seconds',
    'Duration of requests to the API server',
    { verb: open, resource: open },
    CALL_SECONDS,
  ),
  watchRestarts: counter('watch_restarts_total', 'Watches that were started again', { resource: open, reason: open }),
  eventsEmitted: counter('events_emitted_total', 'Kubernetes Events written', { reason: open }),
  eventsDropped: counter('events_dropped_total', 'Kubernetes Events not written because too many were under way'),
  httpRequests: counter('http_requests_total', 'HTTP requests answered', { route: open, method: open, code: open }),
  httpSeconds: histogram('http_request_duration_seconds', 'Duration of HTTP requests', { route: open }, CALL_SECONDS),
} as const

/** Read when somebody scrapes. */
export const gauges = {
  isLeader: gauge('is_leader', 'Indicates if this instance is currently the leader (1) or not (0)'),
  term: gauge('leader_term', 'Fencing token of the term last seen'),
  leader: gauge('leader_info', 'The holder last seen', { holder: open, cluster: open }),
  lastTransition: gauge(
    'last_leader_transition_timestamp_seconds',
    'When the holder last changed, in seconds since 1970',
  ),
  build: gauge('build_info', 'Version of this replica', { version: open, revision: open, node: open }),
  instance: gauge('instance_info', 'Identity of this replica', { id: open, tenant: open, cluster: open, store: open }),
  queueDepth: gauge('workqueue_depth', 'Workloads that wait for a worker', { class: classes }),
  watchAge: gauge('watch_last_event_age_seconds', 'Age of the last event or bookmark', { resource: open }),
  storeObjects: gauge('store_objects', 'Objects in memory', { resource: open }),
  workloads: gauge('workloads', 'Workloads by state, counted by the leader', { type: types, state: workloadStates }),
  memory: gauge('memory_usage_bytes', 'Resident memory of this process'),
  load: gauge('system_load', 'Load average of the machine over one minute'),
} as const

/** One series per workload, from the leader only. Rendered in compat-metrics.ts and workload-counters.ts. */
export const perWorkload = {
  operations: counter('workload_operations_total', 'Operations on workloads, by the leader', {
    type: open,
    name: open,
    operation: open,
  }),
  errors: counter('workload_errors_total', 'Errors of workloads, by the leader', {
    type: open,
    name: open,
    error_type: open,
  }),
  status: gauge('workload_status', 'Status of managed workloads (1=active, 0=inactive)', {
    name: open,
    namespace: open,
    type: open,
  }),
  healthy: gauge('workload_healthy', 'Health of managed workloads (1=healthy, 0=not)', {
    name: open,
    namespace: open,
    type: open,
  }),
} as const

/** Every metric of the operator itself. */
export const allMetrics: readonly MetricSpec[] = [
  ...Object.values(events),
  ...Object.values(gauges),
  ...Object.values(perWorkload),
]

type Labels = MetricSpec['labels']

function counter(name: string, help: string, labels: Labels = {}): MetricSpec {
  return { name: `${PREFIX}${name}`, type: 'counter', help, labels }
}

function gauge(name: string, help: string, labels: Labels = {}): MetricSpec {
  return { name: `${PREFIX}${name}`, type: 'gauge', help, labels }
}

function histogram(name: string, help: string, labels: Labels, buckets: readonly number[]): MetricSpec {
  return { name: `${PREFIX}${name}`, type: 'histogram', help, labels, buckets }
}

/** Every combination of closed label sets; none when a set is open. */
export function zeroLabels(labels: Labels): readonly Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<readonly Readonly<Record<string, string>>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  )
}
