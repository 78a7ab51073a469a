// A lock between processes of one machine, as a folder: whoever renames his folder to the lock's name has it.
// Promised: one holder at a time, and a holder that died is replaced. Not promised: order among the waiting.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#lib/clock.ts'

const POLL_MS = 250
// The guard is held for two file operations; older ones belong to a process that died in between.
const GUARD_MAX_AGE_MS = 10_000

/** Waits until the lock is ours; `waiting` is called once, with the holder, when it is not free at once. */
export async function acquireLock(
  folder: string,
  waiting: (holder: string) => void,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  await mkdir(path.dirname(folder), { recursive: true })
  let told = false
  while (!(await tryAcquire(folder))) {
    const holder = await holderOf(folder)
    if (holder !== undefined && !(await isAlive(holder))) {
      await breakLock(folder, holder)
      continue
    }
    if (!told) waiting(holder ?? 'unknown')
    told = true
    await systemClock.sleep(POLL_MS, signal)
  }
  return { [Symbol.asyncDispose]: () => release(folder) }
}

async function tryAcquire(folder: string): Promise<boolean> {
  const mine = `${folder}.${randomBytes(6).toString('hex')}`
  await mkdir(mine)
  await writeFile(path.join(mine, 'owner'), `${process.pid} ${await startTimeOf(process.pid)}`)
  try {
    // Renaming onto a folder with content fails, so that the owner's name appears together with the lock.
    await rename(mine, folder)
    return true
  } catch {
    await rm(mine, { recursive: true, force: true })
    return false
  }
}

async function release(folder: string): Promise<void> {
  // Away in one step: emptying the folder in place would let the next holder in while we still delete.
  const trash = `${folder}.${randomBytes(6).toString('hex')}`
  await rename(folder, trash)
  await rm(trash, { recursive: true, force: true })
}

async function breakLock(folder: string, deadHolder: string): Promise<void> {
  const guard = `${folder}.guard`
  if (!(await tryGuard(guard))) return
  try {
    // Only under the guard is it certain that the folder is still the dead holder's.
    if ((await holderOf(folder)) === deadHolder) await release(folder)
  } finally {
    await rmdir(guard)
  }
}

async function tryGuard(guard: string): Promise<boolean> {
  try {
    await mkdir(guard)
    return true
  } catch {
    const age = await stat(guard).then(
      (found) => systemClock.now() - found.mtimeMs,
      () => 0,
    )
    if (age > GUARD_MAX_AGE_MS) await rmdir(guard).catch(() => undefined)
    return false
  }
}

async function holderOf(folder: string): Promise<string | undefined> {
  return await readFile(path.join(folder, 'owner'), 'utf8').catch(() => undefined)
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid, startTime] = holder.split(' ')
  return (await startTimeOf(Number(pid))) === startTime
}

// The number of a dead process is given to a new one some day; its start time tells them apart.
async function startTimeOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command in parentheses may hold blanks; field 22 of the line is the 20th after it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? 'gone'
}
