// A cluster in virtual time: one API server with the fence, replicas that run the real elector over the real lease
// store, and faults. Everything random comes from one seed, so a schedule can be run again and shrunk.
import type { Term } from '#api/ports.ts'
import { aborted, onAbort } from '#lib/abort.ts'
import { AbortError, TransientError } from '#lib/errors.ts'
import { createElector } from '#leader/elector.ts'
import { leaseAnnotation } from '#leader/lease-record.ts'
import { createLeaseLockStore } from '#leader/lease-lock-store.ts'
import { openTerm } from '#leader/term.ts'
import type { OpenTerm } from '#leader/term.ts'
import { createFakeLeases } from './fake-leases.ts'
import type { FakeLeases, Network } from './fake-leases.ts'
import { fakeTelemetry } from './fake-telemetry.ts'
import { createSimulatedTime } from './simulated-time.ts'
import type { Machine, SimulatedTime } from './simulated-time.ts'

/** How late a request may arrive. */
const LATEST_MS = 12_000
const TIMINGS = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 } as const

export const faultTypes = [
  'pause',
  'suspend',
  // Pauses at the worst moment: between the commit of the next call and its answer.
  'pause-in-call',
  'suspend-in-call',
  'wall',
  'crash',
  'shutdown',
  'lose-requests',
  'lose-answers',
  'slow',
  'refuse',
  'delete',
  'annotate',
  'step-down',
  'outage',
] as const
type FaultType = (typeof faultTypes)[number]

export interface Fault {
  readonly type: FaultType
  readonly replica: number
  readonly atMs: number
  readonly ms: number
}

export interface Schedule {
  readonly seed: number
  readonly replicas: number
  readonly faults: readonly Fault[]
  readonly untilMs: number
}

interface SeenTerm {
  readonly replica: number
  readonly term: Term
  readonly machine: Machine
  readonly openedAtMs: number
}

export interface Findings {
  /** Broken laws, as sentences. */
  readonly broken: readonly string[]
  readonly terms: readonly SeenTerm[]
  /** When the fence was released, in real time. */
  readonly releasedAtMs: readonly number[]
  /** Somebody led at the end. */
  readonly hasLeader: boolean
}

export async function simulate(schedule: Schedule, open: OpenTerm = openTerm): Promise<Findings> {
  const world = new World(schedule, open)
  return await world.run()
}

interface Place {
  readonly machine: Machine
  /** Ends the process in good order. */
  readonly stop: AbortController
  readonly restarts: number
  /** Happens once, between the commit of a call and its answer. */
  inCall: () => void
  readonly disturbedUntilMs: Map<FaultType, number>
}

class World {
  readonly #schedule: Schedule
  readonly #open: OpenTerm
  readonly #time: SimulatedTime = createSimulatedTime()
  readonly #leases: FakeLeases = createFakeLeases()
  readonly #random: () => number
  readonly #places: Place[] = []
  readonly #terms: SeenTerm[] = []
  readonly #broken = new Set<string>()
  readonly #releasedAtMs: number[] = []
  #isReleased = false
  readonly #strikes: Readonly<Record<FaultType, (place: Place, ms: number) => void>> = {
    pause: (place, ms) => place.machine.pause(ms),
    suspend: (place, ms) => place.machine.suspend(ms),
    'pause-in-call': (place, ms) => {
      place.inCall = () => place.machine.pause(ms)
    },
    'suspend-in-call': (place, ms) => {
      place.inCall = () => place.machine.suspend(ms)
    },
    wall: (place, ms) => place.machine.jumpWall((ms - 10_000) * 60),
    crash: (place, ms) => {
      place.machine.kill()
      this.#time.at(this.#time.nowMs() + ms, () => this.#start(this.#places.indexOf(place)))
    },
    shutdown: (place) => this.#time.at(this.#time.nowMs(), () => place.stop.abort(), place.machine),
    'lose-requests': (place, ms) => this.#disturb(place, 'lose-requests', ms),
    'lose-answers': (place, ms) => this.#disturb(place, 'lose-answers', ms),
    slow: (place, ms) => this.#disturb(place, 'slow', ms),
    refuse: (place, ms) => this.#disturb(place, 'refuse', ms),
    delete: () => this.#deleteFence(),
    annotate: () => this.#leases.annotate({ 'example.com/note': String(this.#time.nowMs()) }),
    'step-down': () => this.#askToStepDown(),
    outage: (_place, ms) => {
      this.#outageUntilMs = this.#time.nowMs() + ms
    },
  }
  #outageUntilMs = 0
  /** When there was last no fence. */
  #absentAtMs = 0

  constructor(schedule: Schedule, open: OpenTerm) {
    this.#schedule = schedule
    this.#open = open
    this.#random = randomFrom(schedule.seed)
  }

  async run(): Promise<Findings> {
    for (let replica = 0; replica < this.#schedule.replicas; replica += 1) this.#start(replica)
    for (const fault of this.#schedule.faults) this.#time.at(fault.atMs, () => this.#strike(fault))
    await this.#time.runUntil(this.#schedule.untilMs, () => this.#check())
    return {
      broken: [...this.#broken],
      terms: this.#terms,
      releasedAtMs: this.#releasedAtMs,
      hasLeader: this.#valid().length > 0,
    }
  }

  #start(replica: number): void {
    const restarts = (this.#places[replica]?.restarts ?? -1) + 1
    const place: Place = {
      // ±2.4 %: the ratio of any two stays below 1.05.
      machine: this.#time.machine({
        rate: 0.976 + 0.048 * this.#random(),
        wallMs: this.#random() * 3_600_000,
        hearsFirst: this.#random() < 0.5,
      }),
      stop: new AbortController(),
      restarts,
      inCall: () => undefined,
      disturbedUntilMs: new Map(),
    }
    this.#places[replica] = place
    void this.#live(replica, place)
  }

  /** What operator.ts does with an elector: leads until the term drains, settles, comes back. */
  async #live(replica: number, place: Place): Promise<void> {
    const { clock } = place.machine
    const client = this.#leases.client(this.#network(place))
    const settings = { namespace: 'prod', tenant: 'default', cluster: 'primary', ...TIMINGS }
    const elector = createElector(
      {
        fence: createLeaseLockStore(client, settings, clock),
        settings: { ...settings, id: `r${replica}`, claim: `r${replica}-${place.restarts}`, remainsFollower: false },
        clock,
        telemetry: fakeTelemetry(),
        random: this.#random,
        // Every term has written something, and every replica has seen it.
        highestEpoch: () => this.#terms.at(-1)?.term.epoch ?? 0n,
        synced: async () => undefined,
      },
      this.#open,
    )
    for await (const term of elector.terms(place.stop.signal)) {
      this.#opened(replica, place, term)
      await aborted(term.draining)
      await clock.sleep(this.#random() * 2500, new AbortController().signal)
    }
    await clock.sleep(500, new AbortController().signal)
    this.#start(replica)
  }

  #opened(replica: number, place: Place, term: Term): void {
    const before = this.#terms.at(-1)
    if (before !== undefined && before.term.epoch >= term.epoch)
      this.#broken.add(`epoch ${term.epoch} of r${replica} after ${before.term.epoch} of r${before.replica}`)
    this.#terms.push({ replica, term, machine: place.machine, openedAtMs: this.#time.nowMs() })
  }

  #check(): void {
    if (this.#leases.stored() === undefined) this.#absentAtMs = this.#time.nowMs()
    const isReleased = this.#leases.stored()?.spec.holderIdentity === ''
    if (isReleased && !this.#isReleased) this.#releasedAtMs.push(this.#time.nowMs())
    this.#isReleased = isReleased
    const valid = this.#valid()
    if (valid.length > 1) this.#broken.add(`overlap of epochs ${valid.map(({ term }) => term.epoch).join(' and ')}`)
    for (const { term } of valid) {
      if (term.remainingMs() > TIMINGS.renewDeadlineMs) this.#broken.add(`epoch ${term.epoch} is valid for too long`)
    }
  }

  #valid(): readonly SeenTerm[] {
    const recent = this.#terms.slice(-6)
    return recent.filter(({ term, machine }) => !machine.isDead() && !term.signal.aborted && term.remainingMs() > 0)
  }

  #strike(fault: Fault): void {
    const place = this.#places[fault.replica % this.#places.length]
    if (place !== undefined) this.#strikes[fault.type](place, fault.ms)
  }

  #disturb(place: Place, type: FaultType, ms: number): void {
    place.disturbedUntilMs.set(type, this.#time.nowMs() + ms)
  }

  /**
   * Only when its holder has written something, and no create that was sent before may still be under way: without a
   * stamp nobody can know that a deleted fence was held, and no promise is made for that moment.
   */
  #deleteFence(): void {
    const epoch = BigInt(this.#leases.stored()?.spec.leaseTransitions ?? 0)
    const hasWritten = (this.#terms.at(-1)?.term.epoch ?? 0n) >= epoch
    if (hasWritten && this.#time.nowMs() - this.#absentAtMs > LATEST_MS) this.#leases.remove()
  }

  #askToStepDown(): void {
    const epoch = this.#leases.stored()?.spec.leaseTransitions ?? 0
    this.#leases.annotate({ [leaseAnnotation.stepDown]: String(epoch) })
  }

  #network(place: Place): Network {
    let lastEventMs = 0
    const isUnder = (type: FaultType): boolean => this.#time.nowMs() < (place.disturbedUntilMs.get(type) ?? 0)
    const delayMs = (): number => 2 + this.#random() * (isUnder('slow') ? LATEST_MS : 40)
    return {
      deliver: (event) => {
        const now = this.#time.nowMs()
        const cutUntilMs = Math.max(this.#outageUntilMs, place.disturbedUntilMs.get('lose-answers') ?? 0)
        lastEventMs = Math.max(lastEventMs, now + delayMs(), cutUntilMs)
        this.#time.at(lastEventMs, event, place.machine)
      },
      carry: (commit, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof commit>>()
        onAbort(signal, () => reject(new AbortError()))
        const answer = (act: () => void): void => this.#time.at(this.#time.nowMs() + delayMs(), act, place.machine)
        const refused = (): void => reject(new TransientError('refused', { reason: 'unavailable' }))
        if (isUnder('refuse') || this.#time.nowMs() < this.#outageUntilMs) answer(refused)
        else if (!isUnder('lose-requests'))
          this.#time.at(this.#time.nowMs() + delayMs(), () => {
            const result = commit()
            place.inCall()
            place.inCall = () => undefined
            if (!isUnder('lose-answers')) answer(() => resolve(result))
          })
        return promise
      },
    }
  }
}

/** mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
