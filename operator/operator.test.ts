import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFlags } from '#config/flags.ts'
import { loadConfig } from '#config/load.ts'
import { systemClock } from '#lib/clock.ts'
import { fakeOperatorView } from '#testing/fake-views.ts'
import { runOperator } from './operator.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'operator-'))
})

afterEach(async () => {
  await rm(home, { recursive: true })
})

interface Line {
  readonly level: string
  readonly msg: string
  readonly port?: number
  readonly sentence?: string
}

/** The whole operator in this process, on a free port of loopback. */
async function start(args: readonly string[] = []) {
  const env = { HOME: home, HIGHLANDER_HTTP_ADDRESS: '127.0.0.1' }
  const host = { name: 'r1', home, isTerminal: false }
  const { config } = await loadConfig(readFlags(['--port', '0', ...args]), env, host)
  if (config === undefined) throw new Error('the configuration is wrong')
  const stop = new AbortController()
  const lines: Line[] = []
  const log = new PassThrough()
  log.on('data', (chunk: Buffer) => {
    const line: Line = JSON.parse(chunk.toString())
    lines.push(line)
  })
  const { build, process } = fakeOperatorView()
  const ended = runOperator(
    config,
    {
      build,
      warnings: [],
      env,
      log,
      process,
      claim: 'claim-1',
      random: () => 0.5,
      clock: systemClock,
      exit: (code) => {
        throw new Error(`exit ${code}`)
      },
    },
    stop.signal,
  )
  // Awaited by each test.
  ended.catch(() => undefined)
  const get = async (at: string): Promise<string> => {
    const port = lines.find(({ msg }) => msg === 'serving http')?.port ?? 0
    const response = await fetch(`http://127.0.0.1:${port}${at}`)
    return `${response.status} ${await response.text()}`
  }
  const complaints = (): Line[] => lines.filter(({ level }) => level === 'warn' || level === 'error')
  return { lines, complaints, ended, get, stop: () => stop.abort() }
}

describe('a cluster that cannot be reached', () => {
  it('is named by the probes and in one line, and does not keep the operator from stopping', async () => {
    const operator = await start(['--kubeconfig', path.join(home, 'missing')])
    await expect.poll(operator.complaints, { timeout: 10_000 }).toHaveLength(1)

    const [health, ready] = await Promise.all([operator.get('/healthz'), operator.get('/readyz')])

    expect(health).toBe('200 ok')
    expect(ready).toBe(`503 not ready - cannot read the kubeconfig ${home}/missing: there is no such file`)
    operator.stop()
    await operator.ended
    expect(operator.complaints()).toHaveLength(1)
  })

  it('is one sentence also when the server is down', async () => {
    const kubeconfig = path.join(home, 'config')
    await writeFile(kubeconfig, kubeconfigFor('https://127.0.0.1:1'))
    const operator = await start(['--kubeconfig', kubeconfig])
    await expect.poll(operator.complaints, { timeout: 10_000 }).toHaveLength(1)

    const ready = await operator.get('/readyz')

    expect(ready).toContain('503 not ready - cannot reach the API server https://127.0.0.1:1')
    operator.stop()
    await operator.ended
    expect(operator.complaints()).toHaveLength(1)
  })
})

it('ends with one sentence when its port is in use', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve(portOf(other.address())))
  })

  const operator = await start(['--port', String(port)])

  await expect(operator.ended).rejects.toThrow(`port ${port} on 127.0.0.1 is in use by another process`)
  other.close()
})

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: 't' } }],
  })
}
