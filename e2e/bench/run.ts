// `make bench`: the performance budgets as a table, JSON beside it, and an exit status. N=1000 takes a few minutes,
// N=10000 is the long form.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '#lib/errors.ts'
import { measureIdle } from './idle.ts'
import { measureLatency } from './latency.ts'
import { openStage } from './plane.ts'
import { printReport, writeReport, type Row } from './report.ts'
import { measureThroughput } from './throughput.ts'

const DEFAULT_COUNT = 1_000
const LONG_COUNT = 10_000
const PAIRS = 7
const LATENCY_SAMPLES = 2_000
const SHORT_IDLE_MS = 60_000
const LONG_IDLE_MS = 300_000
const SLOW = pathToFileURL(path.join(import.meta.dirname, 'slow.mjs')).href

async function main(): Promise<number> {
  const count = Number(process.env['N'] ?? DEFAULT_COUNT)
  if (!Number.isInteger(count) || count < 10) {
    console.error(`N must be a whole number from 10, got "${process.env['N']}"`)
    return 2
  }
  // Whatever is being measured is worthless now; what was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const { signal } = new AbortController()
  const rows: Row[] = []
  const notes: string[] = []
  const kubernetes = await bare(count, { rows, notes }, signal)
  await withControllers(rows, signal)
  const report = { count, kubernetes, rows, notes }
  console.log(printReport(report))
  console.log(`figures: ${await writeReport(report, path.resolve(import.meta.dirname, '../../.run'))}`)
  return rows.every((row) => row.isMet) ? 0 : 1
}

/** API server and etcd alone: pods stay Pending, so two writes are the whole work. */
async function bare(
  count: number,
  into: { readonly rows: Row[]; readonly notes: string[] },
  signal: AbortSignal,
): Promise<string> {
  await using stage = await openStage({ nodes: 'none', controllers: false }, signal)
  console.error(`throughput: ${PAIRS} pairs of ${count}`)
  const throughput = await measureThroughput(stage, count, PAIRS)
  into.rows.push(...throughput.rows)
  into.notes.push(...throughput.notes)
  console.error('negative control: 5 ms of standing still per object')
  const control = await measureThroughput(stage, Math.min(count, DEFAULT_COUNT), 1, SLOW)
  const isMissed = control.rows[0]?.isMet === false
  into.rows.push({
    id: 'T1-',
    what: 'negative control (5 ms per object)',
    ours: control.rows[0]?.ours ?? '',
    raw: control.rows[0]?.raw ?? '',
    goal: 'must miss T1',
    isMet: isMissed,
    figures: {},
  })
  const idleMs = count >= LONG_COUNT ? LONG_IDLE_MS : SHORT_IDLE_MS
  console.error(`idle: ${idleMs / 1000} s`)
  into.rows.push(...(await measureIdle(stage, count, idleMs)))
  return stage.plane.version
}

async function withControllers(rows: Row[], signal: AbortSignal): Promise<void> {
  await using stage = await openStage({ nodes: 'simulated', controllers: true }, signal)
  console.error(`latency: ${LATENCY_SAMPLES} creates at 20/s, ours and kube-controller-manager's`)
  rows.push(await measureLatency(stage, LATENCY_SAMPLES))
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`make bench failed: ${messageOf(error)}`)
  process.exitCode = 1
}
