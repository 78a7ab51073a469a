// Loads a configuration for the tests of this folder: YAML text becomes a file, nothing else of the machine is read.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Environment } from './environment.ts'
import { readFlags } from './flags.ts'
import type { Loaded } from './load.ts'
import { loadConfig } from './load.ts'
import type { Problem } from './problems.ts'
import { formatProblems } from './problems.ts'

const host = { name: 'host-1', home: '/home/nobody', isTerminal: false }

export interface Given {
  readonly args?: readonly string[]
  readonly env?: Environment
  readonly yaml?: string
}

/** The file is called c.yaml in every place. */
export async function load({ args = [], env = {}, yaml }: Given): Promise<Loaded> {
  if (yaml === undefined) return await loadConfig(readFlags(args), env, host)
  const folder = await mkdtemp(path.join(tmpdir(), 'config-'))
  try {
    const file = path.join(folder, 'c.yaml')
    await writeFile(file, yaml)
    const loaded = await loadConfig(readFlags([...args, '--config', file]), env, host)
    return { ...loaded, problems: loaded.problems.map(shorten), effective: loaded.effective.map(shorten) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The printed problems, line by line. */
export async function problemLines(given: Given): Promise<string[]> {
  const { problems } = await load(given)
  return problems.length === 0 ? [] : formatProblems(problems).split('\n')
}

function shorten<T extends Pick<Problem, 'place'>>(of: T): T {
  return of.place.source === 'file' ? { ...of, place: { ...of.place, file: path.basename(of.place.file) } } : of
}
