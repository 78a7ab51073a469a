// One operator as a process of its own, as users run it: configured by flags and environment, watched through its
// HTTP endpoints and its log file.
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

export interface OperatorOptions {
  readonly kubeconfig: string
  readonly port: number
  /** Where its output goes; kept after it has ended. */
  readonly logFile: string
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Pins the process to this core (taskset). */
  readonly cpu?: number
  /** What Node runs, with its own flags before it. Left out: the sources. */
  readonly program?: readonly string[]
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number
  /** http://127.0.0.1:<port> */
  readonly url: string
  readonly logFile: string
  readonly exited: Promise<Exit>
  send(signal: NodeJS.Signals): void
  /** Resolves when /readyz says yes. Throws with the last answer and the log path when the process ends first. */
  ready(signal: AbortSignal): Promise<void>
  /** Resolves when it holds the term. */
  leading(signal: AbortSignal): Promise<void>
  log(): Promise<string>
}

export function startOperator(options: OperatorOptions): OperatorProcess {
  const child = launch(options)
  // A test run that ends in the middle leaves no operator behind.
  const onExit = (): boolean => child.kill('SIGKILL')
  process.once('exit', onExit)
  child.once('exit', () => process.off('exit', onExit))
  const url = `http://127.0.0.1:${options.port}`
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    })
  })
  const until = async (what: string, holds: () => Promise<string>, signal: AbortSignal): Promise<void> => {
    let last = 'no answer'
    while (!signal.aborted) {
      if (exit !== undefined)
        throw new Error(`the operator ended (${describe(exit)}) before it was ${what}: ${await tail(options.logFile)}`)
      last = await holds().catch(messageOf)
      if (last === '') return
      await systemClock.sleep(50, signal).catch(() => undefined)
    }
    throw new Error(`the operator was not ${what} in time: ${last}. Its log: ${options.logFile}`)
  }
  return {
    pid: child.pid ?? 0,
    url,
    logFile: options.logFile,
    exited,
    send: (signal) => {
      child.kill(signal)
    },
    ready: (signal) => until('ready', async () => await complaint(await fetch(`${url}/readyz`)), signal),
    leading: (signal) => until('leading', async () => await notLeading(url), signal),
    log: () => readFile(options.logFile, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      if (exit !== undefined) return
      child.kill('SIGTERM')
      const killer = systemClock.schedule(15_000, () => child.kill('SIGKILL'))
      await exited
      killer[Symbol.dispose]()
    },
  }
}

function launch(options: OperatorOptions): ChildProcess {
  const command = [
    ...(options.cpu === undefined ? [] : ['taskset', '-c', String(options.cpu)]),
    process.execPath,
    ...(options.program ?? [path.join(ROOT, 'operator/main.ts')]),
    '--kubeconfig',
    options.kubeconfig,
    '--port',
    String(options.port),
    ...(options.flags ?? []),
  ]
  const [program = '', ...parameters] = command
  const child = spawn(program, parameters, {
    cwd: ROOT,
    env: { ...inherited(), HIGHLANDER_LOG_FORMAT: 'json', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(options.logFile, { flags: 'a' })
  child.stdout?.pipe(log, { end: false })
  child.stderr?.pipe(log, { end: false })
  return child
}

/** Settings of the caller must not change what is tested. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('HIGHLANDER_') && name !== 'KUBECONFIG'),
  )
}

async function complaint(response: Response): Promise<string> {
  return response.ok ? '' : await response.text()
}

async function notLeading(url: string): Promise<string> {
  const response = await fetch(`${url}/status`)
  const body: unknown = await response.json()
  return JSON.stringify(body).includes('"isLeader":true') ? '' : 'it is a standby'
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-5).join('\n')
}

function describe(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code}` : exit.signal
}
