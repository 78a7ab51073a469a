// List and watch of one kind in one namespace (or in all): keeps one part of a store equal to the server, whatever
// breaks, until its signal fires. Each situation and its rule is one line of `waitAfter`.
import { setImmediate as othersFirst } from 'node:timers/promises'
import type { Fact } from '#api/facts.ts'
import type { InformerState, Telemetry } from '#api/ports.ts'
import type { ResourceType } from '#api/resource.ts'
import { pathOf } from '#api/resource.ts'
import type { Backoff } from '#lib/backoff.ts'
import { createBackoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { ConflictError, TerminalError, TransientError, messageOf } from '#lib/errors.ts'
import type { Call, Client } from './call.ts'
import { errorOfEvent } from './errors.ts'
import { listAt, objectAt, textAt } from '#lib/json.ts'
import { readLines } from './ndjson.ts'
import { problemOf } from './problems.ts'
import type { Relist, WatchedStore } from './store.ts'
import type { WatchLimits } from './watch-limits.ts'

/** Shared by all informers of a process: a server that refused one streaming list is not asked again. */
export interface ListMode {
  streaming: boolean
}

export interface ScopeOptions<V extends Fact> {
  readonly resource: ResourceType
  /** '' for all. */
  readonly namespace: string
  readonly labelSelector: string
  readonly project: (object: unknown) => V | undefined
  readonly limits: WatchLimits
  readonly mode: ListMode
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly random: () => number
  /** Not being allowed to read this kind is no fault. */
  readonly isOptional: boolean
}

const BATCH = 100

export type Problem = NonNullable<InformerState['problem']>

export class ScopeWatch<V extends Fact> {
  /** Wall clock of the last byte. */
  freshAtMs: number | undefined
  problem: Problem | undefined
  isSynced = false
  /** Resolves when the list is complete for the first time, or cannot be had (forbidden, missing). */
  readonly settled: Promise<void>
  readonly synced: Promise<void>
  readonly #client: Client
  readonly #store: WatchedStore<V>
  readonly #options: ScopeOptions<V>
  readonly #backoff: Backoff
  readonly #settle = Promise.withResolvers<void>()
  readonly #sync = Promise.withResolvers<void>()
  #version: string | undefined
  /** The request that is under way has had a first byte. */
  #isAnswered = false
  #expiredAtMs = Number.NEGATIVE_INFINITY
  #logged: { readonly sentence: string; readonly atMs: number } | undefined

  constructor(client: Client, store: WatchedStore<V>, options: ScopeOptions<V>) {
    this.#client = client
    this.#store = store
    this.#options = options
    this.#backoff = createBackoff({ ...options.limits.backoff, random: options.random }, options.clock)
    this.settled = this.#settle.promise
    this.synced = this.#sync.promise
  }

  /** Resolves after the signal, never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.#round(signal)
      // Also for no wait at all: a server that fails at once must not keep the event loop from anything else.
      await this.#options.clock.sleep(waitMs, signal).catch(() => undefined)
    }
  }

  /** One list and watch, or one watch, until it ends. The wait before the next one. */
  async #round(signal: AbortSignal): Promise<number> {
    const { clock, limits, mode, telemetry, resource } = this.#options
    const startedMs = clock.monotonicMs()
    this.#isAnswered = false
    try {
      if (this.#version === undefined && !mode.streaming) await this.#listPages(signal)
      await this.#stream(signal)
      telemetry.metrics.watchRestarted(resource.plural, 'ended')
      return clock.monotonicMs() - startedMs >= limits.shortLivedMs ? 0 : this.#backoff.nextMs()
    } catch (error) {
      return signal.aborted ? 0 : this.#waitAfter(error)
    }
  }

  #waitAfter(error: unknown): number {
    const { mode, telemetry, resource } = this.#options
    const isRefused = error instanceof TerminalError && error.reason === 'invalid'
    if (isRefused && this.#version === undefined && mode.streaming) {
      mode.streaming = false
      telemetry.log.info('the API server does not stream lists, reading pages instead', { error: messageOf(error) })
      return 0
    }
    const isQuiet = this.#isQuiet(error)
    telemetry.metrics.watchRestarted(resource.plural, isQuiet ? 'silent' : reasonOf(error))
    // A server sends no bookmarks for a kind that has not changed since it started: nobody's fault, and nothing to tell.
    // One that stands still does not even answer the next request, and that is told.
    if (isQuiet) return 0
    if (error instanceof ConflictError) return this.#waitAfterExpiry()
    if (isRefused) this.#version = undefined
    this.#report(error)
    return Math.max(this.#backoff.nextMs(), askedMs(error))
  }

  #isQuiet(error: unknown): boolean {
    return this.#version !== undefined && this.#isAnswered && isSilence(error)
  }

  /** The version is too old: list anew, at once the first time. */
  #waitAfterExpiry(): number {
    const { clock, limits } = this.#options
    const isFirst = clock.monotonicMs() - this.#expiredAtMs > limits.backoff.resetAfterMs
    this.#version = undefined
    this.#expiredAtMs = clock.monotonicMs()
    return isFirst ? 0 : this.#backoff.nextMs()
  }

  async #listPages(signal: AbortSignal): Promise<void> {
    const relist = this.#store.relist(this.#options.namespace)
    const { limits } = this.#options
    let next = ''
    do {
      const query = { limit: String(limits.pageSize), ...(next === '' ? {} : { continue: next }) }
      const page = await this.#client.send(this.#call(query, limits.pageMs), 'request', signal)
      this.#heard()
      for (const [at, object] of listAt(page, 'items').entries()) {
        // Parsing a page took its time already: renewals and answers get their turn in between.
        if (at % BATCH === 0) await othersFirst()
        const fact = this.#project(object)
        if (fact !== undefined) relist.listed(fact)
      }
      const metadata = objectAt(page, 'metadata')
      next = textAt(metadata, 'continue') ?? ''
      if (next === '') this.#listed(relist, textAt(metadata, 'resourceVersion') ?? '')
    } while (next !== '')
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const { limits } = this.#options
    let relist = this.#version === undefined ? this.#store.relist(this.#options.namespace) : undefined
    const call = this.#call(relist === undefined ? this.#resumeQuery() : this.#listQuery(), limits.headersMs)
    await readLines(this.#bytes(this.#client.watch(call, limits.stallMs, signal)), (event) => {
      const object = objectAt(event, 'object')
      const type = textAt(event, 'type')
      const version = textAt(object['metadata'], 'resourceVersion')
      if (type === 'ERROR') throw errorOfEvent(object, `the watch of ${this.#options.resource.plural}`)
      if (version === undefined || !isKnown(type)) throw new TransientError('a line is no event', { reason: 'invalid' })
      if (type !== 'BOOKMARK') this.#take(type, object, relist)
      else if (relist !== undefined && isEndOfList(object)) {
        this.#listed(relist, version)
        relist = undefined
      }
      // The first events are in no order: before their end there is no version to resume from.
      if (relist === undefined) this.#version = version
    })
    if (relist !== undefined)
      throw new TransientError('the list ended before it was complete', { reason: 'unavailable' })
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown, relist: Relist<V> | undefined): void {
    const fact = this.#project(object)
    if (fact === undefined) return
    if (type === 'DELETED') this.#store.sawDelete(fact)
    else if (relist === undefined) this.#store.saw(fact)
    else relist.listed(fact)
  }

  /** Undefined, and logged, for an object that cannot be read: asking again would bring the same one. */
  #project(object: unknown): V | undefined {
    const { project, resource, telemetry } = this.#options
    const metadata = objectAt(object, 'metadata')
    const fields = {
      resource: resource.plural,
      namespace: textAt(metadata, 'namespace'),
      name: textAt(metadata, 'name'),
    }
    try {
      const fact = project(object)
      if (fact === undefined) telemetry.log.error('an object could not be read and is left out', fields)
      return fact
    } catch (error) {
      telemetry.log.error('an object could not be read and is left out', { ...fields, error: messageOf(error) })
      return undefined
    }
  }

  #listed(relist: Relist<V>, version: string): void {
    relist.end(version)
    this.#version = version
    this.isSynced = true
    this.#sync.resolve()
    this.#settle.resolve()
  }

  async *#bytes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#heard()
      yield chunk
    }
  }

  #heard(): void {
    this.freshAtMs = this.#options.clock.now()
    this.#isAnswered = true
    if (this.problem === undefined) return
    this.problem = undefined
    this.#logged = undefined
    this.#options.telemetry.log.info('the watch works again', this.#fields())
  }

  #report(error: unknown): void {
    const { resource, namespace, clock, limits, telemetry, isOptional } = this.#options
    const problem = problemOf(error, resource, namespace)
    if (problem.type !== 'failing') this.#settle.resolve()
    const isExpected = isOptional && problem.type === 'forbidden'
    this.problem = isExpected ? undefined : problem
    const last = this.#logged
    const nowMs = clock.monotonicMs()
    if (last?.sentence === problem.sentence && (isExpected || nowMs - last.atMs < limits.logAgainMs)) return
    this.#logged = { sentence: problem.sentence, atMs: nowMs }
    const fields = { ...this.#fields(), error: problem.sentence }
    if (isExpected) telemetry.log.info('this kind may not be read, going on without it', fields)
    else telemetry.log.warn('the watch is interrupted and will be tried again', fields)
  }

  #fields(): Readonly<Record<string, string>> {
    const { resource, namespace } = this.#options
    return { resource: resource.plural, ...(namespace === '' ? {} : { namespace }) }
  }

  #listQuery(): Record<string, string> {
    return { ...this.#watchQuery(), sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
  }

  #resumeQuery(): Record<string, string> {
    return { ...this.#watchQuery(), resourceVersion: this.#version ?? '' }
  }

  #watchQuery(): Record<string, string> {
    const { limits, random } = this.#options
    const [least, most] = limits.timeoutSeconds
    const timeoutSeconds = String(Math.round(least + (most - least) * random()))
    return { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds }
  }

  #call(query: Record<string, string>, deadlineMs: number): Call {
    const { resource, namespace, labelSelector } = this.#options
    return {
      method: 'GET',
      path: pathOf(resource, namespace === '' ? {} : { namespace }),
      query: labelSelector === '' ? query : { ...query, labelSelector },
      deadlineMs,
      resource: resource.plural,
    }
  }
}

function isKnown(type: string | undefined): type is 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' {
  return type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK'
}

function isEndOfList(bookmark: unknown): boolean {
  return textAt(objectAt(objectAt(bookmark, 'metadata'), 'annotations'), 'k8s.io/initial-events-end') === 'true'
}

/** What Retry-After asks for. */
function askedMs(error: unknown): number {
  return error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0
}

function isSilence(error: unknown): boolean {
  return error instanceof TransientError && error.reason === 'timeout'
}

function reasonOf(error: unknown): string {
  if (error instanceof ConflictError) return 'expired'
  if (error instanceof TransientError) return error.reason === 'invalid' ? 'unreadable' : error.reason
  return error instanceof TerminalError ? error.reason : 'unknown'
}
