// Carries out a plan, in order, through the writer. It promises to stop at the first answer that shows that the world is
// not as it was seen, and to report refusals as findings instead of throwing them; a refusal stops the rest, except for
// claims, each of which stands alone. It does not decide again: whoever called looks again and plans anew.
import type { ChildFact, CrFact, PodFact, PodRef } from '#api/facts.ts'
import type { Child, Found, Reader, Store, Stores, Term, Writer } from '#api/ports.ts'
import { AbortError, TerminalError, TransientError } from '#lib/errors.ts'
import { describeStranger, isLabelledForAnother, judge } from '#workloads/parts/owner.ts'
import type { Findings } from '#workloads/workload.ts'
import type { Action } from './plan.ts'
import { fitsAlone } from './quota.ts'

export interface ExecuteDeps {
  readonly stores: Stores
  readonly writer: Writer
  readonly reader: Reader
}

type Execution =
  | { readonly type: 'done' }
  /** Someone else moved first, or a name is not free yet. */
  | { readonly type: 'moved'; readonly afterMs: number }
  /** The findings say what stands in the way; nothing that is under our control will change it. */
  | { readonly type: 'refused' }
  /** Worth another try with back-off. */
  | { readonly type: 'failed'; readonly error: Error; readonly atLeastMs?: number }

export interface Executed {
  readonly outcome: Execution
  readonly findings: Findings
  /** Objects that got an owner. */
  readonly adopted: readonly string[]
  /** Writes that reached the server. */
  readonly writes: number
}

// The event about what moved brings the workload back within milliseconds; these are for the case that none comes.
const MOVED_MS = 1000
const NAME_ENDING_MS = 30_000
// An object without our labels is not watched: that it has gone is found out by trying.
const NAME_TAKEN_MS = 60_000
// A quota or a right does not change within milliseconds, and each try is a call.
const REFUSED_MS = 5000
// Kubernetes cuts longer ones before it adds its five characters.
const GENERATE_NAME_LIMIT = 58

const done: Execution = { type: 'done' }
const moved: Execution = { type: 'moved', afterMs: MOVED_MS }

/** Throws AbortError when the signal fires, and what is neither a refusal nor transient. */
export async function execute(
  actions: readonly Action[],
  cr: CrFact,
  context: { readonly deps: ExecuteDeps; readonly term: Term },
  signal: AbortSignal,
): Promise<Executed> {
  const run = new Run(cr, context.deps, context.term, signal)
  let result: Step = { outcome: done }
  for (const action of actions) {
    if (signal.aborted) throw new AbortError()
    const step = await run.attempt(action)
    result = both(result, step)
    if (step.outcome.type !== 'done' && !isRefusedClaim(action, step)) break
  }
  return run.result(result)
}

interface Step {
  readonly outcome: Execution
  readonly findings?: Findings
}

/** Claims depend on nothing and come last: what is refused of one says nothing about the next. */
function isRefusedClaim(action: Action, { findings }: Step): boolean {
  return action.type === 'claim' && findings?.refused !== undefined
}

/** The first finding is told. Whatever may still change is tried again, also beside what will not. */
function both(first: Step, next: Step): Step {
  if (next.outcome.type === 'done') return first
  if (first.outcome.type === 'done') return next
  return {
    ...(next.outcome.type === 'refused' ? first : next),
    ...(first.findings === undefined ? {} : { findings: first.findings }),
  }
}

/** One pass over a plan, with what it has brought so far. */
class Run {
  readonly #cr: CrFact
  readonly #deps: ExecuteDeps
  readonly #term: Term
  readonly #signal: AbortSignal
  readonly #adopted: string[] = []
  #writes = 0

  constructor(cr: CrFact, deps: ExecuteDeps, term: Term, signal: AbortSignal) {
    this.#cr = cr
    this.#deps = deps
    this.#term = term
    this.#signal = signal
  }

  result({ outcome, findings = {} }: Step): Executed {
    return { outcome, findings, adopted: this.#adopted, writes: this.#writes }
  }

  async attempt(action: Action): Promise<Step> {
    try {
      return await this.#carryOut(action)
    } catch (error) {
      if (error instanceof TerminalError) return refusal(action, error)
      if (error instanceof TransientError) return { outcome: failureOf(error) }
      throw error
    }
  }

  async #carryOut(action: Action): Promise<Step> {
    const { writer } = this.#deps
    switch (action.type) {
      case 'try':
        return this.#try(action.child)
      case 'delete':
        return this.#answer(await writer.remove(action.child, graceOf(action), this.#term))
      case 'grant':
        return this.#grant(action.pod)
      case 'ungate':
        return this.#ungate(action.pod)
      case 'create':
        return this.#create(action.child)
      case 'apply':
        return this.#apply(action.child, action.over)
      case 'claim':
        return this.#changeClaim(action.child)
      default:
        return action satisfies never
    }
  }

  async #try(child: Child): Promise<Step> {
    try {
      await this.#deps.writer.tryCreate(child, this.#term)
    } catch (error) {
      // The quota counts the pod that goes first.
      if (!(error instanceof TerminalError) || error.reason !== 'quota' || !fitsAlone(error.message)) throw error
    }
    return { outcome: done }
  }

  #answer(answer: 'removed' | 'granted' | 'open' | 'created' | 'applied' | 'conflict' | 'gone'): Step {
    if (answer === 'conflict' || answer === 'gone') return { outcome: moved }
    this.#writes += 1
    return { outcome: done }
  }

  async #grant(to: PodRef): Promise<Step> {
    // Over the version that the decision was made on: a newer one may hold another grant.
    return this.#answer(await this.#deps.writer.grant(this.#cr, to, this.#term))
  }

  async #ungate(ref: PodRef): Promise<Step> {
    const { stores, writer } = this.#deps
    // The grant as the store has it now: this very plan may have written it.
    const cr = stores.crs[this.#cr.kind].get(this.#cr.namespace, this.#cr.name)
    const pod: PodFact | undefined = stores.children.Pod.get(ref.namespace, ref.name)
    if (cr?.uid !== this.#cr.uid || pod?.uid !== ref.uid) return { outcome: moved }
    return this.#answer(await writer.ungate(pod, cr, this.#term))
  }

  async #apply(child: Child, over: ChildFact): Promise<Step> {
    const answer = await this.#deps.writer.apply(child, over, this.#term)
    if (answer === 'unchanged') return { outcome: done }
    if (answer === 'applied' && over.controller === undefined) this.#adopted.push(`${child.kind} ${child.name}`)
    return this.#answer(answer)
  }

  /** Bound by name, as in every StatefulSet; one that says that it is another workload's is left alone. */
  async #changeClaim(child: Child): Promise<Step> {
    const found = await this.#find(child)
    if (found.type === 'absent' || found.fact.deleting) return { outcome: done }
    if (isLabelledForAnother(found.fact, this.#cr)) return { outcome: done }
    const answer = await this.#deps.writer.apply(child, found.fact, this.#term)
    return answer === 'unchanged' ? { outcome: done } : this.#answer(answer)
  }

  /** From the store, else by one live read. */
  async #find({ kind, namespace, name }: Child): Promise<Found> {
    const store: Store<ChildFact> = this.#deps.stores.children[kind]
    const known = store.get(namespace, name)
    if (known !== undefined) return { type: 'found', fact: known, fieldManager: '' }
    return await this.#deps.reader.read(kind, namespace, name, this.#signal)
  }

  async #create(child: Child): Promise<Step> {
    const answer = await this.#deps.writer.create(child, this.#term)
    return answer === 'created' ? this.#answer(answer) : this.#meet(child)
  }

  /** The name is taken: by whom decides what comes next. */
  async #meet(child: Child): Promise<Step> {
    const found = await this.#find(child)
    if (found.type === 'absent') return { outcome: moved }
    const { fact } = found
    // A run made by a leader before us: its event has not come yet.
    if (isMadeAsAsked(child, fact)) return this.#known(fact)
    const whose = judge(fact, this.#cr)
    if (whose === 'stranger') return taken(child, describeStranger(fact, found.fieldManager))
    this.#known(fact)
    if (whose === 'predecessor' || fact.deleting) return { outcome: { type: 'moved', afterMs: NAME_ENDING_MS } }
    // What is asked of these depends on what they are; the next look finds them by their name.
    if (fact.kind === 'StatefulSet' || fact.kind === 'Service') return { outcome: moved }
    // At once: without the labels /kind and /name (Go version) the next look would not find it either.
    return this.#apply(child, fact)
  }

  /** From now on, so that the event of its end is one of this workload. */
  #known(fact: ChildFact): Step {
    const store: Store<ChildFact> = this.#deps.stores.children[fact.kind]
    if (!store.sawDeleted(fact.uid)) store.wrote(fact)
    return { outcome: moved }
  }
}

/** A grandchild: controlled by the very child that was to control it. */
function isMadeAsAsked({ kind, object }: Child, { controller }: ChildFact): boolean {
  return kind === 'Job' && controller?.uid === object.metadata.ownerReferences[0]?.uid
}

function graceOf({ gracePeriodSeconds }: Extract<Action, { readonly type: 'delete' }>) {
  return gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }
}

function taken({ kind, name }: Child, by: string): Step {
  return { outcome: { type: 'moved', afterMs: NAME_TAKEN_MS }, findings: { taken: { kind, name, by } } }
}

/**
 * Invalid stays invalid until the spec changes. A quota, a right or a missing ServiceAccount may change any time and
 * no event tells of it, so those are tried again.
 */
function refusal(action: Action, error: TerminalError): Step {
  const child = 'child' in action ? action.child : { kind: 'Pod' as const, name: action.pod.name }
  const reason = reasonOf(error)
  const sentence = action.type === 'try' ? underItsName(error.message, child.name) : error.message
  const findings = { refused: { kind: child.kind, name: child.name, reason, sentence } }
  return {
    outcome: reason === 'invalid' ? { type: 'refused' } : { type: 'failed', error, atLeastMs: REFUSED_MS },
    findings,
  }
}

/** A generated name differs with every try, and the sentence is stored. */
function underItsName(sentence: string, name: string): string {
  const generated = new RegExp(`"${`${name}-`.slice(0, GENERATE_NAME_LIMIT)}[a-z0-9]{5}"`, 'g')
  return sentence.replaceAll(generated, `"${name}"`)
}

function reasonOf({ reason }: TerminalError): 'invalid' | 'forbidden' | 'quota' {
  if (reason === 'quota') return 'quota'
  return reason === 'forbidden' || reason === 'unauthorized' ? 'forbidden' : 'invalid'
}

function failureOf(error: TransientError): Execution {
  const { retryAfterMs } = error
  return { type: 'failed', error, ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }) }
}
