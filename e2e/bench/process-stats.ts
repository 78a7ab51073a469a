// CPU time and memory of one process, from /proc.
import { readFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100 // CONFIG_HZ as /proc reports it: always 100 for user space on Linux.

export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The command in parentheses may hold spaces; fields are counted after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export async function residentMiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(text) ?? []
  return Number(kib) / 1024
}
