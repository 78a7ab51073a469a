// The cluster that KUBECONFIG names: nothing is started, nothing is stopped, faults are refused.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { TerminalError } from '#lib/errors.ts'
import { hash16 } from '#lib/hash.ts'
import type { ControlPlane } from './control-plane.ts'
import { execute, type Finished } from './exec.ts'
import { isObject, listAt, parseJson, textAt } from './json.ts'
import type { Environment } from './run-folder.ts'

const ANSWER_LIMIT_MS = 10_000

export interface GivenCluster {
  /** As in KUBECONFIG: one path or several. */
  readonly kubeconfig: string
  readonly kubectl: string
  readonly env: Environment
}

/** Throws TerminalError when the cluster does not answer within 10 s. */
export async function useGivenCluster(given: GivenCluster, signal: AbortSignal): Promise<ControlPlane> {
  const answer = await callKubectl(given, ['get', '--raw=/version', '--request-timeout=9s'], signal)
  const version = answer.ok ? textAt(parseJson(answer.stdout), 'gitVersion') : ''
  if (version === '') throw new TerminalError(silence(given.kubeconfig, answer))
  const config = await readConfig(given, signal)
  const server = new URL(textAt(listAt(config, 'clusters')[0], 'cluster', 'server'))
  const runDir = await mkdtemp(path.join(os.tmpdir(), 'k8-highlander-given-'))
  return {
    type: 'running',
    server,
    version,
    kubeconfig: given.kubeconfig,
    kubectl: given.kubectl,
    given: true,
    runDir,
    logOf: (part) => {
      throw new TerminalError(`log of ${part}: the cluster was given by KUBECONFIG, its logs are not ours`)
    },
    kubeconfigFor: async (user, groups) => await impersonate({ config, runDir, user, groups }),
    fault: async (part, what) => {
      await Promise.reject(
        new TerminalError(`${what} ${part}: refused, the cluster was given by KUBECONFIG. Unset it to test faults`),
      )
    },
    [Symbol.asyncDispose]: async () => await rm(runDir, { recursive: true, force: true }),
  }
}

/** As ControlPlane.kubeconfigFor, for a process that has only the paths. */
export async function kubeconfigInGiven(
  given: GivenCluster,
  request: Omit<Impersonation, 'config'>,
  signal: AbortSignal,
): Promise<string> {
  return await impersonate({ ...request, config: await readConfig(given, signal) })
}

/** Throws TerminalError unless the cluster is our own, on this machine, or CONFIRM=1 says that it may be used. */
export function requireConsent(plane: Pick<ControlPlane, 'given' | 'server'>, env: Environment): void {
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(plane.server.hostname)
  if (!plane.given || isLocal || env['CONFIRM'] === '1') return
  throw new TerminalError(
    `KUBECONFIG points to ${plane.server.href}, which is not on this machine. ` +
      'Tests create and delete objects there: set CONFIRM=1 to allow it, or unset KUBECONFIG.',
  )
}

interface Impersonation {
  /** A kubeconfig as JSON, cut down to one context. */
  readonly config: unknown
  readonly runDir: string
  readonly user: string
  readonly groups: readonly string[]
}

/** A kubeconfig with the given credentials that acts as another user; the server checks that this is allowed. */
async function impersonate(request: Impersonation): Promise<string> {
  const { config, runDir, user, groups } = request
  if (!isObject(config)) throw new TerminalError('KUBECONFIG holds no configuration')
  const users = listAt(config, 'users').map((entry) => actAs(entry, user, groups))
  const file = path.join(runDir, `${hash16(JSON.stringify([user, groups]))}.yaml`)
  await writeFile(file, stringify({ ...config, users }), { mode: 0o600 })
  return file
}

function actAs(entry: unknown, user: string, groups: readonly string[]): unknown {
  if (!isObject(entry)) return entry
  const credentials = isObject(entry['user']) ? entry['user'] : {}
  return { ...entry, user: { ...credentials, as: user, 'as-groups': groups } }
}

async function readConfig(given: GivenCluster, signal: AbortSignal): Promise<unknown> {
  const args = ['config', 'view', '--minify', '--flatten', '--raw', '--output=json']
  const answer = await callKubectl(given, args, signal)
  if (!answer.ok) throw new TerminalError(`KUBECONFIG=${given.kubeconfig} cannot be read: ${answer.stderr.trim()}`)
  return parseJson(answer.stdout)
}

async function callKubectl(given: GivenCluster, args: readonly string[], signal: AbortSignal): Promise<Finished> {
  const env = { ...given.env, KUBECONFIG: given.kubeconfig }
  const answer = await execute(given.kubectl, args, { env, timeoutMs: ANSWER_LIMIT_MS }, signal)
  signal.throwIfAborted()
  return answer
}

function silence(kubeconfig: string, answer: Finished): string {
  const said = answer.stderr.trim().split('\n').at(-1) ?? ''
  return (
    `The cluster of KUBECONFIG=${kubeconfig} does not answer within 10 s` +
    `${said === '' ? '' : ` (${said})`}. Start it, point KUBECONFIG to another, or unset it to get one started here.`
  )
}
