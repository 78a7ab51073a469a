// The processes of one control plane: started in order, faulted on request, stopped in reverse order.
import { TerminalError } from '#lib/errors.ts'
import type { Part } from './parts.ts'
import { startProcess, tailOf, type ManagedProcess, type ProcessSpec } from './process.ts'
import { waitUntil } from './wait.ts'

// A cold disk and a busy machine stretch a start of 3 s to ten times that.
const READY_LIMIT_MS = 60_000

export type Fault = 'kill' | 'pause' | 'resume' | 'restart'

export interface PartSpec extends ProcessSpec {
  readonly name: Part
  /** What "ready" means, for the message. */
  readonly readiness: string
  readonly isReady: (signal: AbortSignal) => Promise<boolean>
}

export interface Supervisor {
  /** Resolves when the part is ready; throws TerminalError with the end of its log when it will not be. */
  start(spec: PartSpec, signal: AbortSignal): Promise<void>
  /** restart resolves when the part is ready again, the others when the signal is delivered. */
  fault(part: Part, what: Fault): Promise<void>
  stop(): Promise<void>
}

interface Entry {
  readonly spec: PartSpec
  readonly process: ManagedProcess
}

export function createSupervisor(report: (line: string) => void): Supervisor {
  const entries = new Map<Part, Entry>()
  // Ends that were asked for; any other end is worth a line.
  const expected = new Set<ManagedProcess>()
  const start = async (spec: PartSpec, signal: AbortSignal): Promise<void> => {
    const started = await startProcess(spec)
    entries.set(spec.name, { spec, process: started })
    await waitUntil(spec.isReady, readyWait(spec, started), signal)
    void started.ended.then((how) => {
      if (!expected.has(started)) report(`${spec.name} ended unexpectedly with ${how}; see ${started.logPath}`)
    })
  }
  const end = async (entry: Entry, how: 'kill' | 'stop'): Promise<void> => {
    expected.add(entry.process)
    await entry.process[how]()
  }
  return {
    start,
    fault: async (part, what) => {
      const entry = entries.get(part)
      if (entry === undefined) throw new TerminalError(`${what} ${part}: this control plane runs no ${part}`)
      if (what === 'restart') {
        await end(entry, 'stop')
        return await start(entry.spec, new AbortController().signal)
      }
      if (!entry.process.isRunning())
        throw new TerminalError(`${what} ${part}: it is not running; bring it back with restart`)
      if (what === 'kill') return await end(entry, 'kill')
      if (what === 'pause') return entry.process.pause()
      entry.process.resume()
    },
    stop: async () => {
      for (const entry of [...entries.values()].toReversed()) await end(entry, 'stop')
    },
  }
}

function readyWait(spec: PartSpec, started: ManagedProcess): Parameters<typeof waitUntil>[1] {
  return {
    what: `waiting until ${spec.readiness}`,
    limitMs: READY_LIMIT_MS,
    canStillHappen: () => started.isRunning(),
    hint: async () => `see ${started.logPath}, ${await tailOf(started.logPath)}`,
  }
}
