// The ports for logs and metrics. Every folder takes them as parameters; telemetry/ is the only one that makes them.
import type { KindName } from './generated/kinds.ts'
import type { Informers, LeadershipView, TermEnd } from './ports.ts'
import type { ErrorReason } from '#lib/errors.ts'

export type LogFields = Readonly<Record<string, unknown>>

/** `message` is a constant sentence; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export type ReconcileOutcome = 'done' | 'requeue' | 'retry' | 'terminal' | 'aborted'
export type QueueClass = 'urgent' | 'normal' | 'background'

export interface Metrics {
  apiRequest(of: {
    readonly verb: string
    readonly resource: string
    readonly code: string
    readonly seconds: number
  }): void
  watchRestarted(resource: string, reason: string): void
  reconciled(kind: KindName, outcome: ReconcileOutcome, seconds: number): void
  queueWaited(queueClass: QueueClass, seconds: number): void
  queueRetried(): void
  fencedWrite(resource: string): void
  renewed(store: string, seconds: number): void
  renewFailed(store: string, reason: string): void
  termStarted(takeover: boolean): void
  termEnded(reason: TermEnd, seconds: number): void
  acquireFailed(): void
  workloadOperation(kind: KindName, name: string, operation: WorkloadOperation): void
  workloadError(kind: KindName, name: string, reason: ErrorReason): void
  workloadForgotten(kind: KindName, namespace: string, name: string): void
  eventEmitted(reason: string): void
  eventDropped(): void
  httpRequest(route: string, method: string, code: number, seconds: number): void
}

type WorkloadOperation = 'startup' | 'shutdown' | 'sync' | 'sync-error' | 'retry' | 'remove'

/** What gauges show; read at scrape time. */
export interface GaugeSources {
  readonly leadership: LeadershipView
  readonly informers: Informers
  queueDepth(): Readonly<Record<QueueClass, number>>
}

export interface Telemetry {
  readonly log: Logger
  readonly metrics: Metrics
}
