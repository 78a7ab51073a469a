// `make bench`: the performance budgets as a table, JSON beside it, and an exit status. N=1000 takes a few minutes,
// N=10000 is the long form. ONLY names the parts to run.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '#lib/errors.ts'
import { measureIdle } from './idle.ts'
import { measureLatency } from './latency.ts'
import { openStage, type Stage } from './plane.ts'
import { printReport, writeReport, type Row } from './report.ts'
import { measureThroughput } from './throughput.ts'

const DEFAULT_COUNT = 1_000
const LONG_COUNT = 10_000
const PAIRS = 7
const LATENCY_SAMPLES = 2_000
const SHORT_IDLE_MS = 60_000
const LONG_IDLE_MS = 300_000
const SLOW = pathToFileURL(path.join(import.meta.dirname, 'slow.mjs')).href

const parts = ['throughput', 'control', 'idle', 'latency'] as const
type Part = (typeof parts)[number]

interface Run {
  readonly count: number
  readonly chosen: ReadonlySet<string>
  readonly rows: Row[]
  readonly notes: string[]
}

async function main(): Promise<number> {
  const run = readWishes(process.env)
  if (typeof run === 'string') {
    console.error(run)
    return 2
  }
  // Whatever is being measured is worthless now; what was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  let kubernetes = 'unknown'
  try {
    kubernetes = await bare(run)
    await withControllers(run)
  } catch (error) {
    // What has been measured so far took minutes.
    run.notes.push(`Not everything was measured: ${messageOf(error)}`)
    process.exitCode = 1
  }
  const { count, rows, notes } = run
  const report = { count, kubernetes, rows, notes }
  console.log(printReport(report))
  console.log(`figures: ${await writeReport(report, path.resolve(import.meta.dirname, '../../.run'))}`)
  return process.exitCode === undefined && rows.every((row) => row.isMet) ? 0 : 1
}

/** A sentence when they make no sense. */
function readWishes(env: Readonly<NodeJS.ProcessEnv>): Run | string {
  const count = Number(env['N'] ?? DEFAULT_COUNT)
  if (!Number.isInteger(count) || count < 10) return `N must be a whole number from 10, got "${env['N']}"`
  const names: readonly string[] = parts
  const chosen = new Set((env['ONLY'] ?? '') === '' ? parts : env['ONLY']?.split(','))
  const unknown = [...chosen].find((part) => !names.includes(part))
  if (unknown !== undefined) return `ONLY must name parts out of ${parts.join(', ')}, got "${unknown}"`
  return { count, chosen, rows: [], notes: [] }
}

/** API server and etcd alone: pods stay Pending, so two writes are the whole work. */
async function bare(run: Run): Promise<string> {
  const { count, chosen, rows, notes } = run
  await using stage = await openStage({ nodes: 'none', controllers: false }, new AbortController().signal)
  if (chosen.has('throughput' satisfies Part)) {
    console.error(`throughput: ${PAIRS} pairs of ${count}`)
    const throughput = await measureThroughput(stage, count, PAIRS)
    rows.push(...throughput.rows)
    notes.push(...throughput.notes)
  }
  if (chosen.has('control' satisfies Part)) rows.push(await negativeControl(stage, count))
  if (chosen.has('idle' satisfies Part)) {
    const idleMs = count >= LONG_COUNT ? LONG_IDLE_MS : SHORT_IDLE_MS
    console.error(`idle: ${idleMs / 1000} s`)
    rows.push(...(await measureIdle(stage, count, idleMs)))
  }
  return stage.plane.version
}

async function negativeControl(stage: Stage, count: number): Promise<Row> {
  console.error('negative control: 5 ms of standing still per object')
  const control = await measureThroughput(stage, Math.min(count, DEFAULT_COUNT), 1, SLOW)
  return {
    id: 'T1-',
    what: 'negative control (5 ms per object)',
    ours: control.rows[0]?.ours ?? '',
    raw: control.rows[0]?.raw ?? '',
    goal: 'must miss T1',
    isMet: control.rows[0]?.isMet === false,
    figures: {},
  }
}

async function withControllers({ chosen, rows }: Run): Promise<void> {
  if (!chosen.has('latency' satisfies Part)) return
  await using stage = await openStage({ nodes: 'simulated', controllers: true }, new AbortController().signal)
  console.error(`latency: ${LATENCY_SAMPLES} creates at 20/s, kube-controller-manager's, the raw loop's and ours`)
  rows.push(await measureLatency(stage, LATENCY_SAMPLES))
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`make bench failed: ${messageOf(error)}`)
  process.exitCode = 1
}
