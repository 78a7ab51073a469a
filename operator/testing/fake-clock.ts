// A clock that moves only when a test says so. Timers run in the order in which they fall due, then in which they were
// made; after each one all microtasks run, so what a timer set in motion has settled before the next one fires.
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'
import { AbortError } from '#lib/errors.ts'
import { onAbort } from '#lib/abort.ts'

export interface FakeClock extends Clock {
  /** Lets `ms` pass: runs each timer that falls due, at its own time. 0 only lets promises settle. */
  advance(ms: number): Promise<void>
  /** Jumps to the next timer and runs it; false when there is none. */
  advanceToNext(): Promise<boolean>
  /** The machine sleeps: boot time and wall clock go on, monotonic time and timers stand still. */
  suspend(ms: number): void
  /** Somebody sets the wall clock. */
  setWall(ms: number): void
  /** Timers that have not fired. */
  pending(): number
}

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly act: () => void
}

export interface FakeClockOptions {
  /** Wall clock at start, ms since 1970. */
  readonly nowMs?: number
}

export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  const timers = new Set<Timer>()
  let wallOffsetMs = options.nowMs ?? 1_767_268_800_000 // 2026-01-01T12:00:00Z
  let suspendedMs = 0
  let monotonicMs = 0
  let made = 0

  const schedule = (ms: number, act: () => void): Disposable => {
    const timer = { dueMs: monotonicMs + Math.max(0, ms), order: made, act }
    made += 1
    timers.add(timer)
    return { [Symbol.dispose]: () => void timers.delete(timer) }
  }
  const advance = async (ms: number): Promise<void> => {
    const untilMs = monotonicMs + ms
    await settle()
    for (let timer = nextOf(timers); timer !== undefined && timer.dueMs <= untilMs; timer = nextOf(timers)) {
      timers.delete(timer)
      monotonicMs = Math.max(monotonicMs, timer.dueMs)
      timer.act()
      await settle()
    }
    monotonicMs = untilMs
  }
  return {
    now: () => wallOffsetMs + monotonicMs + suspendedMs,
    monotonicMs: () => monotonicMs,
    bootMs: () => monotonicMs + suspendedMs,
    schedule,
    sleep: (ms, signal) => sleepOn(schedule, ms, signal),
    advance,
    advanceToNext: async () => {
      await settle()
      const timer = nextOf(timers)
      if (timer === undefined) return false
      await advance(Math.max(0, timer.dueMs - monotonicMs))
      return true
    },
    suspend: (ms) => {
      suspendedMs += ms
    },
    setWall: (ms) => {
      wallOffsetMs = ms - monotonicMs - suspendedMs
    },
    pending: () => timers.size,
  }
}

/** Resolves when every promise that can go on without time or I/O has gone on. */
export async function settle(): Promise<void> {
  await setImmediate()
}

function nextOf(timers: ReadonlySet<Timer>): Timer | undefined {
  let next: Timer | undefined
  for (const timer of timers) {
    if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order))
      next = timer
  }
  return next
}

async function sleepOn(schedule: Clock['schedule'], ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new AbortError()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  using _timer = schedule(ms, resolve)
  using _listener = onAbort(signal, () => reject(new AbortError()))
  await promise
}
