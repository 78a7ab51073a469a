// The table that people read and the JSON that programs read.
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

export interface Row {
  readonly id: string
  readonly what: string
  readonly ours: string
  readonly raw: string
  readonly goal: string
  readonly isMet: boolean
  readonly figures: Readonly<Record<string, unknown>>
}

export interface Report {
  readonly count: number
  readonly kubernetes: string
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

export function printReport(report: Report): string {
  const header = ['id', 'what', 'ours', 'raw', 'goal', 'met']
  const body = report.rows.map((row) => [row.id, row.what, row.ours, row.raw, row.goal, row.isMet ? 'yes' : 'NO'])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return [line(header), ...body.map(line), '', ...report.notes, machine(report)].join('\n')
}

export async function writeReport(report: Report, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `bench-${report.count}.json`)
  await writeFile(file, `${JSON.stringify({ ...report, machine: machine(report) }, null, 2)}\n`)
  return file
}

function machine(report: Report): string {
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `${os.cpus().length} cores (${cpu?.model ?? 'unknown'}), ${memory} GiB, Linux ${os.release()}, Node ${process.version}, Kubernetes ${report.kubernetes}, N = ${report.count}`
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

export function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** 95 % interval of the median by resampling. The seed makes the report repeatable. */
export function bootstrap(values: readonly number[], seed = 1): readonly [number, number] {
  let state = seed
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const medians = Array.from({ length: 1_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  )
  return [percentile(medians, 2.5), percentile(medians, 97.5)]
}
