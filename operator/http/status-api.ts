// /status, /debug/status and /api/dbinfo, in the shapes of the Go version. PURE.
import { kindInfo } from '#api/generated/kinds.ts'
import type { OperatorView, WorkloadLook, Workloads } from '#api/view.ts'
import { formatTime } from '#lib/time.ts'
import { isReady } from './health.ts'
import { keyInMaps } from './workloads-api.ts'

/** The API server answered within this time: it is there. */
const HEALTHY_WITHIN_MS = 30_000

export function statusData(view: OperatorView, workloads: Workloads, nowMs: number): object {
  const leadership = view.leadership()
  const isConnected = isStoreConnected(view, nowMs)
  const uptimeSeconds = Math.max(0, Math.floor((nowMs - view.startedAtMs) / 1000))
  return {
    isLeader: leadership.isLeader(),
    leaderSince: timeOrNull(leadership.leaderSinceMs()),
    lastLeaderTransition: timeOrNull(leadership.lastTransitionMs()),
    uptime: formatUptime(uptimeSeconds),
    uptimeSeconds,
    leaderID: view.identity.id,
    clusterName: view.identity.cluster,
    clusterHealth: isConnected,
    dbConnected: isConnected,
    storageType: 'lease',
    // With the Lease alone there is no second store that could be out of reach.
    controllerState: 'Normal',
    workloadStatus: workloadStatus(view, workloads),
    readyForTraffic: isReady(view, nowMs),
    version: view.build.version,
    buildInfo: `${view.build.revision} ${view.build.builtAt}`.trim(),
    failoverCount: leadership.failovers(),
    leadershipTransitions: leadership.transitions(),
    currentLeader: leadership.holder(),
    lastLeader: leadership.lastHolder(),
    lastLeadershipChangeReason: leadership.lastChangeReason(),
    dbFailureCount: view.store().failures,
    term: Number(leadership.epoch()),
    tenant: view.identity.tenant,
  }
}

export function databaseData(view: OperatorView, nowMs: number): object {
  return { type: 'lease', address: 'kubernetes', connected: isStoreConnected(view, nowMs), details: {} }
}

export function debugData(view: OperatorView, workloads: Workloads, at: { nowMs: number; port: number }): object {
  const { rss, heapUsed, heapTotal } = view.process.memory()
  const terms = view.leadership().history()
  return {
    healthStatus: statusData(view, workloads, at.nowMs),
    uptime: formatUptime(Math.max(0, Math.floor((at.nowMs - view.startedAtMs) / 1000))),
    startTime: formatTime(view.startedAtMs),
    goroutineCount: view.process.activeResources(),
    memoryStats: { alloc: heapUsed, totalAlloc: heapTotal, sys: rss, numGC: view.process.collections() },
    serverInfo: { dbInfo: databaseData(view, at.nowMs), port: at.port },
    leadershipHistory: terms.map(({ holder, sinceMs, epoch }, index) => ({
      from: terms[index - 1]?.holder ?? '',
      to: holder,
      timestamp: formatTime(sinceMs),
      reason: `term ${epoch}`,
    })),
  }
}

/** 3723 → '1h2m3s', as Go prints durations. */
export function formatUptime(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}

function isStoreConnected(view: OperatorView, nowMs: number): boolean {
  const { answeredAtMs } = view.store()
  return answeredAtMs !== undefined && nowMs - answeredAtMs <= HEALTHY_WITHIN_MS
}

type Listed = Pick<WorkloadLook, 'active' | 'healthy'> & { readonly namespace: string }

/** `process` and `cronjob` are further names of `processes` and `cronjobs`: the code and the documentation of the Go version differ. */
function workloadStatus(view: OperatorView, workloads: Workloads): object {
  const groups = { process: {}, cronjob: {}, service: {}, persistent: {} } satisfies Record<string, object>
  const found: Record<keyof typeof groups, Record<string, Listed>> = groups
  const stores = view.informers()?.stores
  for (const cr of stores === undefined ? [] : workloads.ours(stores)) {
    const { active, healthy } = workloads.look(cr)
    found[kindInfo[cr.kind].type][keyInMaps(cr, view.identity)] = { active, healthy, namespace: cr.namespace }
  }
  const { process, cronjob, service, persistent } = found
  return { processes: process, cronjobs: cronjob, service, persistent, process, cronjob }
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : formatTime(ms)
}
