// Nothing survives the harness, however it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { needsBinaries } from './fixture.ts'
import { PARTS } from './parts.ts'
import { waitUntil } from './wait.ts'

const { signal } = new AbortController()

describe('a simulated control plane', () => {
  it('is gone, with all its processes and data, when the harness is killed', async (context) => {
    await needsBinaries(PARTS, context, signal)
    const harness = await startHarness()
    const pids = harness.pids.flatMap((pid) => [pid, parentOf(pid)])
    expect(harness.pids).toHaveLength(PARTS.length)
    expect(pids.filter(isAlive)).toEqual(pids)

    harness.kill()

    await waitUntil(
      () => Promise.resolve(!pids.some(isAlive)),
      { what: 'waiting until all processes are gone', limitMs: 30_000 },
      signal,
    )
    expect(existsSync(harness.dataDir)).toBe(false)
    await rm(harness.runDir, { recursive: true })
  })
})

interface Harness {
  readonly runDir: string
  readonly dataDir: string
  readonly pids: readonly number[]
  kill(): void
}

async function startHarness(): Promise<Harness> {
  const module = pathToFileURL(path.join(import.meta.dirname, 'control-plane.ts')).href
  const code = `
    const { startControlPlane } = await import('${module}')
    const plane = await startControlPlane({ nodes: 'simulated', controllers: true }, new AbortController().signal)
    console.log(plane.runDir)`
  const env = { ...process.env, KUBECONFIG: '' }
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line]: readonly unknown[] = await once(child.stdout, 'data')
  const runDir = String(line).trim()
  const pids = PARTS.map((part) => Number(readFileSync(path.join(runDir, `${part}.pid`), 'utf8')))
  const etcd = readFileSync(`/proc/${pids[0]}/cmdline`, 'utf8')
  const dataDir = /--data-dir=([^\0]*)/.exec(etcd)?.[1] ?? runDir
  return { runDir, dataDir, pids, kill: () => void child.kill('SIGKILL') }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

function parentOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^PPid:\s*(\d+)$/m.exec(text)?.[1])
}
