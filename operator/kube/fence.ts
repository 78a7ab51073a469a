// The write fence: every write but those of Leases and Events goes through here. It asks twice, the second time in the
// tick that hands the bytes to the socket: is enough of the term left for the write to land or to be aborted before a
// rival may act, and has nobody with a newer term touched the object? It bounds each write by T and by the term.
// It is no proof by itself: the preconditions in the requests are (a pause after the last check ends in a 409).
import type { Fact } from '#api/facts.ts'
import type { Term, Telemetry } from '#api/ports.ts'
import { AbortError, ConflictError, isAbort, TerminalError, TransientError } from '#lib/errors.ts'
import type { Client } from './call.ts'
import type { WriteCall } from './write-calls.ts'

/** What a write acts on: the newest fact that the stores have, beside the one it was decided on. */
export interface Target {
  /** The version the request is bound to; absent for creates. */
  readonly over?: Stamped
  readonly stored: () => Stamped | undefined
}

type Stamped = Fact & { readonly epoch: bigint }

export type Answer =
  | { readonly type: 'ok'; readonly object: unknown }
  | { readonly type: 'conflict'; readonly error: ConflictError | TerminalError }
  | { readonly type: 'gone'; readonly error: TerminalError }

export interface Fence {
  /**
   * Sends, and answers what the server decided. Throws AbortError (not sent, or the term ended meanwhile; the outcome
   * is then unknown), TransientError (unknown outcome), TerminalError (the server's refusal).
   */
  send(call: WriteCall, target: Target, term: Term): Promise<Answer>
}

export interface FenceOptions {
  readonly client: Client
  readonly telemetry: Telemetry
  /** T: deadline of a write, and what must be left of the term when it starts. */
  readonly writeDeadlineMs: number
}

export function createFence({ client, telemetry, writeDeadlineMs }: FenceOptions): Fence {
  const send = async (call: WriteCall, target: Target, term: Term): Promise<Answer> => {
    const count = (): void => telemetry.metrics.fencedWrite(call.resource)
    const maySend = (): boolean => {
      const permitted = isPermitted(target, term, writeDeadlineMs)
      if (!permitted) count()
      return permitted
    }
    if (!maySend()) throw new AbortError('the term does not allow this write')
    try {
      const object = await client.send({ ...call, deadlineMs: writeDeadlineMs, maySend }, 'request', term.signal)
      return { type: 'ok', object }
    } catch (error) {
      if (error instanceof TransientError && error.reason === 'timeout') count()
      const answer = answerOf(error)
      if (answer.type === 'conflict' && target.over !== undefined) count()
      return answer
    }
  }
  return { send }
}

function isPermitted(target: Target, term: Term, writeDeadlineMs: number): boolean {
  if (term.signal.aborted || term.remainingMs() < writeDeadlineMs || term.role() === 'hands-off') return false
  const newest = [target.over, target.stored()].find((fact) => fact !== undefined && fact.epoch > term.epoch)
  if (newest === undefined) return true
  term.sawNewerEpoch(newest.epoch)
  return false
}

const POLICY = /ValidatingAdmissionPolicy '[^']*highlander-fence/

/** What the server decided, as a value; everything else is thrown on. */
function answerOf(error: unknown): Answer {
  if (error instanceof ConflictError) return { type: 'conflict', error }
  if (error instanceof TerminalError) {
    if (error.reason === 'not_found') return { type: 'gone', error }
    // The fence of the cluster has seen a newer epoch than we have.
    if (POLICY.test(error.message)) return { type: 'conflict', error }
    throw mended(error)
  }
  if (error instanceof TransientError) throw mended(error)
  throw isAbort(error) ? new AbortError('the term ended', { cause: error }) : error
}

/** Answers whose code does not say what they mean. */
function mended(error: TerminalError | TransientError): Error {
  // 404, but not about the object.
  if (error instanceof TerminalError && error.reason === 'unknown')
    return new TransientError(error.message, { reason: 'unavailable' })
  // 403, but the namespace goes away and the resource with it.
  if (error.message.includes('because it is being terminated'))
    return new TransientError(error.message, { reason: 'forbidden' })
  // 500, but it is the wish that is wrong: a field that the server does not know, or a list entry twice.
  if (error.message.includes('failed to create typed patch object'))
    return new TerminalError(error.message, { reason: 'invalid' })
  return error
}
