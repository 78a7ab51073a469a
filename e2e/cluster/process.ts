// One supervised process of a control plane. Promised: it ends when it is stopped, when the harness ends and when
// the harness is killed; signals go to exactly the process started here. Not promised: an orderly end after a kill.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { scopeOf } from '#lib/abort.ts'
import { systemClock } from '#lib/clock.ts'
import { isAbort } from '#lib/errors.ts'

const STOP_GRACE_MS = 5_000

export interface ProcessSpec {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  /** Folder for <name>.log and <name>.pid. */
  readonly runDir: string
  /** Pins the process to one processor. */
  readonly cpu?: number
  /** Folder to remove when the harness was killed and nobody else can: data in memory would stay until reboot. */
  readonly orphanedFolder?: string
  /** Between SIGTERM and SIGKILL; 5 s when absent. */
  readonly stopGraceMs?: number
}

export interface ManagedProcess {
  readonly name: string
  readonly pid: number
  readonly logPath: string
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  isRunning(): boolean
  pause(): void
  resume(): void
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM, SIGKILL after the grace time; resolves when it is gone. Also ends a paused process. */
  stop(): Promise<void>
}

// The shell holds the reading end of a pipe whose writing end lives in the harness alone. When the harness ends,
// however it ends, the pipe closes and the shell kills its child. No signal of a terminal reaches either, since
// both are in a session of their own.
const SUPERVISOR = `
pid_file=$1 orphaned_folder=$2; shift 2
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
child=$!
orphaned=
trap 'orphaned=1; kill -KILL "$child" 2>/dev/null' TERM
echo "$child" >"$pid_file"
echo "$child" >&3
exec 3>&-
( read -r _ <&4; kill -TERM $$ ) &
watcher=$!
wait "$child"; code=$?
if [ -n "$orphaned" ]; then
  wait "$child"
  [ -z "$orphaned_folder" ] || rm -rf "$orphaned_folder"
fi
kill "$watcher" 2>/dev/null
exit "$code"
`

/** Resolves when the process exists. Whether it works is for the caller to find out. */
export async function startProcess(spec: ProcessSpec): Promise<ManagedProcess> {
  const logPath = path.join(spec.runDir, `${spec.name}.log`)
  const shell = spawnSupervisor(spec, logPath)
  let end: string | undefined
  const ended = endOf(shell).then((text) => (end = text))
  const pid = await readPid(shell)
  const isRunning = (): boolean => end === undefined
  const send = (signal: NodeJS.Signals): void => {
    // The supervisor reaps the process and ends with it: while it runs, the number is still ours.
    if (isRunning() && pid !== undefined) sendSignal(pid, signal)
  }
  const kill = async (): Promise<void> => {
    send('SIGKILL')
    await ended
  }
  const stop = async (): Promise<void> => {
    send('SIGTERM')
    send('SIGCONT')
    if (!(await endsWithin(ended, spec.stopGraceMs ?? STOP_GRACE_MS))) await kill()
  }
  return {
    name: spec.name,
    pid: pid ?? 0,
    logPath,
    ended,
    isRunning,
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
    kill,
    stop,
  }
}

/** The end of a log, for error messages. */
export async function tailOf(logPath: string, lines = 5): Promise<string> {
  const text = await readFile(logPath, 'utf8').catch(() => '')
  const last = text.trim().split('\n').slice(-lines).join('\n  ')
  return last === '' ? 'the log is empty' : `the log ends with\n  ${last}`
}

function spawnSupervisor(spec: ProcessSpec, logPath: string): ChildProcess {
  const pin = spec.cpu === undefined ? [] : ['taskset', '-c', String(spec.cpu)]
  const pidFile = path.join(spec.runDir, `${spec.name}.pid`)
  const script = ['-c', SUPERVISOR, 'supervisor', pidFile, spec.orphanedFolder ?? '']
  const log = openSync(logPath, 'a')
  try {
    return spawn('/bin/sh', [...script, ...pin, spec.file, ...spec.args], {
      cwd: spec.runDir,
      detached: true,
      stdio: ['pipe', log, log, 'pipe'],
    })
  } finally {
    closeSync(log)
  }
}

async function readPid(shell: ChildProcess): Promise<number | undefined> {
  const output = shell.stdio[3]
  if (output === null || output === undefined || !isReadable(output)) return undefined
  let text = ''
  for await (const chunk of output) text += String(chunk)
  const pid = Number.parseInt(text, 10)
  return pid > 1 ? pid : undefined
}

function isReadable(stream: object): stream is Readable {
  return 'read' in stream
}

async function endOf(shell: ChildProcess): Promise<string> {
  try {
    const [code, signal]: readonly unknown[] = await once(shell, 'exit')
    return typeof code === 'number' ? `exit status ${code}` : `signal ${String(signal)}`
  } catch (error) {
    return String(error)
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended a moment ago; `ended` tells how.
  }
}

async function endsWithin(ended: Promise<string>, ms: number): Promise<boolean> {
  using scope = scopeOf([])
  const timeout = systemClock.sleep(ms, scope.signal).then(
    () => false,
    (error: unknown) => {
      if (isAbort(error)) return false
      throw error
    },
  )
  const inTime = await Promise.race([ended.then(() => true), timeout])
  scope.abort()
  return inTime
}
