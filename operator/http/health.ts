// The probes. Ready means: this replica could take over now. Holding the lease, the health of workloads and an outage
// of the store after the first contact are no part of it. PURE.
import { resourceOf } from '#api/resource.ts'
import type { InformerState } from '#api/ports.ts'
import type { OperatorView } from '#api/view.ts'
import type { Answer } from './answer.ts'
import { plainText } from './answer.ts'

interface Check {
  readonly name: string
  /** Left out: the check holds. */
  readonly reason?: string
}

/** An idle watch brings a bookmark about each minute; three missing ones mean that it is dead. */
const STALE_AFTER_MS = 180_000

export function isReady(view: OperatorView, nowMs: number): boolean {
  return readinessChecks(view, nowMs).every(({ reason }) => reason === undefined)
}

function readinessChecks(view: OperatorView, nowMs: number): readonly Check[] {
  return [
    check('shutdown', view.isShuttingDown() ? 'shutting down' : undefined),
    check('start', startReason(view)),
    check('lock-store', storeReason(view)),
    ...(view.informers()?.states ?? []).filter(({ kind }) => kind !== 'Node').map((state) => cacheCheck(state, nowMs)),
  ]
}

export function readyz(view: OperatorView, nowMs: number, isVerbose: boolean): Answer {
  const checks = readinessChecks(view, nowMs)
  const reasons = checks.flatMap(({ reason }) => reason ?? [])
  const status = reasons.length === 0 ? 200 : 503
  if (!isVerbose) return plainText(status, status === 200 ? 'ok' : `not ready - ${reasons.join('; ')}`)
  const lines = checks.map(({ name, reason }) => (reason === undefined ? `[+]${name} ok` : `[-]${name} ${reason}`))
  return plainText(status, `${lines.join('\n')}\n${status === 200 ? 'ready' : 'not ready'}\n`)
}

/** The event loop answers; a worker or informer that ends by itself ends the process. */
export function healthz(): Answer {
  return plainText(200, 'ok')
}

function check(name: string, reason: string | undefined): Check {
  return { name, ...(reason === undefined ? {} : { reason }) }
}

function startReason(view: OperatorView): string | undefined {
  return view.obstacle() ?? (view.informers() === undefined ? 'starting' : undefined)
}

function storeReason(view: OperatorView): string | undefined {
  const { reached, problem } = view.store()
  if (reached || view.informers() === undefined) return undefined
  return problem === undefined ? 'lock store never reached' : `lock store never reached: ${problem}`
}

function cacheCheck(state: InformerState, nowMs: number): Check {
  const { plural } = resourceOf(state.kind)
  const name = `cache/${plural}`
  if (!state.synced) {
    const why = state.problem?.sentence ?? 'the first list is under way'
    return { name, reason: `caches not synced: ${plural}: ${why}` }
  }
  const isStale = state.freshAtMs !== undefined && nowMs - state.freshAtMs > STALE_AFTER_MS
  return isStale ? { name, reason: `watch stale: ${plural}` } : { name }
}
