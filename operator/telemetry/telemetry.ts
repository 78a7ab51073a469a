// Opens the telemetry: every logger and metric comes from here and is passed in. There is no timer: process metrics,
// gauges and workload series are read when somebody scrapes.
import type { Writable } from 'node:stream'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { GaugeSources, LogFields, Logger, Metrics, Telemetry } from '#api/ports.ts'
import type { BuildInfo, Identity, ProcessFacts, Workloads } from '#api/view.ts'
import type { Clock } from '#lib/clock.ts'
import { renderWorkloadSeries } from './compat-metrics.ts'
import { registerGauges } from './gauges.ts'
import type { Level } from './logger.ts'
import { createLoggers } from './logger.ts'
import { createRecorder } from './recorder.ts'
import { createWorkloadCounters } from './workload-counters.ts'

export interface TelemetrySettings {
  readonly level: Level
  readonly format: 'json' | 'text'
  readonly stream: Writable
  readonly build: BuildInfo
  readonly identity: Identity
  /** Kind of the store of the leader election. */
  readonly store: string
  readonly process: ProcessFacts
  readonly workloads: Workloads
  readonly clock: Clock
}

export interface OpenTelemetry {
  readonly metrics: Metrics
  /** The share of one part of the operator. */
  of(component: string): Telemetry
  log(component: string): Logger
  /** From now on gauges show these, and lines carry the epoch while this replica leads. */
  observe(sources: GaugeSources): void
  /** The exposition in the text format of Prometheus. Calls within a second share one answer. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** One scrape per second is computed, however many ask. */
const SHARED_MS = 1_000
const PORTION = 500

export function openTelemetry(settings: TelemetrySettings): OpenTelemetry {
  const { clock, identity, workloads } = settings
  const registry = new Registry()
  let sources: GaugeSources | undefined
  const { id, tenant, cluster } = identity
  const loggers = createLoggers({ ...settings, fields: { id, tenant, cluster } })
  loggers.setContext(() => epochField(sources))
  const counters = createWorkloadCounters()
  const metrics = createRecorder(registry, counters)
  registerGauges(registry, { ...settings, now: () => clock.now(), sources: () => sources })
  registerProcessMetrics(registry)
  const render = async (): Promise<{ contentType: string; text: string }> => {
    await parseStatuses(sources, workloads, clock)
    const series = `${counters.render()}\n${renderWorkloadSeries(sources, workloads)}`
    const text = `${await registry.metrics()}\n${series}`
    return { contentType: registry.contentType, text }
  }
  let last = { atMs: Number.NEGATIVE_INFINITY, answer: Promise.resolve({ contentType: '', text: '' }) }
  return {
    metrics,
    of: (component) => ({ log: loggers.of(component), metrics }),
    log: (component) => loggers.of(component),
    observe: (next) => {
      sources = next
    },
    scrape: () => {
      if (clock.monotonicMs() - last.atMs >= SHARED_MS) last = { atMs: clock.monotonicMs(), answer: render() }
      return last.answer
    },
  }
}

/**
 * Each status is parsed once per version. The first scrape of a leader meets all of them: in portions, so that renewals
 * and reconciles have their turn in between.
 */
async function parseStatuses(sources: GaugeSources | undefined, workloads: Workloads, clock: Clock): Promise<void> {
  if (sources?.leadership.isLeader() !== true) return
  const { signal } = new AbortController()
  let parsed = 0
  for (const cr of workloads.ours(sources.informers.stores)) {
    workloads.look(cr)
    parsed += 1
    if (parsed % PORTION === 0) await clock.sleep(0, signal)
  }
}

function epochField(sources: GaugeSources | undefined): LogFields {
  return sources?.leadership.isLeader() === true ? { epoch: sources.leadership.epoch() } : {}
}

/**
 * prom-client's own, without those that need an interval timer of 10 ms, which would be a quarter of an idle
 * operator's work: the lag of the event loop is measured at scrape.
 */
function registerProcessMetrics(registry: Registry): void {
  const NEVER_MS = 2_147_483_647
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS })
  for (const part of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
    registry.removeSingleMetric(`nodejs_eventloop_lag_${part}_seconds`)
}
