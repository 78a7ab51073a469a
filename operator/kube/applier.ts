// Makes a child as it was asked for, over the version in the store, and writes nothing when it is so already.
//
// It is so when the object bears the stamp of this wish and the fingerprint that the server gave back to our own last
// write: server form is compared with server form, so defaults and other spellings cannot cause a loop. An object that
// bears the stamp and was written by another process, or in an earlier term, is taken as right and verified later
// (verifier.ts) by a dry run.
import type { ChildFact } from '#api/facts.ts'
import type { Key } from '#api/key.ts'
import type { Child, Stores, Telemetry, Term } from '#api/ports.ts'
import { orAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { isAbort, messageOf, TransientError } from '#lib/errors.ts'
import type { Fence } from './fence.ts'
import { ownedKeys } from './live-hash.ts'
import { childProjections } from './child-projections.ts'
import type { Stamps } from './stamps.ts'
import { isStamp } from './stamps.ts'
import { storeAnswer, storeRemoval, targetOf } from './targets.ts'
import { createRepairs } from './repairs.ts'
import { createVerifier } from './verifier.ts'
import { isForeignForm, isRolling, takenOver, takeOverPatch } from './take-over.ts'
import { asDryRun, changeCall, dropCall, imagesOf, takeOverCall, type WriteCall } from './write-calls.ts'
import type { Comparison, Written } from './written.ts'
import type { Wish } from './wish.ts'
import { wishOf } from './wish.ts'

export interface Applier {
  apply(child: Child, over: ChildFact, term: Term): Promise<Applied>
  /** Resolves when no verification is under way. */
  settled(signal: AbortSignal): Promise<void>
}

type Applied = 'unchanged' | 'applied' | 'conflict' | 'gone'

export interface ApplierOptions {
  readonly fence: Fence
  readonly written: Written
  readonly stores: Stores
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly labels: Stamps['labels']
  readonly requeue: (key: Key, afterMs?: number) => void
}

// Its owner is looked at again then, and the object gets another turn.
const VERIFY_AGAIN_MS = 10_000

export function createApplier(options: ApplierOptions): Applier {
  const { written, requeue, telemetry } = options
  const verifier = createVerifier(options.clock, requeue)
  const underWay = new Set<Promise<void>>()

  const repairs = createRepairs(options.clock)
  /** False: not now, and its owner is looked at again later. */
  const mayRepair = ({ child, over }: Work): boolean => {
    const waitMs = repairs.waitMs(over.uid)
    if (waitMs > 0 && over.owner !== undefined) requeue(over.owner, waitMs)
    if (waitMs > 0) return false
    const { kind, namespace, name } = child
    if (repairs.made(over.uid))
      telemetry.log.warn('somebody else keeps changing an object, repairing it less often', { kind, namespace, name })
    return true
  }
  return {
    apply: async (child, over, term) => {
      const work = { child, wish: wishOf(child), over }
      switch (comparison(written, work, term)) {
        case 'same':
          return 'unchanged'
        case 'different':
          if (bearsStamp(work) && !mayRepair(work)) return 'unchanged'
          return await change(options, work, term)
        case 'unknown':
          if (verifier.isTurnOf(over, term)) {
            const verification = verify(options, work, term).finally(() => underWay.delete(verification))
            underWay.add(verification)
          }
          return 'unchanged'
      }
    },
    settled: async (signal) => {
      await orAbort(Promise.all(underWay), signal)
    },
  }
}

/** Never rejects: what it finds out leads to another look. */
async function verify(options: ApplierOptions, work: Work, term: Term): Promise<void> {
  const { telemetry } = options
  const { kind, namespace, name } = work.child
  const again = (afterMs: number): void => {
    if (work.over.owner !== undefined) options.requeue(work.over.owner, afterMs)
  }
  try {
    if ((await verified(options, work, term)) === 'conflict') again(0)
  } catch (error) {
    if (term.signal.aborted) return
    const fields = { kind, namespace, name, error: messageOf(error) }
    const isRefused = !isAbort(error) && !(error instanceof TransientError)
    if (isRefused) return telemetry.log.warn('object not verified', fields)
    telemetry.log.debug('object not verified, trying again later', fields)
    again(error instanceof TransientError ? Math.max(VERIFY_AGAIN_MS, error.retryAfterMs ?? 0) : VERIFY_AGAIN_MS)
  }
}

function comparison(written: Written, { child, wish, over }: Work, term: Term): Comparison {
  if (!bearsStamp({ child, wish, over })) return 'different'
  const found = written.compare(over, wish.whole, term)
  return found === 'unknown' && over.kind === 'Pod' && isVisiblyOff(child, over) ? 'different' : found
}

/** It is what was asked for, apart from what somebody else has changed since. */
function bearsStamp({ child, wish, over }: Work): boolean {
  const isOrphan = over.controller === undefined && child.object.metadata.ownerReferences.length > 0
  return !isOrphan && over.applied === wish.applied
}

/** The stamp of a Pod covers its spec alone; what has changed beside it shows in the fact. */
function isVisiblyOff(child: Child, over: Extract<ChildFact, { kind: 'Pod' }>): boolean {
  const { labels } = child.object.metadata
  const images = [...imagesOf(child.object.spec, 'containers'), ...imagesOf(child.object.spec, 'initContainers')]
  return (
    Object.keys(labels).some((key) => over.labels[key] !== labels[key]) ||
    images.some(({ name, image }) => (over.images[name] ?? image) !== image)
  )
}

/** One child, what is asked of it, and the version to change. */
interface Work {
  readonly child: Child
  readonly wish: Wish
  readonly over: ChildFact
}

type Tools = Pick<ApplierOptions, 'fence' | 'written' | 'stores' | 'labels'>

async function change(tools: Tools, work: Work, term: Term): Promise<Applied> {
  if (!isForeignForm(work.over) && !isRolling(work.over)) return await write(tools, work, term)
  const prepared = await prepare(tools, work, term)
  return typeof prepared === 'string' ? prepared : await write(tools, { ...work, over: prepared }, term)
}

/** The object in a form that can be applied. A crash after it is no harm: the next look goes on from there. */
async function prepare({ fence, stores }: Tools, { child, over }: Work, term: Term): Promise<ChildFact | Applied> {
  const send = (patch: object, change = (call: WriteCall) => call) =>
    fence.send(change(takeOverCall(over, patch)), targetOf(stores, child, over), term)
  let managedFields: readonly unknown[] | undefined
  if (isForeignForm(over)) {
    // A dry run that changes nothing reads the books of the very version that is decided on.
    const read = await send({}, asDryRun)
    if (read.type !== 'ok') return read.type
    managedFields = takenOver(read.object)
  }
  const patch = takeOverPatch(over, managedFields)
  if (Object.keys(patch).length === 0) return over
  const answer = await send(patch)
  if (answer.type !== 'ok') return answer.type
  return storeAnswer(stores, child.kind, answer.object) ?? over
}

async function write(tools: Tools, { child, wish, over }: Work, term: Term): Promise<Applied> {
  const { fence, stores, labels, written } = tools
  const call = changeCall(child, over, { labels, epoch: term.epoch, applied: wish.applied })
  const answer = await fence.send(call, targetOf(stores, child, over), term)
  if (answer.type === 'conflict') return 'conflict'
  if (answer.type === 'gone') {
    storeRemoval(stores, over)
    return 'gone'
  }
  const fact = storeAnswer(stores, child.kind, answer.object)
  if (fact === undefined) return 'applied'
  const drop = leftovers(child, labels, answer.object)
  if (drop !== undefined) return await dropFrom(tools, { child, wish, over: fact, ...drop }, term)
  written.remember(fact, wish.whole, term)
  return 'applied'
}

interface Leftovers {
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
}

/** Labels and annotations that are ours and not wished any more. An apply has taken them off already, a patch has not. */
function leftovers(child: Child, replica: Stamps['labels'], object: unknown): Leftovers | undefined {
  if (child.kind !== 'Pod' && child.kind !== 'PersistentVolumeClaim') return undefined
  const { metadata } = child.object
  const labels = ownedKeys(object, 'labels').filter((key) => !(key in metadata.labels) && !(key in replica))
  const annotations = ownedKeys(object, 'annotations').filter((key) => !(key in metadata.annotations) && !isStamp(key))
  return labels.length === 0 && annotations.length === 0 ? undefined : { labels, annotations }
}

async function dropFrom(tools: Tools, { child, wish, over, ...drop }: Work & Leftovers, term: Term): Promise<Applied> {
  const { fence, stores, written } = tools
  const answer = await fence.send(dropCall(over, drop.labels, drop.annotations), targetOf(stores, child, over), term)
  if (answer.type !== 'ok') return answer.type
  const fact = storeAnswer(stores, child.kind, answer.object)
  if (fact !== undefined) written.remember(fact, wish.whole, term)
  return 'applied'
}

/** A dry run tells what an apply would make of the object; only if that differs from what is there, it is applied. */
async function verified(tools: Tools, work: Work, term: Term): Promise<Applied> {
  const { fence, stores, labels, written } = tools
  const { child, wish, over } = work
  if (isRolling(over)) return await change(tools, work, term)
  const call = asDryRun(changeCall(child, over, { labels, epoch: term.epoch, applied: wish.applied }))
  const answer = await fence.send(call, targetOf(stores, child, over), term)
  if (answer.type !== 'ok') return answer.type
  const wouldBe = childProjections[child.kind](answer.object)
  const isRight = wouldBe?.liveHash === over.liveHash && leftovers(child, labels, answer.object) === undefined
  if (!isRight) return await change(tools, work, term)
  written.remember(over, wish.whole, term)
  return 'unchanged'
}
