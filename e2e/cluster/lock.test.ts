import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acquireLock } from './lock.ts'

const { signal } = new AbortController()
const ignore = (): void => undefined

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'k8-highlander-test-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('the lock', () => {
  it('has one holder at a time and leaves nothing behind', async () => {
    const name = path.join(folder, 'lock')
    let holders = 0
    let most = 0

    const work = async (): Promise<void> => {
      await using _lock = await acquireLock(name, ignore, signal)
      holders += 1
      most = Math.max(most, holders)
      await readdir(folder)
      holders -= 1
    }
    await Promise.all([work(), work(), work()])

    expect(most).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('says whom it waits for and stops waiting when told', async () => {
    const name = path.join(folder, 'lock')
    await using _held = await acquireLock(name, ignore, signal)
    const stop = new AbortController()
    const lines: string[] = []

    const waiting = acquireLock(
      name,
      (holder) => {
        lines.push(holder)
        stop.abort()
      },
      stop.signal,
    )

    await expect(waiting).rejects.toThrow('aborted')
    expect(lines).toEqual([expect.stringContaining(`${process.pid} `)])
  })

  it('is taken from a holder that died', async () => {
    const name = path.join(folder, 'lock')
    const child = spawn('true')
    await once(child, 'exit')
    await mkdir(name)
    await writeFile(path.join(name, 'owner'), `${child.pid} 12345`)

    await using _lock = await acquireLock(name, ignore, signal)

    expect(await readdir(folder)).toEqual(['lock'])
  })

  it('is taken from a holder whose number now belongs to another process', async () => {
    const name = path.join(folder, 'lock')
    await mkdir(name)
    await writeFile(path.join(name, 'owner'), `${process.pid} 1`)

    await using _lock = await acquireLock(name, ignore, signal)

    expect(await readdir(folder)).toEqual(['lock'])
  })
})
