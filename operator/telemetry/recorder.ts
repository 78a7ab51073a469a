// The counters and histograms behind the port Metrics. Nothing here throws and nothing waits.
import type { Registry } from 'prom-client'
import { Counter, Histogram } from 'prom-client'
import { kindInfo } from '#api/generated/kinds.ts'
import type { Metrics } from '#api/ports.ts'
import type { MetricSpec } from './metrics.ts'
import { events, zeroLabels } from './metrics.ts'
import type { WorkloadCounters } from './workload-counters.ts'

export function createRecorder(registry: Registry, workloads: WorkloadCounters): Metrics {
  return {
    ...workMetrics(registry),
    ...leaderMetrics(registry, workloads),
    ...edgeMetrics(registry),
    ...workloads.metrics,
  }
}

type EdgeMetric = 'apiRequest' | 'watchRestarted' | 'eventEmitted' | 'eventDropped' | 'httpRequest'
type LeaderMetric = 'termStarted' | 'termEnded' | 'acquireFailed' | 'renewed' | 'renewFailed' | 'fencedWrite'
type WorkloadMetric = 'workloadOperation' | 'workloadError' | 'workloadForgotten'

function workMetrics(registry: Registry): Omit<Metrics, EdgeMetric | LeaderMetric | WorkloadMetric> {
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

function leaderMetrics(registry: Registry, workloads: WorkloadCounters): Pick<Metrics, LeaderMetric> {
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
      workloads.reset()
    },
    acquireFailed: () => failedAttempts.inc(),
    renewed: (store, seconds) => renewSeconds.observe({ store }, seconds),
    renewFailed: (store, reason) => renewFailures.inc({ store, reason }),
    fencedWrite: (resource) => fencedWrites.inc({ resource }),
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
