// Where the programs of the lock stores come from: PATH, the folder of Debian's packages, and, for root on Debian, apt.
import { access, readdir } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, TerminalError } from '#lib/errors.ts'
import { execute } from '../cluster/exec.ts'

interface Program {
  readonly name: string
  /** Debian package that has it. */
  readonly debian: string
  /** Folder with one folder per version, each with a `bin`. */
  readonly versions?: string
}

const programs = {
  redis: { name: 'redis-server', debian: 'redis-server' },
  postgres: { name: 'postgres', debian: 'postgresql', versions: '/usr/lib/postgresql' },
} as const satisfies Readonly<Record<string, Program>>

export type ProgramName = keyof typeof programs

const INSTALL_MS = 300_000

/** Absolute path. Throws a sentence that says what to install. */
async function findProgram(of: ProgramName, report: (line: string) => void): Promise<string> {
  const program: Program = programs[of]
  const found = await find(program)
  if (found !== undefined) return found
  await install(program, report)
  const installed = await find(program)
  if (installed !== undefined) return installed
  throw new TerminalError(`${program.name} was not found after installing the package ${program.debian}`)
}

/** Undefined: not here and not to be had, which is said; with REQUIRE_TOOLS=1 it is a failure. */
export async function findProgramOrSay(of: ProgramName): Promise<string | undefined> {
  try {
    return await findProgram(of, (line) => console.error(line))
  } catch (error) {
    if (process.env['REQUIRE_TOOLS'] === '1') throw error
    console.error(`[stores] skipped: ${messageOf(error)}`)
    return undefined
  }
}

/** The folder of versions first: a wrapper on PATH may hide the programs beside it, such as initdb. */
async function find({ name, versions }: Program): Promise<string | undefined> {
  const folders = [...(await binariesIn(versions)), ...(process.env['PATH'] ?? '').split(path.delimiter)]
  for (const folder of folders) {
    const file = path.join(folder, name)
    if (await isThere(file)) return file
  }
  return undefined
}

async function binariesIn(versions: string | undefined): Promise<readonly string[]> {
  if (versions === undefined) return []
  const names = await readdir(versions).catch(() => [])
  return names.toSorted((a, b) => Number(b) - Number(a)).map((version) => path.join(versions, version, 'bin'))
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}

async function install({ name, debian }: Program, report: (line: string) => void): Promise<void> {
  const advice = `Install it (on Debian: apt-get install ${debian}), or put it on PATH.`
  if (process.getuid?.() !== 0) throw new TerminalError(`${name} was not found. ${advice}`)
  report(`installing ${debian} (apt-get)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const run = (...words: readonly string[]) =>
    execute('apt-get', words, { env, timeoutMs: INSTALL_MS }, AbortSignal.timeout(INSTALL_MS))
  await run('update', '-q')
  const done = await run('install', '-q', '-y', '--no-install-recommends', debian)
  if (!done.ok) throw new TerminalError(`${name} was not found, and apt-get failed: ${done.stderr.trim()}. ${advice}`)
}
