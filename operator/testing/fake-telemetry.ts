// Telemetry that remembers: what was logged, and which metrics were called with what, in order.
import type { LogFields, Logger, Metrics, Telemetry } from '#api/ports.ts'

interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: LogFields
}

interface MetricCall {
  readonly metric: keyof Metrics
  readonly values: readonly unknown[]
}

export interface FakeTelemetry extends Telemetry {
  readonly lines: readonly LogLine[]
  readonly calls: readonly MetricCall[]
  /** The values of each call of one metric. */
  callsOf(metric: keyof Metrics): readonly (readonly unknown[])[]
  /** The messages of one level. */
  messages(level: keyof Logger): readonly string[]
}

export function fakeTelemetry(): FakeTelemetry {
  const lines: LogLine[] = []
  const calls: MetricCall[] = []
  const at =
    (level: keyof Logger) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields })
    }
  return {
    lines,
    calls,
    callsOf: (metric) => calls.filter((call) => call.metric === metric).map((call) => call.values),
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    metrics: fakeMetrics(calls),
  }
}

function fakeMetrics(calls: MetricCall[]): Metrics {
  const note =
    (metric: keyof Metrics) =>
    (...values: readonly unknown[]): void => {
      calls.push({ metric, values })
    }
  return {
    apiRequest: note('apiRequest'),
    watchRestarted: note('watchRestarted'),
    reconciled: note('reconciled'),
    queueWaited: note('queueWaited'),
    queueRetried: note('queueRetried'),
    fencedWrite: note('fencedWrite'),
    renewed: note('renewed'),
    renewFailed: note('renewFailed'),
    termStarted: note('termStarted'),
    termEnded: note('termEnded'),
    acquireFailed: note('acquireFailed'),
    workloadOperation: note('workloadOperation'),
    workloadError: note('workloadError'),
    workloadForgotten: note('workloadForgotten'),
    eventEmitted: note('eventEmitted'),
    eventDropped: note('eventDropped'),
    httpRequest: note('httpRequest'),
  }
}
