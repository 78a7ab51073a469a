// I1 and M1: what N settled workloads cost while nothing happens.
import { systemClock } from '#lib/clock.ts'
import { formatTime } from '#lib/time.ts'
import { itemsOf } from '../support/api.ts'
import { auditSince, isWrite, markAudit } from '../support/audit.ts'
import { CR_PATH, inFlight, nameOf, namespaceOf, podPath } from './objects.ts'
import { observe } from './observe.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import type { Stage } from './plane.ts'
import { cpuSeconds, residentMiB } from './process-stats.ts'
import type { Row } from './report.ts'

const GOAL_CALLS_PER_MINUTE = 40
const GOAL_CPU_PERCENT = 0.2
const GOAL_MIB = 115
const LIMIT_MIB = 140
/** Young garbage of the start is collected, statuses are flushed. */
const SETTLE_MS = 10_000
const LIMIT_MS = 600_000

export async function measureIdle(stage: Stage, count: number, idleMs: number): Promise<readonly Row[]> {
  await using observer = observe(stage.api, { objects: '/api/v1/pods', ownerOf: (name) => name.replace(/-pod$/, '') })
  await stage.createResources('i', count)
  await using operator = await stage.operator()
  await observer.until('statuses', count, LIMIT_MS)
  await settlePods(stage, count)
  await systemClock.sleep(SETTLE_MS, AbortSignal.timeout(SETTLE_MS * 2))

  const mark = await markAudit(stage.plane.auditLog ?? '')
  const cpuBefore = await cpuSeconds(operator.pid)
  await systemClock.sleep(idleMs, AbortSignal.timeout(idleMs * 2)) // The passing of time is what is measured.
  const cpuPercent = ((await cpuSeconds(operator.pid)) - cpuBefore) / (idleMs / 100_000)
  const calls = await auditSince(mark, (entry) => entry.user === SERVICE_ACCOUNT)
  const mib = await residentMiB(operator.pid)

  const perMinute = calls.length / (idleMs / 60_000)
  const writes = calls.filter((entry) => isWrite(entry) && entry.resource !== 'leases').length
  const isQuiet = perMinute <= GOAL_CALLS_PER_MINUTE && cpuPercent <= GOAL_CPU_PERCENT && writes === 0
  await stage.clear()
  return [
    {
      id: 'I1',
      what: `idle with ${count} workloads, ${idleMs / 1000} s`,
      ours: `${perMinute.toFixed(0)} calls/min, ${cpuPercent.toFixed(2)} % of a core, ${writes} writes`,
      raw: '-',
      goal: `<= ${GOAL_CALLS_PER_MINUTE}, <= ${GOAL_CPU_PERCENT} %, 0`,
      isMet: isQuiet,
      figures: { perMinute, cpuPercent, writes },
    },
    {
      id: 'M1',
      what: `resident memory at ${count} + ${count} pods`,
      ours: `${mib.toFixed(0)} MiB`,
      raw: '-',
      goal: `${GOAL_MIB} MiB, never above ${LIMIT_MIB} (at 10,000)`,
      isMet: mib <= LIMIT_MIB,
      figures: { mib },
    },
  ]
}

/**
 * Every pod runs and its workload is healthy. Where no node takes them, pods would be told as stalled after five minutes:
 * one write each, in the middle of what is measured.
 */
async function settlePods(stage: Stage, count: number): Promise<void> {
  const startedAt = formatTime(systemClock.now())
  const main = { name: 'main', image: 'a:1', imageID: '', restartCount: 0, ready: true, started: true }
  const status = {
    phase: 'Running',
    startTime: startedAt,
    conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' })),
    containerStatuses: [{ ...main, state: { running: { startedAt } } }],
  }
  await inFlight(count, 32, async (index) => {
    const path = podPath(namespaceOf(index), `${nameOf('i', index)}-pod`)
    await stage.api.must('PATCH', `${path}/status`, { body: { status }, contentType: 'application/merge-patch+json' })
  })
  const unhealthy = `${CR_PATH}/workloadprocesses?fieldSelector=${encodeURIComponent('status.healthy=false')}&limit=1`
  const deadline = systemClock.monotonicMs() + LIMIT_MS
  while (itemsOf(await stage.api.must('GET', unhealthy), 'items').length > 0) {
    if (systemClock.monotonicMs() > deadline) throw new Error('not all workloads became healthy')
    await systemClock.sleep(200, AbortSignal.timeout(LIMIT_MS))
  }
}
