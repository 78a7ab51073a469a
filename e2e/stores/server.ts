// A server of a story: started, known to let clients in, killed and started anew.
import { readFile } from 'node:fs/promises'
import { systemClock } from '#lib/clock.ts'
import { startProcess, type ManagedProcess, type ProcessSpec } from '../cluster/process.ts'

export interface StoreServer extends AsyncDisposable {
  readonly port: number
  /** Of the server that runs now. */
  process(): ManagedProcess
  /** Kills what runs and starts anew. */
  restart(): Promise<void>
}

const START_MS = 30_000

/** `isReady`: whether clients are let in. Throws with the log when the process ends first. */
export async function startServer(
  port: number,
  spec: ProcessSpec,
  isReady: (port: number) => Promise<boolean>,
): Promise<StoreServer> {
  const start = async (): Promise<ManagedProcess> => {
    const started = await startProcess(spec)
    const signal = AbortSignal.timeout(START_MS)
    while (!(await isReady(port))) {
      if (!started.isRunning()) throw new Error(`${spec.name} ended: ${await readFile(started.logPath, 'utf8')}`)
      await systemClock.sleep(20, signal)
    }
    return started
  }
  let running = await start()
  return {
    port,
    process: () => running,
    restart: async () => {
      await running.kill()
      running = await start()
    },
    // Nobody needs its data any more.
    [Symbol.asyncDispose]: () => running.kill(),
  }
}
