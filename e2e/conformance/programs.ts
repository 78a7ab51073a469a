// The judges of other projects, as small Go programs beside this file: built once per change into the cache folder,
// and asked about many resources at once. Without Go a test is skipped and says so, or fails with REQUIRE_TOOLS=1.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, readFile, rename } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { TerminalError } from '#lib/errors.ts'
import { execute } from '../cluster/exec.ts'
import { parseJson, textAt } from '../cluster/json.ts'
import { acquireLock } from '../cluster/lock.ts'

export interface Verdict {
  readonly status: string
  readonly message: string
}

/** One verdict per resource, in their order. Throws with what the program printed. */
type Judge = (resources: readonly unknown[]) => Promise<readonly Verdict[]>

export interface Judges {
  /** By the library that Flux and Helm wait with. */
  readonly kstatus: Judge
  /** By our health script in the Lua machine of Argo CD. */
  readonly argo: Judge
}

interface Program {
  /** The folder beside this file. */
  readonly name: string
  /** Names the versions it is linked with; its sums are in the file of that name ending in .sum. */
  readonly modules: string
}

const HERE = import.meta.dirname
const kstatusProgram: Program = { name: 'kstatus', modules: 'go.mod' }
const argoProgram: Program = { name: 'argolua', modules: 'go.mod' }
const HEALTH_SCRIPT = path.resolve(HERE, '../../manifests/gitops/argocd/health.lua')
const BUILD_LIMIT_MS = 10 * 60_000

/** Undefined without Go. The first call after a change builds: about half a minute. */
export async function openJudges(env: NodeJS.ProcessEnv = process.env): Promise<Judges | undefined> {
  const programs = await openPrograms([kstatusProgram, argoProgram], env)
  if (programs === undefined) return undefined
  const [kstatus = '', argolua = ''] = programs
  return { kstatus: judgeBy(kstatus, []), argo: judgeBy(argolua, [HEALTH_SCRIPT]) }
}

/** The paths of the built programs; undefined without Go. The first call after a change builds. */
export async function openPrograms(
  programs: readonly Program[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly string[] | undefined> {
  const signal = AbortSignal.timeout(BUILD_LIMIT_MS)
  const go = await execute('go', ['version'], { env }, signal)
  if (!go.ok) return refuseOrSkip(programs, env)
  const paths: string[] = []
  for (const program of programs) paths.push(await build(program, go.stdout, env, signal))
  return paths
}

function refuseOrSkip(programs: readonly Program[], env: NodeJS.ProcessEnv): undefined {
  const names = [...new Set(programs.map(({ name }) => name))].join(' and ')
  const missing = `the go command is not on PATH (https://go.dev/dl), so ${names} were not asked`
  if (env['REQUIRE_TOOLS'] === '1') throw new TerminalError(`${missing}. REQUIRE_TOOLS=1 makes this a failure.`)
  process.stderr.write(`[conformance] SKIPPED: ${missing}\n`)
  return undefined
}

/** The name of the file holds the fingerprint of what it was built from: a change never meets an old program. */
async function build(program: Program, go: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const { name, modules } = program
  const folder = path.join(cacheFolder(env), 'conformance')
  const file = path.join(folder, `${name}-${await fingerprint(program, go)}`)
  if (await isThere(file)) return file
  await mkdir(folder, { recursive: true })
  await using _lock = await acquireLock(path.join(folder, '.lock'), () => undefined, signal)
  if (await isThere(file)) return file
  process.stderr.write(`[conformance] building ${name} with ${modules} (once)\n`)
  const half = `${file}.${process.pid}`
  const flags = [`-modfile=${modules}`, '-mod=readonly', '-trimpath', '-buildvcs=false']
  const options = { cwd: path.join(HERE, name), env: { ...env, CGO_ENABLED: '0', GOWORK: 'off' } }
  const built = await execute('go', ['build', ...flags, '-o', half, '.'], options, signal)
  if (!built.ok) throw new TerminalError(`go build of ${name}: ${built.stderr}`)
  await rename(half, file)
  return file
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const given = env['XDG_CACHE_HOME'] ?? ''
  return path.join(given === '' ? path.join(os.homedir(), '.cache') : given, 'k8-highlander')
}

async function fingerprint({ name, modules }: Program, go: string): Promise<string> {
  const hash = createHash('sha256').update(go)
  const files = ['main.go', modules, modules.replace('.mod', '.sum')]
  for (const file of files) hash.update(await readFile(path.join(HERE, name, file)))
  return hash.digest('hex').slice(0, 16)
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

function judgeBy(program: string, parameters: readonly string[]): Judge {
  return async (resources) => {
    const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve)
    })
    // A program that gives up early closes its input; what it printed tells why.
    child.stdin.on('error', () => undefined)
    child.stdin.end(resources.map((resource) => `${JSON.stringify(resource)}\n`).join(''))
    const [out, problem, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    if (code !== 0) throw new Error(`${path.basename(program)}: ${problem.trim()}`)
    return out.split('\n').filter(Boolean).map(verdictIn)
  }
}

function verdictIn(line: string): Verdict {
  const value = parseJson(line)
  return { status: textAt(value, 'status'), message: textAt(value, 'message') }
}
