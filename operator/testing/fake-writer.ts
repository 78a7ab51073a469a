// A writer and a reader over fake stores: an API server as far as the engine can tell. It checks preconditions, answers
// 409 for names that are taken, and counts each call. Objects in `hidden` exist on the server only. It imitates no
// controller: pods that are deleted stay until `finish` is called.
import { appliedHash } from '#api/child.ts'
import type { ChildFact, CrFact } from '#api/facts.ts'
import type { Key } from '#api/key.ts'
import { isKindName, keyOf, partsOf } from '#api/key.ts'
import { annotation, GRANT_GATE, label } from '#api/labels.ts'
import type { Child, Found, Reader, StatusPatch, Term, Writer } from '#api/ports.ts'
import { statusTextOf } from '#api/status-text.ts'
import { orAbort } from '#lib/abort.ts'
import { AbortError } from '#lib/errors.ts'
import { build } from './arbitraries.ts'
import type { FakeStores } from './fake-stores.ts'

type Verb = 'try' | 'create' | 'apply' | 'remove' | 'grant' | 'ungate' | 'status' | 'read'

export interface FakeApi {
  readonly writer: Writer
  readonly reader: Reader
  /** Each call that reached the server, in order: `create Pod/report-pod`. A dropped no-op is no call. */
  readonly calls: readonly string[]
  forgetCalls(): void
  /** Objects that the stores do not show. */
  readonly hidden: ChildFact[]
  /** The next calls of this verb throw, one error each, before anything is changed. */
  fail(verb: Verb, ...errors: readonly Error[]): void
  /** The n-th write from now on lands; its answer and everything after it is lost. */
  crashAfter(writes: number): void
  /** Kubelets and garbage collection catch up: what is being deleted goes. */
  finish(): void
  /** Each write waits for this. */
  hold(until: Promise<void>): void
}

export function createFakeApi(stores: FakeStores): FakeApi {
  return new Server(stores)
}

class Server implements FakeApi {
  readonly calls: string[] = []
  readonly hidden: ChildFact[] = []
  readonly #stores: FakeStores
  readonly #errors = new Map<Verb, Error[]>()
  #writesLeft = Number.POSITIVE_INFINITY
  #held: Promise<void> = Promise.resolve()

  constructor(stores: FakeStores) {
    this.#stores = stores
  }

  readonly reader: Reader = {
    read: async (kind, namespace, name): Promise<Found> => {
      this.#arrive('read', `${kind}/${name}`)
      await Promise.resolve()
      const fact = this.#find(kind, namespace, name)
      return fact === undefined ? { type: 'absent' } : { type: 'found', fact, fieldManager: 'helm' }
    },
  }

  readonly writer: Writer = {
    tryCreate: (child, term) => this.#write('try', child, term, () => undefined),
    create: (child, term) =>
      this.#write('create', child, term, () => {
        if (this.#find(child.kind, child.namespace, child.name) !== undefined) return 'exists'
        this.#stores.see(this.#made(child, term))
        return 'created'
      }),
    apply: (child, over, term) => {
      const isOwned = over.controller !== undefined || child.object.metadata.ownerReferences.length === 0
      if (over.applied === appliedHash(child) && isOwned) return Promise.resolve('unchanged')
      return this.#change('apply', over, term, (live) => {
        // The spec of a Pod is fixed: what it was made from stays on it.
        const applied = live.kind === 'Pod' && live.applied !== '' ? { applied: live.applied } : {}
        this.#stores.see({ ...live, ...this.#stamps(child, term), ...enlarged(child), ...applied })
        return 'applied' as const
      })
    },
    remove: (fact, how, term) =>
      this.#change('remove', fact, term, (live) => {
        const ending = { ...live, deleting: true, resourceVersion: this.#stores.nextVersion() }
        const hasGrace = how.gracePeriodSeconds === undefined
        if (live.kind === 'Pod' && live.phase === 'Running' && hasGrace) this.#stores.see(ending)
        else this.#stores.lose(live)
        return 'removed' as const
      }),
    grant: (over, to, term) =>
      this.#write('grant', to, term, () => {
        const live = this.#stores.crs[over.kind].get(over.namespace, over.name)
        if (live?.resourceVersion !== over.resourceVersion) return 'conflict'
        const grant = { pod: to.name, uid: to.uid, epoch: Number(term.epoch), token: Number(term.nextToken()) }
        this.#putStatus(live, { ...parse(statusTextOf(live)), grant })
        return 'granted'
      }),
    ungate: (pod, cr, term) =>
      this.#change('ungate', pod, term, (live) => {
        if (!statusTextOf(cr).includes(pod.uid)) return 'conflict'
        if (live.kind === 'Pod')
          this.#stores.see({ ...live, gated: false, resourceVersion: this.#stores.nextVersion() })
        return 'open' as const
      }),
    status: (key, status, term) => this.#status(key, status, term),
    room: () => Promise.resolve(),
    flush: () => {
      this.calls.push('flush')
      return Promise.resolve()
    },
  }

  fail(verb: Verb, ...errors: readonly Error[]): void {
    this.#errors.set(verb, [...(this.#errors.get(verb) ?? []), ...errors])
  }

  crashAfter(writes: number): void {
    this.#writesLeft = writes
  }

  hold(until: Promise<void>): void {
    this.#held = until
  }

  forgetCalls(): void {
    this.calls.length = 0
  }

  finish(): void {
    for (const fact of this.#stores.allChildren()) {
      if (fact.deleting) this.#stores.lose(fact)
    }
  }

  #find(kind: ChildFact['kind'], namespace: string, name: string): ChildFact | undefined {
    const isIt = (fact: ChildFact): boolean => fact.kind === kind && fact.namespace === namespace && fact.name === name
    return this.hidden.find(isIt) ?? this.#stores.children[kind].get(namespace, name)
  }

  #arrive(verb: Verb, what: string): void {
    if (this.#writesLeft <= 0) throw new AbortError('crashed')
    this.calls.push(`${verb} ${what}`)
    const error = this.#errors.get(verb)?.shift()
    if (error !== undefined) throw error
  }

  async #write<T>(
    verb: Verb,
    what: { readonly kind?: string; readonly name: string },
    term: Term,
    act: () => T,
  ): Promise<T> {
    if (term.signal.aborted) throw new AbortError()
    this.#arrive(verb, `${what.kind ?? 'Pod'}/${what.name}`)
    await orAbort(this.#held, term.signal)
    const answer = act()
    this.#land()
    return answer
  }

  #land(): void {
    this.#writesLeft -= 1
    if (this.#writesLeft <= 0) throw new AbortError('crashed')
  }

  #change<T>(verb: Verb, over: ChildFact, term: Term, act: (live: ChildFact) => T): Promise<T | 'conflict' | 'gone'> {
    return this.#write(verb, over, term, () => {
      const live = this.#find(over.kind, over.namespace, over.name)
      if (live === undefined || live.uid !== over.uid) return 'gone'
      return live.resourceVersion === over.resourceVersion ? act(live) : 'conflict'
    })
  }

  #made(child: Child, term: Term): ChildFact {
    const uid = `uid-${child.kind}-${child.name}-${this.#stores.nextVersion()}`
    const fact = build(child.kind, { name: child.name, uid }, { phase: 'Running', anyRunning: false })
    const made = { ...fact, ...this.#stamps(child, term) }
    const spec = JSON.stringify(child.object.spec)
    if (made.kind === 'Service' && spec.includes('"clusterIP":"None"')) return { ...made, clusterIp: 'None' }
    if (made.kind !== 'Pod') return made
    const { main: _none, ...pending } = made
    const gated = spec.includes(GRANT_GATE)
    return {
      ...pending,
      phase: 'Pending',
      ready: false,
      gated,
      token: child.takesToken ? String(term.nextToken()) : '',
    }
  }

  #stamps(child: Child, term: Term) {
    const { labels, annotations, ownerReferences } = child.object.metadata
    const [controller] = ownerReferences
    const kind = labels[label.kind]
    return {
      namespace: child.namespace,
      resourceVersion: this.#stores.nextVersion(),
      labels,
      ...(isKindName(kind) ? { owner: keyOf(kind, child.namespace, labels[label.name] ?? '') } : {}),
      ...(controller === undefined ? {} : { controller }),
      applied: appliedHash(child),
      builder: annotations[annotation.builder] ?? '',
      epoch: term.epoch,
      ...restartOf(child),
      ...suspensionOf(child),
    }
  }

  #status(key: Key, status: StatusPatch, term: Term): void {
    const { kind, namespace, name } = partsOf(key)
    const live = this.#stores.crs[kind].get(namespace, name)
    if (live === undefined || term.signal.aborted || this.#writesLeft <= 0) return
    const stored = parse(statusTextOf(live))
    if (core(stored) === core(status)) return
    this.calls.push(`status ${kind}/${name}`)
    this.#writesLeft -= 1
    this.#putStatus(live, { ...status, ...('grant' in stored ? { grant: stored['grant'] } : {}) })
  }

  #putStatus(live: CrFact, status: object): void {
    this.#stores.see({ ...live, status: JSON.stringify(status), resourceVersion: this.#stores.nextVersion() })
  }
}

/** As the projections find it: on a pod, or in the template of pods. */
function restartOf({ kind, object }: Child): { readonly restartedAt?: string } {
  const found = new RegExp(`"${annotation.restartedAt}":"([^"]*)"`).exec(JSON.stringify(object))?.[1]
  return found === undefined || !['Pod', 'Deployment', 'StatefulSet'].includes(kind) ? {} : { restartedAt: found }
}

function suspensionOf({ kind, object }: Child): { readonly suspended?: boolean } {
  return kind === 'CronJob' && 'suspend' in object.spec ? { suspended: object.spec.suspend === true } : {}
}

/** The status without what a change of leader or the clock alone would change. */
function core(status: object): string {
  const { grant: _grant, leader: _leader, ...rest } = parse(JSON.stringify(status))
  return JSON.stringify(rest, (name, value: unknown) => (name === 'lastTransitionTime' ? '' : value))
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** A claim takes the size that is asked for. */
function enlarged(child: Child): object {
  const size = /"storage":"([^"]+)"/.exec(JSON.stringify(child.object.spec))?.[1]
  return child.kind === 'PersistentVolumeClaim' && size !== undefined ? { requested: size } : {}
}
