// A Client that records what is sent and answers as the test says. It asks maySend like the real one, in the tick in
// which it "sends", and ends a call when its signal fires.
import type { Call, Client } from '#kube/call.ts'
import { onAbort } from '#lib/abort.ts'
import { AbortError } from '#lib/errors.ts'

export interface FakeClient extends Client {
  readonly calls: readonly Call[]
  /** The answer to all further calls; an Error is thrown. */
  answer(with_: (call: Call) => unknown): void
  /** What happens between the call and the tick of sending. */
  beforeSend(act: () => void): void
  /** Further calls wait until the test lets them go. */
  hold(): { release(): void }
}

export function createFakeClient(): FakeClient {
  const calls: Call[] = []
  let respond: (call: Call) => unknown = echo
  let prepare = (): void => undefined
  let gate: Promise<void> | undefined
  const send = async (call: Call, _lane: unknown, signal: AbortSignal): Promise<unknown> => {
    if (signal.aborted) throw new AbortError()
    prepare()
    if (call.maySend?.() === false) throw new AbortError('the writer said no')
    calls.push(call)
    const ended = Promise.withResolvers<never>()
    using _listener = onAbort(signal, () => ended.reject(new AbortError()))
    await Promise.race([gate, ended.promise])
    const answer = respond(call)
    if (answer instanceof Error) throw answer
    return answer
  }
  return {
    server: 'https://fake.test',
    calls,
    send,
    answer: (with_) => {
      respond = with_
    },
    beforeSend: (act) => {
      prepare = act
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return {
        release: () => {
          gate = undefined
          resolve()
        },
      }
    },
    watch: () => {
      throw new TypeError('the fake client has no watches')
    },
    get leases(): never {
      throw new TypeError('the fake client has no leases')
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

let versions = 1000

/** The object that was sent, as a server would give it back: with the uid it had or a new one, and a new version. */
export function echo(call: Call): unknown {
  versions += 1
  const body = isRecord(call.body) ? call.body : {}
  const metadata = isRecord(body['metadata']) ? body['metadata'] : {}
  const [, namespace, name] = /\/namespaces\/([^/]+)\/[^/]+(?:\/([^/]+))?/.exec(call.path) ?? []
  const stored = { uid: `uid-${name ?? versions}`, namespace, name, ...metadata, resourceVersion: String(versions) }
  return { ...body, metadata: stored }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
