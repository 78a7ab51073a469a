// One Lease at a time, for the fence: quorum reads, compare-and-swap writes, and a watch that is only a hint.
// Each call has a connection of its own and a deadline of one retry period; nothing is repeated here.
import type { LeaseClient, LeaseObject, Logger } from '#api/ports.ts'
import { leaseResource, pathOf } from '#api/resource.ts'
import { createBackoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { ConflictError, TerminalError, TransientError, messageOf } from '#lib/errors.ts'
import type { Call, Client } from './call.ts'
import { errorOfEvent } from './errors.ts'
import { numberAt, objectAt, textAt, textsAt } from '#lib/json.ts'
import { readLines } from './ndjson.ts'
import { retryBackoff, watchLimits } from './watch-limits.ts'

export interface LeaseClientOptions {
  readonly deadlineMs: number
  readonly clock: Clock
  readonly log: Logger
}

type LeaseCalls = Pick<Client, 'send' | 'watch'>

const WATCH_SECONDS = '300'

export function createLeaseClient(client: LeaseCalls, options: LeaseClientOptions): LeaseClient {
  return {
    get: async (namespace, name, signal) => {
      try {
        return leaseOf(await client.send(callOf('GET', { namespace, name }, options), 'lease', signal))
      } catch (error) {
        if (error instanceof TerminalError && error.reason === 'not_found') return undefined
        throw error
      }
    },
    create: async (lease, signal) => {
      const { namespace } = lease.metadata
      const call = { ...callOf('POST', { namespace }, options), body: lease }
      return await orUndefined(async () => leaseOf(await client.send(call, 'lease', signal)))
    },
    replace: async (lease, signal) => {
      const { namespace, name } = lease.metadata
      const call = { ...callOf('PUT', { namespace, name }, options), body: lease }
      try {
        return await orUndefined(async () => leaseOf(await client.send(call, 'lease', signal)))
      } catch (error) {
        if (error instanceof TerminalError && error.reason === 'not_found') return undefined
        throw error
      }
    },
    watch: (namespace, name, onChange, signal) => {
      const target = { namespace, name, onChange }
      // Ends with the signal only, and reports what goes wrong itself.
      void followForEver(client, target, options, signal)
    },
  }
}

interface Target {
  readonly namespace: string
  readonly name: string
  readonly onChange: (lease: LeaseObject | undefined) => void
}

async function followForEver(
  client: LeaseCalls,
  target: Target,
  options: LeaseClientOptions,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(retryBackoff, options.clock)
  let told = ''
  while (!signal.aborted) {
    const startedMs = options.clock.monotonicMs()
    let waitMs = 0
    try {
      await follow(client, target, options, signal)
      if (options.clock.monotonicMs() - startedMs < watchLimits.shortLivedMs) waitMs = backoff.nextMs()
    } catch (error) {
      if (signal.aborted) return
      waitMs = Math.max(backoff.nextMs(), error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0)
      const sentence = messageOf(error)
      if (sentence !== told) options.log.warn('the watch of the lease is interrupted', { error: sentence })
      told = sentence
    }
    await options.clock.sleep(waitMs, signal).catch(() => undefined)
  }
}

/** The state as it is, then each change until the stream ends. */
async function follow(
  client: LeaseCalls,
  { namespace, name, onChange }: Target,
  options: LeaseClientOptions,
  signal: AbortSignal,
): Promise<void> {
  // Not on the lane of the lease: a hint must not delay a renewal.
  const found = await client
    .send({ ...callOf('GET', { namespace, name }, options), deadlineMs: watchLimits.headersMs }, 'request', signal)
    .then(leaseOf, (error: unknown) => {
      if (error instanceof TerminalError && error.reason === 'not_found') return undefined
      throw error
    })
  onChange(found)
  const query = { watch: '1', fieldSelector: `metadata.name=${name}`, timeoutSeconds: WATCH_SECONDS }
  const since = found?.metadata.resourceVersion
  const call: Call = {
    ...callOf('GET', { namespace }, options),
    deadlineMs: watchLimits.headersMs,
    query: since === undefined ? query : { ...query, resourceVersion: since },
  }
  await readLines(client.watch(call, watchLimits.stallMs, signal), (event) => {
    const type = textAt(event, 'type')
    if (type === 'BOOKMARK') return
    if (type === 'DELETED') onChange(undefined)
    else if (type === 'ADDED' || type === 'MODIFIED') onChange(leaseOf(objectAt(event, 'object')))
    else throw errorOfEvent(objectAt(event, 'object'), 'the watch of the lease')
  })
}

function callOf(
  method: Call['method'],
  path: { readonly namespace: string; readonly name?: string },
  options: LeaseClientOptions,
): Call {
  return { method, path: pathOf(leaseResource, path), resource: leaseResource.plural, deadlineMs: options.deadlineMs }
}

async function orUndefined<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ConflictError) return undefined
    throw error
  }
}

function leaseOf(object: unknown): LeaseObject {
  const metadata = objectAt(object, 'metadata')
  const spec = objectAt(object, 'spec')
  const leaseDurationSeconds = numberAt(spec, 'leaseDurationSeconds')
  const leaseTransitions = numberAt(spec, 'leaseTransitions')
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: textAt(metadata, 'name') ?? '',
      namespace: textAt(metadata, 'namespace') ?? '',
      ...texts(metadata, ['uid', 'resourceVersion']),
      ...maps(metadata, ['labels', 'annotations']),
    },
    spec: {
      ...texts(spec, ['holderIdentity', 'acquireTime', 'renewTime']),
      ...(leaseDurationSeconds === undefined ? {} : { leaseDurationSeconds }),
      ...(leaseTransitions === undefined ? {} : { leaseTransitions }),
    },
  }
}

function texts<Name extends string>(from: unknown, names: readonly Name[]): { readonly [N in Name]?: string } {
  const found: { [N in Name]?: string } = {}
  for (const name of names) {
    const text = textAt(from, name)
    if (text !== undefined) found[name] = text
  }
  return found
}

function maps<Name extends string>(
  from: unknown,
  names: readonly Name[],
): { readonly [N in Name]?: Readonly<Record<string, string>> } {
  const found: { [N in Name]?: Readonly<Record<string, string>> } = {}
  for (const name of names) {
    const map = textsAt(from, name)
    if (map !== undefined) found[name] = map
  }
  return found
}
