import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFree, pickPorts } from './ports.ts'
import { startProcess, tailOf } from './process.ts'
import { createSupervisor, type PartSpec } from './supervisor.ts'
import { waitUntil } from './wait.ts'

const { signal } = new AbortController()

let runDir = ''
beforeEach(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), 'k8-highlander-test-'))
})
afterEach(async () => {
  await rm(runDir, { recursive: true, force: true })
})

describe('a supervised process', () => {
  it('is the program itself, pauses, resumes and stops', async () => {
    const sleeper = await startProcess({ name: 'sleeper', file: 'sleep', args: ['60'], runDir })
    expect(readFileSync(path.join(runDir, 'sleeper.pid'), 'utf8').trim()).toBe(String(sleeper.pid))
    expect(commandOf(sleeper.pid)).toBe('sleep')

    sleeper.pause()
    await eventually(() => stateOf(sleeper.pid) === 'T')
    sleeper.resume()
    await eventually(() => stateOf(sleeper.pid) === 'S')
    await sleeper.stop()

    expect(stateOf(sleeper.pid)).toBe('gone')
    expect(await sleeper.ended).toBe('exit status 143')
  })

  it('stops while it is paused', async () => {
    const sleeper = await startProcess({ name: 'sleeper', file: 'sleep', args: ['60'], runDir })
    sleeper.pause()

    await sleeper.stop()

    expect(stateOf(sleeper.pid)).toBe('gone')
  })

  it('is killed when it does not obey', async () => {
    const script = 'trap "" TERM; echo deaf; while :; do sleep 0.05; done'
    const deaf = await startProcess({ name: 'deaf', file: 'sh', args: ['-c', script], runDir, stopGraceMs: 300 })
    await eventually(() => readFileSync(deaf.logPath, 'utf8').includes('deaf'))

    await deaf.stop()

    expect(stateOf(deaf.pid)).toBe('gone')
    expect(await deaf.ended).toBe('exit status 137')
  })

  it('ends, and its data goes, when the harness is killed', async () => {
    const orphanedFolder = path.join(runDir, 'data')
    await mkdir(orphanedFolder)
    const module = pathToFileURL(path.join(import.meta.dirname, 'process.ts')).href
    const spec = { name: 'sleeper', file: 'sleep', args: ['60'], runDir, orphanedFolder }
    const code = `const { startProcess } = await import('${module}'); const it = await startProcess(${JSON.stringify(spec)}); console.log(it.pid)`
    const harness = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: readonly unknown[] = await once(harness.stdout, 'data')
    const pid = Number(String(line))
    const supervisor = parentOf(pid)
    expect([commandOf(pid), commandOf(supervisor)]).toEqual(['sleep', 'sh'])

    harness.kill('SIGKILL')

    await eventually(() => stateOf(pid) === 'gone' && stateOf(supervisor) === 'gone' && !existsSync(orphanedFolder))
  })
})

describe('the supervisor', () => {
  it('reports the end of the log when a part ends instead of becoming ready', async () => {
    const supervisor = createSupervisor(() => undefined)
    const script = 'echo first; echo address already in use >&2; exit 3'

    const start = supervisor.start(
      part(['-c', script], () => Promise.resolve(false)),
      signal,
    )

    await expect(start).rejects.toThrow(
      /etcd is ready: it ended instead; see .*etcd\.log, the log ends with\n {2}first\n {2}address already in use/,
    )
    await supervisor.stop()
  })

  it('says it when a part ends by itself, and is silent about a kill that was asked for', async () => {
    const lines: string[] = []
    const supervisor = createSupervisor((line) => lines.push(line))
    await supervisor.start(
      part(['-c', 'sleep 60'], () => Promise.resolve(true)),
      signal,
    )

    await supervisor.fault('etcd', 'kill')
    await expect(supervisor.fault('etcd', 'pause')).rejects.toThrow('pause etcd: it is not running')
    await expect(supervisor.fault('kwok', 'kill')).rejects.toThrow('this control plane runs no kwok')
    await supervisor.fault('etcd', 'restart')
    expect(lines).toEqual([])
    process.kill(Number(readFileSync(path.join(runDir, 'etcd.pid'), 'utf8')), 'SIGKILL')
    await eventually(() => lines.length > 0)
    await supervisor.stop()

    expect(lines).toEqual([expect.stringMatching(/^etcd ended unexpectedly with exit status 137; see .*etcd\.log$/)])
  })
})

describe('pickPorts', () => {
  it('returns different free ports', async () => {
    const ports = await pickPorts(5)

    expect(new Set(ports).size).toBe(5)
    expect(await Promise.all(ports.map(isFree))).toEqual([true, true, true, true, true])
  })
})

describe('tailOf', () => {
  it('says when there is nothing', async () => {
    expect(await tailOf(path.join(runDir, 'none.log'))).toBe('the log is empty')
  })
})

function part(args: readonly string[], isReady: () => Promise<boolean>): PartSpec {
  return { name: 'etcd', file: 'sh', args, runDir, readiness: 'etcd is ready', isReady }
}

async function eventually(condition: () => boolean): Promise<void> {
  const wait = { what: 'waiting for the condition of the test', limitMs: 10_000 }
  await waitUntil(() => Promise.resolve(condition()), wait, signal)
}

function stateOf(pid: number): string {
  const state = fieldOf(pid, 'State').slice(0, 1)
  return state === '' ? 'gone' : state
}

function commandOf(pid: number): string {
  return fieldOf(pid, 'Name')
}

function parentOf(pid: number): number {
  return Number(fieldOf(pid, 'PPid'))
}

function fieldOf(pid: number, name: string): string {
  if (!existsSync(`/proc/${pid}/status`)) return ''
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? ''
}
