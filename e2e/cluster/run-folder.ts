// The folder in which one control plane lives, and the folder for etcd's data, in memory where possible.
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

export interface RunFolder extends AsyncDisposable {
  readonly runDir: string
  readonly dataDir: string
  /** From now on disposing leaves the logs: somebody will have to read them. */
  keep(): void
}

const PREFIX = 'k8-highlander-'
const MEMORY = '/dev/shm'
const TMPFS_MAGIC = 0x01021994

/** Disposing removes it; KEEP=1 keeps everything but etcd's data. */
export async function createRunFolder(env: Environment, report: (line: string) => void): Promise<RunFolder> {
  const given = env['HIGHLANDER_RUN_DIR'] ?? ''
  const parent = given === '' ? os.tmpdir() : path.resolve(given)
  await mkdir(parent, { recursive: true })
  const runDir = await mkdtemp(path.join(parent, PREFIX))
  const inMemory = await statfs(MEMORY).then(
    (found) => found.type === TMPFS_MAGIC,
    () => false,
  )
  const dataDir = await mkdtemp(inMemory ? path.join(MEMORY, PREFIX) : path.join(runDir, 'etcd-'))
  let isKept = env['KEEP'] === '1'
  return {
    runDir,
    dataDir,
    keep: () => {
      isKept = true
    },
    [Symbol.asyncDispose]: async () => {
      await rm(dataDir, { recursive: true, force: true })
      if (isKept) return report(`kept ${runDir}`)
      await rm(runDir, { recursive: true, force: true })
    },
  }
}
