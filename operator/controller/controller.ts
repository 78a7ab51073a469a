// Runs reconciles for the time of a term: a queue that the stores feed, and workers that empty it.
// It promises that one workload cannot hold up another, that nothing of a term goes on after run has returned, and that
// each outcome leads to exactly one call of the queue, in the one switch below. It keeps nothing between terms but
// proofs, which stay true, and since when other tenants hold what is named ours.
import { partsOf, type Key } from '#api/key.ts'
import type { Informers, QueueClass, ReconcileOutcome, Telemetry, Term } from '#api/ports.ts'
import { aborted, scopeOf, type Scope } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { ConflictError, isAbort, messageOf, TerminalError, TransientError } from '#lib/errors.ts'
import { createProofMemory, type ProofMemory } from './gather.ts'
import { reconcile, type Outcome, type ReconcileDeps } from './reconcile.ts'
import { knownKeys, subscribe } from './subscriptions.ts'
import type { Contests } from './tenancy.ts'
import { createWorkQueue, type WorkQueue } from './work-queue.ts'

export interface ControllerOptions extends Omit<ReconcileDeps, 'stores' | 'proofs' | 'told' | 'contests'> {
  readonly informers: Pick<Informers, 'stores'>
  /** Reconciles at a time. Left out: 16. */
  readonly workers?: number
}

export interface Controller {
  /**
   * Works until the term ends, or drains when it is about to end or `signal` fires: takes no new keys, gives running
   * reconciles 5 s, flushes the statuses. Resolves when the last worker has ended; rejects only for a bug in the engine.
   */
  run(term: Term, signal: AbortSignal): Promise<void>
  /** Another look at a workload: the writer asks for it. Without a term, nothing: the next one looks at everything. */
  requeue(key: Key, afterMs?: number): void
  /** Keys that are ready; for the gauge. */
  queueDepth(): Readonly<Record<QueueClass, number>>
}

const WORKERS = 16
const DRAIN_MS = 5000
// The longest stretch without letting I/O have a turn: a take-over of 10,000 settled workloads awaits nothing else, and
// would keep the renewal of the term waiting.
const TURN_MS = 10
const SAME_COMPLAINT_MS = 60_000

export function createController(options: ControllerOptions): Controller {
  const proofs = createProofMemory()
  const contests: Contests = new Map()
  let current: WorkQueue | undefined
  return {
    run: async (term, signal) => {
      using queue = createWorkQueue({ clock: options.clock, metrics: options.telemetry.metrics })
      current = queue
      try {
        await new TermRun({ ...options, contests }, proofs, term, queue).work(signal)
      } finally {
        current = undefined
      }
    },
    requeue: (key, afterMs = 0) => current?.add(key, { afterMs }),
    queueDepth: () => current?.depth() ?? { urgent: 0, normal: 0, background: 0 },
  }
}

/** The engine during one term. */
class TermRun {
  readonly #options: ControllerOptions
  readonly #deps: ReconcileDeps
  readonly #clock: Clock
  readonly #telemetry: Telemetry
  readonly #term: Term
  readonly #queue: WorkQueue
  /** Key → when its trouble was last logged; only keys that are in trouble. */
  readonly #complaints = new Map<Key, number>()
  #turnSinceMs = 0

  constructor(
    options: ControllerOptions & { readonly contests: Contests },
    proofs: ProofMemory,
    term: Term,
    queue: WorkQueue,
  ) {
    this.#options = options
    this.#deps = { ...options, stores: options.informers.stores, proofs, told: new Map() }
    this.#clock = options.clock
    this.#telemetry = options.telemetry
    this.#term = term
    this.#queue = queue
  }

  async work(signal: AbortSignal): Promise<void> {
    const { stores } = this.#deps
    using taking = scopeOf([signal, this.#term.draining, this.#term.signal])
    using running = scopeOf([this.#term.signal])
    // Subscribed before everything is added: what changes in between is in the queue either way.
    using _subscription = subscribe(stores, this.#queue)
    for (const key of knownKeys(stores)) this.#queue.add(key, { class: 'background' })

    const workers = Array.from({ length: this.#options.workers ?? WORKERS }, () => this.#worker(taking, running))
    const all = Promise.all(workers)
    try {
      await Promise.race([aborted(taking.signal), all])
      using _grace = this.#clock.schedule(DRAIN_MS, () => running.abort())
      await all
    } finally {
      // One worker has thrown: a bug. The others must not outlive this call.
      taking.abort()
      running.abort()
      await Promise.allSettled(workers)
    }
    await this.#flush()
  }

  async #worker(taking: Scope, running: Scope): Promise<void> {
    for (;;) {
      const key = await this.#take(taking.signal)
      if (key === undefined) return
      try {
        await this.#handle(key, running.signal)
      } finally {
        this.#queue.done(key)
      }
      await this.#yieldTurn(running.signal)
    }
  }

  async #take(signal: AbortSignal): Promise<Key | undefined> {
    try {
      await this.#options.writer.room(signal)
      const key = await this.#queue.take(signal)
      // A key that was handed over in the very tick of the end: the next term has it again.
      return signal.aborted ? undefined : key
    } catch (error) {
      if (isAbort(error)) return undefined
      throw error
    }
  }

  async #handle(key: Key, signal: AbortSignal): Promise<void> {
    const startMs = this.#clock.monotonicMs()
    const outcome = await reconcile(key, this.#deps, this.#term, signal)
    const ms = this.#clock.monotonicMs() - startMs
    this.#telemetry.metrics.reconciled(partsOf(key).kind, outcome.type, ms / 1000)
    this.#settle(key, outcome, ms)
  }

  /** The one place where an outcome becomes a call of the queue, a count and a line in the log. */
  #settle(key: Key, outcome: Outcome, ms: number): void {
    const { kind, name } = partsOf(key)
    const { metrics } = this.#telemetry
    switch (outcome.type) {
      case 'done':
      case 'requeue':
        this.#queue.forget(key)
        this.#complaints.delete(key)
        if (outcome.type === 'requeue') this.#queue.add(key, { afterMs: outcome.afterMs })
        // After a resource has gone its series must not come back.
        if (!('untouched' in outcome)) metrics.workloadOperation(kind, name, 'sync')
        return this.#log(key, outcome.type, { ms })
      case 'retry':
        this.#queue.retry(key, outcome.atLeastMs)
        metrics.workloadOperation(kind, name, 'sync-error')
        metrics.workloadOperation(kind, name, 'retry')
        metrics.workloadError(kind, name, reasonOf(outcome.error))
        return this.#complain(key, outcome, ms)
      case 'terminal':
        this.#queue.forget(key)
        metrics.workloadOperation(kind, name, 'sync-error')
        metrics.workloadError(kind, name, 'invalid')
        return this.#log(key, 'terminal', { ms, sentence: outcome.sentence })
      case 'aborted':
        return this.#log(key, 'aborted', { ms })
      default:
        return outcome satisfies never
    }
  }

  #log(key: Key, outcome: ReconcileOutcome, fields: Readonly<Record<string, unknown>>): void {
    this.#telemetry.log.debug('reconciled', { ...this.#fields(key), outcome, ...fields })
  }

  /** A failure that goes on is said once a minute; in between it is a line like any other. */
  #complain(key: Key, outcome: Extract<Outcome, { readonly type: 'retry' }>, ms: number): void {
    const { log } = this.#telemetry
    const error = messageOf(outcome.error)
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - (this.#complaints.get(key) ?? Number.NEGATIVE_INFINITY) < SAME_COMPLAINT_MS)
      return this.#log(key, 'retry', { ms, error })
    this.#complaints.set(key, nowMs)
    const fields = { ...this.#fields(key), outcome: 'retry', ms, error }
    if (outcome.unexpected === true)
      log.error('reconcile failed unexpectedly', { ...fields, stack: stackOf(outcome.error) })
    else log.warn('reconcile failed and is tried again', fields)
  }

  #fields(key: Key) {
    return { ...partsOf(key), epoch: Number(this.#term.epoch) }
  }

  async #yieldTurn(signal: AbortSignal): Promise<void> {
    if (this.#clock.monotonicMs() - this.#turnSinceMs < TURN_MS) return
    try {
      await this.#clock.sleep(0, signal)
    } catch (error) {
      if (!isAbort(error)) throw error
    }
    this.#turnSinceMs = this.#clock.monotonicMs()
  }

  async #flush(): Promise<void> {
    if (this.#term.signal.aborted) return
    using scope = scopeOf([this.#term.signal], { clock: this.#clock, ms: DRAIN_MS })
    try {
      await this.#options.writer.flush(scope.signal)
    } catch (error) {
      if (!isAbort(error)) throw error
    }
  }
}

function reasonOf(error: unknown) {
  const isKnown = error instanceof TransientError || error instanceof TerminalError || error instanceof ConflictError
  return isKnown ? error.reason : 'unknown'
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : ''
}
