// The only way to change objects. It promises that every change was decided on the version it overwrites, that a create
// can only create, that nothing is sent when the term does not allow it, and that the stores know the answer before the
// caller does. It does not repeat a write whose outcome is unknown, and it decides nothing about what should exist.
import { appliedHash } from '#api/child.ts'
import type { ChildFact, CrFact, PodFact } from '#api/facts.ts'
import type { Key } from '#api/key.ts'
import type { Child, Stores, Telemetry, Term, Writer } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import type { Clock } from '#lib/clock.ts'
import { TransientError } from '#lib/errors.ts'
import type { Client } from './call.ts'
import { createApplier } from './applier.ts'
import { childProjections } from './child-projections.ts'
import { wishOf } from './wish.ts'
import { crTarget, storeAnswer, storeCr, storeRemoval, targetOf } from './targets.ts'
import type { Answer, Fence } from './fence.ts'
import { createFence } from './fence.ts'
import { listAt, numberAt, objectAt, textAt } from '#lib/json.ts'
import type { Stamps, StampSettings } from './stamps.ts'
import { replicaLabels } from './stamps.ts'
import { createStatusWriter } from './status-writer.ts'
import { createWritten } from './written.ts'
import { createCall, grantCall, removeCall, reserveCall, tryCall, ungateCall } from './write-calls.ts'

interface WriterSettings extends StampSettings {
  /** T: deadline of a write, and what must be left of the term when it starts. */
  readonly writeDeadlineMs: number
}

export interface WriterOptions {
  readonly client: Client
  readonly stores: Stores
  readonly settings: WriterSettings
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** Asks for another reconcile of a workload: a status met a newer version, or an object is to be verified. */
  readonly requeue: (key: Key, afterMs?: number) => void
}

export function createWriter(options: WriterOptions): Writer & Disposable {
  const { client, stores, settings, telemetry } = options
  const fence = createFence({ client, telemetry, writeDeadlineMs: settings.writeDeadlineMs })
  const written = createWritten(stores)
  const labels = replicaLabels(settings)
  const statuses = createStatusWriter({ ...options, fence })
  const applier = createApplier({ ...options, fence, written, labels })
  const parts: Parts = { fence, stores }
  return {
    tryCreate: async (child, term) => {
      const stamps = { labels, epoch: term.epoch, applied: appliedHash(child) }
      const answer = await fence.send(tryCall(child, stamps), targetOf(stores, child), term)
      if (answer.type !== 'ok') throw unplaced(answer)
      await reserve(parts, child, stamps, term)
    },
    create: async (child, term) => {
      const wish = wishOf(child)
      const token = child.takesToken ? { token: term.nextToken() } : {}
      const stamps = { labels, epoch: term.epoch, applied: wish.applied, ...token }
      const answer = await fence.send(createCall(child, stamps), targetOf(stores, child), term)
      if (answer.type === 'ok') {
        const fact = storeAnswer(stores, child.kind, answer.object)
        if (fact !== undefined) written.remember(fact, wish.whole, term)
        return 'created'
      }
      if (answer.type === 'conflict' && exists(child, answer)) return 'exists'
      throw unplaced(answer)
    },
    apply: (child, over, term) => applier.apply(child, over, term),
    remove: (child, how, term) => remove(parts, child, how, term),
    grant: async (over, to, term) => {
      const call = grantCall(over, to, term.epoch, term.nextToken())
      const answer = await fence.send(call, crTarget(stores, over), term)
      if (answer.type !== 'ok') return 'conflict'
      storeCr(stores, over, answer.object)
      return 'granted'
    },
    ungate: (pod, cr, term) => ungate(parts, pod, cr, term),
    status: (key, status, term) => statuses.set(key, status, term),
    room: (signal) => statuses.room(signal),
    flush: async (signal) => {
      await statuses.flush(signal)
      await applier.settled(signal)
    },
    [Symbol.dispose]: () => written[Symbol.dispose](),
  }
}

interface Parts {
  readonly fence: Fence
  readonly stores: Stores
}

/** Takes the address and the ports of the nodes that a Service asks for, and gives them back. What a crash leaves is a child that nobody asks for. */
async function reserve(parts: Parts, child: Child, stamps: Stamps, term: Term): Promise<void> {
  const { fence, stores } = parts
  const call = reserveCall(child, stamps)
  if (call === undefined) return
  const answer = await fence.send(call, targetOf(stores, child), term)
  if (answer.type !== 'ok') throw unplaced(answer)
  const fact = childProjections.Service(answer.object)
  if (fact !== undefined) await remove(parts, fact, {}, term)
}

type Removal = { readonly gracePeriodSeconds?: 0 }

async function remove({ fence, stores }: Parts, fact: ChildFact, how: Removal, term: Term) {
  const answer = await fence.send(removeCall(fact, how), targetOf(stores, fact, fact), term)
  switch (answer.type) {
    case 'conflict':
      return 'conflict'
    case 'gone':
      storeRemoval(stores, fact)
      return 'gone'
    case 'ok':
      if (isFinal(answer.object)) storeRemoval(stores, fact)
      else storeAnswer(stores, fact.kind, answer.object)
      return 'removed'
    default:
      return answer satisfies never
  }
}

/**
 * A Status means gone; so does the object itself, unless it waits for a grace period or a finalizer.
 * Seen on 1.36: Pods, Services and claims are answered with the object, everything else with a Status.
 */
function isFinal(object: unknown): boolean {
  if (textAt(object, 'kind') === 'Status') return true
  const metadata = objectAt(object, 'metadata')
  if (listAt(metadata, 'finalizers').length > 0) return false
  return textAt(metadata, 'deletionTimestamp') === undefined || numberAt(metadata, 'deletionGracePeriodSeconds') === 0
}

async function ungate({ fence, stores }: Parts, pod: PodFact, cr: CrFact, term: Term) {
  const token = tokenGrantedTo(pod, cr)
  // The grant has moved on since this was planned.
  if (token === undefined) return 'conflict'
  const answer = await fence.send(ungateCall(pod, term.epoch, token), targetOf(stores, pod, pod), term)
  if (answer.type === 'conflict') return 'conflict'
  if (answer.type === 'gone') return 'gone'
  storeAnswer(stores, 'Pod', answer.object)
  return 'open'
}

function tokenGrantedTo(pod: PodFact, cr: CrFact): bigint | undefined {
  const grant = objectAt(JSON.parse(statusTextOf(cr)), 'grant')
  const token = numberAt(grant, 'token')
  return textAt(grant, 'uid') === pod.uid && token !== undefined ? BigInt(token) : undefined
}

/** A Pod is POSTed: 409 may also be a quota that was changed meanwhile. An apply is refused for one reason only. */
function exists(child: Child, refusal: Refusal): boolean {
  return child.kind !== 'Pod' || refusal.error.reason === 'already_exists'
}

type Refusal = Exclude<Answer, { readonly type: 'ok' }>

/** The place to create in is not there (the namespace is gone or going), or it was in use at that moment. */
function unplaced({ error }: Refusal): TransientError {
  return new TransientError(error.message, { reason: error.reason })
}
