// The counters and histograms behind the port Metrics. Nothing here throws and nothing waits.
import type { Registry } from 'prom-client'
import { Counter, Histogram } from 'prom-client'
import type { KindName } from '#api/generated/kinds.ts'
import { kindInfo } from '#api/generated/kinds.ts'
import type { Metrics, WorkloadOperation } from '#api/ports.ts'
import type { ErrorReason } from '#lib/errors.ts'
import type { MetricSpec } from './metrics.ts'
import { events, zeroLabels } from './metrics.ts'

const operations: readonly WorkloadOperation[] = ['startup', 'shutdown', 'sync', 'sync-error', 'retry', 'remove']
const reasons: readonly ErrorReason[] = [
  'timeout',
  'throttled',
  'unavailable',
  'unauthorized',
  'forbidden',
  'not_found',
  'already_exists',
  'conflict',
  'invalid',
  'quota',
  'canceled',
  'unknown',
]

export function createRecorder(registry: Registry): Metrics {
  return { ...workMetrics(registry), ...leaderMetrics(registry), ...edgeMetrics(registry) }
}

type EdgeMetric = 'apiRequest' | 'watchRestarted' | 'eventEmitted' | 'eventDropped' | 'httpRequest'
type LeaderMetric =
  | 'termStarted'
  | 'termEnded'
  | 'acquireFailed'
  | 'renewed'
  | 'renewFailed'
  | 'fencedWrite'
  | 'workloadOperation'
  | 'workloadError'
  | 'workloadForgotten'

function workMetrics(registry: Registry): Omit<Metrics, EdgeMetric | LeaderMetric> {
  const reconciles = counter(events.reconciles, registry)
  const reconcileSeconds = histogram(events.reconcileSeconds, registry)
  const queueWait = histogram(events.queueWait, registry)
  const queueRetries = counter(events.queueRetries, registry)
  return {
    reconciled: (kind, outcome, seconds) => {
      reconciles.inc({ type: kindInfo[kind].type, outcome })
      reconcileSeconds.observe({ type: kindInfo[kind].type }, seconds)
    },
    queueWaited: (queueClass, seconds) => queueWait.observe({ class: queueClass }, seconds),
    queueRetried: () => queueRetries.inc(),
  }
}

function leaderMetrics(registry: Registry): Pick<Metrics, LeaderMetric> {
  const transitions = counter(events.transitions, registry)
  const acquisitions = counter(events.acquisitions, registry)
  const losses = counter(events.losses, registry)
  const failedAttempts = counter(events.failedAttempts, registry)
  const failovers = counter(events.failovers, registry)
  const termSeconds = histogram(events.termSeconds, registry)
  const termsEnded = counter(events.termsEnded, registry)
  const renewSeconds = histogram(events.renewSeconds, registry)
  const renewFailures = counter(events.renewFailures, registry)
  const fencedWrites = counter(events.fencedWrites, registry)
  const workloads = workloadMetrics(registry)
  return {
    termStarted: (takeover) => {
      transitions.inc()
      acquisitions.inc()
      if (takeover) failovers.inc()
    },
    termEnded: (reason, seconds) => {
      transitions.inc()
      losses.inc()
      termsEnded.inc({ reason })
      termSeconds.observe(seconds)
      // The next leader counts on; two replicas with series of one workload would make sums wrong.
      workloads.reset()
    },
    acquireFailed: () => failedAttempts.inc(),
    renewed: (store, seconds) => renewSeconds.observe({ store }, seconds),
    renewFailed: (store, reason) => renewFailures.inc({ store, reason }),
    fencedWrite: (resource) => fencedWrites.inc({ resource }),
    ...workloads.metrics,
  }
}

interface WorkloadMetrics {
  readonly metrics: Pick<Metrics, 'workloadOperation' | 'workloadError' | 'workloadForgotten'>
  reset(): void
}

/** The label set has no namespace, as in the Go version: workloads of one type and name share their series. */
function workloadMetrics(registry: Registry): WorkloadMetrics {
  const done = counter(events.operations, registry)
  const failed = counter(events.errors, registry)
  const typeOf = (kind: KindName): string => kindInfo[kind].type
  return {
    metrics: {
      workloadOperation: (kind, name, operation) => done.inc({ type: typeOf(kind), name, operation }),
      workloadError: (kind, name, reason) => failed.inc({ type: typeOf(kind), name, error_type: reason }),
      workloadForgotten: (kind, _namespace, name) => {
        for (const operation of operations) done.remove({ type: typeOf(kind), name, operation })
        for (const reason of reasons) failed.remove({ type: typeOf(kind), name, error_type: reason })
      },
    },
    reset: () => {
      done.reset()
      failed.reset()
    },
  }
}

function edgeMetrics(registry: Registry): Pick<Metrics, EdgeMetric> {
  const apiRequests = counter(events.apiRequests, registry)
  const apiSeconds = histogram(events.apiSeconds, registry)
  const watchRestarts = counter(events.watchRestarts, registry)
  const emitted = counter(events.eventsEmitted, registry)
  const dropped = counter(events.eventsDropped, registry)
  const httpRequests = counter(events.httpRequests, registry)
  const httpSeconds = histogram(events.httpSeconds, registry)
  return {
    apiRequest: ({ verb, resource, code, seconds }) => {
      apiRequests.inc({ verb, resource, code })
      apiSeconds.observe({ verb, resource }, seconds)
    },
    watchRestarted: (resource, reason) => watchRestarts.inc({ resource, reason }),
    eventEmitted: (reason) => emitted.inc({ reason }),
    eventDropped: () => dropped.inc(),
    httpRequest: (route, method, code, seconds) => {
      httpRequests.inc({ route, method, code: String(code) })
      httpSeconds.observe({ route }, seconds)
    },
  }
}

function counter({ name, help, labels }: MetricSpec, registry: Registry): Counter {
  const made = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] })
  for (const row of zeroLabels(labels)) made.inc(row, 0)
  return made
}

function histogram({ name, help, labels, buckets = [] }: MetricSpec, registry: Registry): Histogram {
  const labelNames = Object.keys(labels)
  const made = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] })
  for (const row of zeroLabels(labels)) made.zero(row)
  return made
}
