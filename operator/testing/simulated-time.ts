// One virtual time, and machines whose clocks run in it at their own rate. A machine can be paused (its timers and
// what the network brings it wait, its clocks run on), suspended (its monotonic clock stands still as well), or killed.
import type { Clock } from '#lib/clock.ts'
import { AbortError } from '#lib/errors.ts'
import { onAbort } from '#lib/abort.ts'
import { settle } from './fake-clock.ts'

export interface SimulatedTime {
  nowMs(): number
  /** Runs `act` at a moment of real time; on a machine only while that runs. */
  at(ms: number, act: () => void, machine?: Machine): void
  machine(options: MachineOptions): Machine
  /** Runs everything up to that moment, letting promises settle after each event; `check` runs after each. */
  runUntil(ms: number, check: () => void): Promise<void>
}

interface MachineOptions {
  /** Milliseconds of its clocks per millisecond of real time. */
  readonly rate: number
  readonly wallMs: number
  /** After a pause it hears of the network before its timers; else the other way round. */
  readonly hearsFirst: boolean
}

export interface Machine {
  readonly clock: Clock
  pause(ms: number): void
  suspend(ms: number): void
  jumpWall(ms: number): void
  kill(): void
  isDead(): boolean
}

interface Event {
  atMs: number
  order: number
  readonly act: () => void
  readonly machine: SimulatedMachine | undefined
  readonly isTimer: boolean
}

/** More than the events of one run. */
const EARLIER = 1e9

export function createSimulatedTime(): SimulatedTime {
  return new EventQueue()
}

class EventQueue implements SimulatedTime {
  readonly #events = new Set<Event>()
  #nowMs = 0
  #made = 0

  nowMs(): number {
    return this.#nowMs
  }

  at(ms: number, act: () => void, machine?: Machine): void {
    this.add({ atMs: ms, act, machine: machine instanceof SimulatedMachine ? machine : undefined, isTimer: false })
  }

  add(event: Omit<Event, 'order'>): Disposable {
    const added = { ...event, order: this.#made }
    this.#made += 1
    this.#events.add(added)
    return { [Symbol.dispose]: () => void this.#events.delete(added) }
  }

  machine(options: MachineOptions): Machine {
    return new SimulatedMachine(this, options)
  }

  async runUntil(ms: number, check: () => void): Promise<void> {
    await settle()
    for (let event = this.#next(); event !== undefined && event.atMs <= ms; event = this.#next()) {
      this.#events.delete(event)
      if (event.machine?.isDead() === true) continue
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      const resumesAtMs = event.machine?.resumesAtMs ?? 0
      if (resumesAtMs > this.#nowMs) {
        this.#defer(event, resumesAtMs)
        continue
      }
      event.act()
      await settle()
      check()
    }
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  #defer(event: Event, untilMs: number): void {
    const isEarly = event.machine?.hearsFirst === true && !event.isTimer
    this.#events.add(Object.assign(event, { atMs: untilMs, order: isEarly ? event.order - EARLIER : event.order }))
  }

  delayTimers(machine: SimulatedMachine, ms: number): void {
    for (const event of this.#events) {
      if (event.machine === machine && event.isTimer) event.atMs += ms
    }
  }

  #next(): Event | undefined {
    let next: Event | undefined
    for (const event of this.#events) {
      const isSooner =
        next === undefined || event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order)
      if (isSooner) next = event
    }
    return next
  }
}

class SimulatedMachine implements Machine {
  readonly clock: Clock
  #isDead = false
  resumesAtMs = 0
  readonly hearsFirst: boolean
  readonly #time: EventQueue
  readonly #rate: number
  #wallOffsetMs: number
  #suspendedMs = 0
  #suspendedAtMs: number | undefined

  constructor(time: EventQueue, options: MachineOptions) {
    this.hearsFirst = options.hearsFirst
    this.#time = time
    this.#rate = options.rate
    this.#wallOffsetMs = options.wallMs
    // At least 1 ms, as in Node: with less, rounding could make time stand still.
    const schedule = (ms: number, act: () => void): Disposable =>
      time.add({ atMs: time.nowMs() + Math.max(1, ms) / this.#rate, act, machine: this, isTimer: true })
    this.clock = {
      now: () => this.#wallOffsetMs + time.nowMs() * this.#rate,
      monotonicMs: () => this.#monotonicMs(),
      bootMs: () => time.nowMs() * this.#rate,
      schedule,
      sleep: async (ms, signal) => {
        if (signal.aborted) throw new AbortError()
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        using _timer = schedule(ms, resolve)
        using _listener = onAbort(signal, () => reject(new AbortError()))
        await promise
      },
    }
  }

  pause(ms: number): void {
    this.resumesAtMs = Math.max(this.resumesAtMs, this.#time.nowMs() + ms)
  }

  suspend(ms: number): void {
    if (this.resumesAtMs > this.#time.nowMs()) return
    this.pause(ms)
    this.#time.delayTimers(this, ms)
    this.#suspendedAtMs = this.#time.nowMs()
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  kill(): void {
    this.#isDead = true
  }

  isDead(): boolean {
    return this.#isDead
  }

  #monotonicMs(): number {
    const nowMs = this.#time.nowMs()
    if (this.#suspendedAtMs !== undefined && nowMs >= this.resumesAtMs) {
      this.#suspendedMs += this.resumesAtMs - this.#suspendedAtMs
      this.#suspendedAtMs = undefined
    }
    const runsUntilMs = this.#suspendedAtMs ?? nowMs
    return (runsUntilMs - this.#suspendedMs) * this.#rate
  }
}
