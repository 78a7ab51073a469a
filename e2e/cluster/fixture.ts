// One control plane for a whole run of tests, started in vitest's globalSetup and found by the tests through an
// environment variable, because tests run in other processes. A test that breaks things starts its own.
import { systemClock } from '#lib/clock.ts'
import { TerminalError } from '#lib/errors.ts'
import { formatDuration } from '#lib/time.ts'
import { findBinaries } from './binaries.ts'
import type { BinaryName } from './catalog.ts'
import {
  describeUnavailable,
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
  type Unavailable,
} from './control-plane.ts'
import { kubeconfigInGiven, requireConsent } from './given.ts'
import { at, parseJson, textAt } from './json.ts'
import { readAuthority, writeKubeconfig } from './pki.ts'

const VARIABLE = 'HIGHLANDER_TEST_CLUSTER'

export interface TestCluster {
  readonly server: string
  readonly version: string
  readonly kubeconfig: string
  readonly kubectl: string
  readonly runDir: string
  readonly given: boolean
  readonly auditLog?: string
  /** As ControlPlane.kubeconfigFor. */
  kubeconfigFor(user: string, groups: readonly string[], signal: AbortSignal): Promise<string>
}

/** For globalSetup; the caller disposes it in teardown. VERSION chooses the Kubernetes version. Undefined: said so loudly, the tests skip themselves. */
export async function shareControlPlane(
  options: ControlPlaneOptions,
  signal: AbortSignal,
): Promise<ControlPlane | undefined> {
  const startedMs = systemClock.monotonicMs()
  const env = options.env ?? process.env
  const chosen = env['VERSION'] ?? ''
  const wanted = { report: sayLoudly, ...(chosen === '' ? {} : { version: chosen }), ...options }
  const plane = await startControlPlane(wanted, signal)
  if (plane.type === 'unavailable') {
    refuseOrSkip(plane)
    return undefined
  }
  try {
    requireConsent(plane, env)
  } catch (error) {
    await plane[Symbol.asyncDispose]()
    throw error
  }
  sayLoudly(`Kubernetes ${plane.version} ready after ${formatDuration(systemClock.monotonicMs() - startedMs)}`)
  const { server, version, kubeconfig, kubectl, runDir, given, auditLog } = plane
  process.env[VARIABLE] = JSON.stringify({ server: server.href, version, kubeconfig, kubectl, runDir, given, auditLog })
  return plane
}

/** For tests. Undefined when globalSetup could not start one: `needsCluster` (support/world.ts) then skips with the reason. */
export function testCluster(): TestCluster | undefined {
  const text = process.env[VARIABLE] ?? ''
  if (text === '') return undefined
  const value = parseJson(text)
  const auditLog = textAt(value, 'auditLog')
  const cluster = {
    server: textAt(value, 'server'),
    version: textAt(value, 'version'),
    kubeconfig: textAt(value, 'kubeconfig'),
    kubectl: textAt(value, 'kubectl'),
    runDir: textAt(value, 'runDir'),
    given: at(value, 'given') === true,
    ...(auditLog === '' ? {} : { auditLog }),
  }
  return { ...cluster, kubeconfigFor: (user, groups, signal) => kubeconfigFor(cluster, { user, groups }, signal) }
}

export interface Skippable {
  skip(note?: string): void
}

/**
 * For tests that break things: a control plane of their own, which ends with `use`. Without binaries the test is
 * skipped with the reason, or fails when REQUIRE_TOOLS=1.
 */
export async function withControlPlane(
  options: ControlPlaneOptions,
  context: Skippable,
  use: (plane: ControlPlane) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  // Faults need processes of our own, whatever KUBECONFIG says.
  const env = { ...(options.env ?? process.env), KUBECONFIG: '' }
  const plane = await startControlPlane({ ...options, env }, signal)
  if (plane.type === 'unavailable') return refuseOrSkip(plane, context)
  await using running = plane
  await use(running)
}

/** For tests of parts: skips, or fails with REQUIRE_TOOLS=1, when one of the binaries is nowhere to be had. */
export async function needsBinaries(
  names: readonly BinaryName[],
  context: Skippable,
  signal: AbortSignal,
): Promise<void> {
  const { missing, tried } = await findBinaries(names, { report: sayLoudly }, signal)
  if (missing.length > 0) refuseOrSkip({ type: 'unavailable', missing, tried }, context)
}

/** Fails with REQUIRE_TOOLS=1; else says loudly, and in the report of the test, what is missing. */
function refuseOrSkip(unavailable: Unavailable, context?: Skippable): void {
  const text = describeUnavailable(unavailable)
  if (process.env['REQUIRE_TOOLS'] === '1') throw new TerminalError(`${text}\nREQUIRE_TOOLS=1 makes this a failure.`)
  sayLoudly(`SKIPPED: ${text}`)
  context?.skip(text)
}

interface Identity {
  readonly user: string
  readonly groups: readonly string[]
}

async function kubeconfigFor(
  cluster: Omit<TestCluster, 'kubeconfigFor'>,
  { user, groups }: Identity,
  signal: AbortSignal,
): Promise<string> {
  const { runDir, kubeconfig, kubectl } = cluster
  if (cluster.given)
    return await kubeconfigInGiven({ kubeconfig, kubectl, env: process.env }, { runDir, user, groups }, signal)
  const server = new URL(cluster.server).origin
  return await writeKubeconfig(await readAuthority(runDir), { runDir, server, user, groups })
}

function sayLoudly(line: string): void {
  process.stderr.write(`[cluster] ${line}\n`)
}
