// Kubernetes Events. It promises nothing but good will: it never throws and never waits, equal ones within ten minutes
// become one with a count, and when too many are under way they are dropped and counted. Events are not fenced, they
// decide nothing; but those about workloads are sent only during a term.
import type { EventContent, EventRecorder, EventSubject, Telemetry } from '#api/ports.ts'
import { apiVersionOf, eventResource, pathOf } from '#api/resource.ts'
import { API_GROUP } from '#api/labels.ts'
import { aborted } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { isAbort, messageOf, TerminalError } from '#lib/errors.ts'
import { hash16 } from '#lib/hash.ts'
import { formatMicroTime } from '#lib/time.ts'
import type { Client } from './call.ts'
import { createTokenBucket } from './token-bucket.ts'

export interface EventRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** Name of this replica. */
  readonly instance: string
}

export interface TermEventRecorder extends EventRecorder {
  record(regarding: EventSubject, event: EventContent): void
  /** Events are recorded until the signal (of a term) fires or this is disposed; outside they are dropped. */
  during(of: { readonly signal: AbortSignal }): Disposable
  /** Resolves when nothing waits to be sent, or the signal fires; never rejects. */
  flush(signal: AbortSignal): Promise<void>
}

export function createEventRecorder(options: EventRecorderOptions): TermEventRecorder {
  return new QueuedRecorder(options)
}

const AGGREGATE_MS = 10 * 60_000
const KNOWN_LIMIT = 1024
const QUEUE_LIMIT = 256
const RATE = { perSecond: 20, burst: 50 } as const
const DEADLINE_MS = 10_000
const CONTROLLER = `${API_GROUP}/operator`
// Limits of events.k8s.io/v1.
const NOTE_LIMIT = 1024
const INSTANCE_LIMIT = 128
const NAME_LIMIT = 200

/** One Event object, and how often it happened. */
interface Series {
  readonly regarding: EventSubject
  readonly event: EventContent
  readonly name: string
  readonly firstMs: number
  lastMs: number
  count: number
  /** How many of them the server knows of; 0 before the POST. */
  sentCount: number
}

class QueuedRecorder implements TermEventRecorder {
  readonly #options: EventRecorderOptions
  readonly #known = new Map<string, Series>()
  readonly #queue = new Set<Series>()
  readonly #bucket
  #signal: AbortSignal | undefined
  #isSending = false
  #sending = Promise.resolve()
  #made = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#bucket = createTokenBucket(RATE, options.clock)
  }

  during({ signal }: { readonly signal: AbortSignal }): Disposable {
    this.#signal = signal
    return {
      [Symbol.dispose]: () => {
        if (this.#signal !== signal) return
        this.#signal = undefined
        this.#queue.clear()
      },
    }
  }

  async flush(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#sending, aborted(signal)])
  }

  record(regarding: EventSubject, event: EventContent): void {
    const { metrics } = this.#options.telemetry
    if (this.#signal === undefined || this.#signal.aborted || this.#queue.size >= QUEUE_LIMIT) {
      metrics.eventDropped()
      return
    }
    this.#queue.add(this.#seriesOf(regarding, event))
    metrics.eventEmitted(event.reason)
    if (!this.#isSending) this.#sending = this.#sendAll(this.#signal)
  }

  #seriesOf(regarding: EventSubject, event: EventContent): Series {
    const nowMs = this.#options.clock.now()
    const id = [regarding.uid, event.type, event.reason, event.action, event.note].join('\n')
    const known = this.#known.get(id)
    if (known !== undefined && nowMs - known.lastMs < AGGREGATE_MS) {
      known.count += 1
      known.lastMs = nowMs
      return known
    }
    this.#made += 1
    const name = `${regarding.name.slice(0, NAME_LIMIT)}.${hash16(`${id}\n${nowMs}\n${this.#made}`)}`
    const series = { regarding, event, name, firstMs: nowMs, lastMs: nowMs, count: 1, sentCount: 0 }
    this.#remember(id, series, nowMs)
    return series
  }

  /** The oldest are forgotten first: those whose time is over, and those too many. */
  #remember(id: string, series: Series, nowMs: number): void {
    this.#known.delete(id)
    this.#known.set(id, series)
    for (const [oldId, old] of this.#known) {
      if (this.#known.size <= KNOWN_LIMIT && nowMs - old.lastMs < AGGREGATE_MS) return
      this.#known.delete(oldId)
    }
  }

  /** One at a time, so that the count of a series is never sent before the series. Never rejects. */
  async #sendAll(signal: AbortSignal): Promise<void> {
    this.#isSending = true
    try {
      for (const series of this.#queue) {
        await this.#bucket.take(signal)
        this.#queue.delete(series)
        await this.#send(series, signal)
      }
    } catch {
      // The term has ended: what waits was about its time.
      this.#queue.clear()
    }
    this.#isSending = false
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const { client, telemetry } = this.#options
    const { count } = series
    const call = series.sentCount === 0 ? this.#createCall(series) : repeatCall(series)
    try {
      await client.send({ ...call, deadlineMs: DEADLINE_MS, resource: eventResource.plural }, 'request', signal)
      series.sentCount = count
    } catch (error) {
      if (isAbort(error)) throw error
      telemetry.metrics.eventDropped()
      // The server forgets Events after an hour, or somebody deleted it: the next one is made anew.
      if (error instanceof TerminalError && error.reason === 'not_found') series.sentCount = 0
      telemetry.log.debug('event not recorded', { reason: series.event.reason, error: messageOf(error) })
    }
  }

  #createCall({ regarding, event, name, firstMs, lastMs, count }: Series) {
    const { namespace } = regarding
    const body = {
      apiVersion: apiVersionOf(eventResource),
      kind: eventResource.kind,
      metadata: { name, namespace },
      eventTime: formatMicroTime(firstMs),
      reportingController: CONTROLLER,
      reportingInstance: this.#options.instance.slice(0, INSTANCE_LIMIT),
      action: event.action,
      reason: event.reason,
      type: event.type,
      note: event.note.slice(0, NOTE_LIMIT),
      regarding,
      ...(count > 1 ? { series: seriesField(count, lastMs) } : {}),
    }
    return { method: 'POST', path: pathOf(eventResource, { namespace }), body } as const
  }
}

function repeatCall({ regarding, name, count, lastMs }: Series) {
  return {
    method: 'PATCH',
    path: pathOf(eventResource, { namespace: regarding.namespace, name }),
    contentType: 'application/merge-patch+json',
    body: { series: seriesField(count, lastMs) },
  } as const
}

function seriesField(count: number, lastMs: number) {
  return { count, lastObservedTime: formatMicroTime(lastMs) }
}
