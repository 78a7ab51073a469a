// Loads the configuration: flags over environment over file over defaults. Answers with a checked Config or with every
// problem of every source; it prints nothing and ends nothing.
import type { Config, Effective, Host } from './config.ts'
import { checkConfig } from './config.ts'
import type { Environment } from './environment.ts'
import { readEnvironment } from './environment.ts'
import { readConfigFile } from './file.ts'
import type { CommandLine } from './flags.ts'
import { join } from './gathered.ts'
import { keys } from './keys.ts'
import type { Problem } from './problems.ts'
import { formatPlace } from './problems.ts'

export interface Loaded {
  /** Undefined when there are problems. */
  readonly config?: Config
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly effective: readonly Effective[]
  /** The file that was read, if any. */
  readonly file?: string
}

export async function loadConfig(line: CommandLine, env: Environment, host: Host): Promise<Loaded> {
  const fromFile = await readConfigFile(line.file, env, host.home)
  const gathered = join([line, readEnvironment(env), fromFile])
  const { config, effective, problems, warnings } = checkConfig(gathered, host)
  const all = [...gathered.problems, ...problems]
  return {
    problems: all,
    warnings: [...gathered.warnings, ...warnings],
    effective,
    ...(all.length === 0 ? { config } : {}),
    ...(fromFile.file === undefined ? {} : { file: fromFile.file }),
  }
}

/** Effective values, one per line: key, value, source. Secrets are never shown. */
export function formatEffective(effective: readonly Effective[]): string {
  const rows = effective.map(({ path, value, place, secret }) => ({
    path,
    value: secret ? '<redacted>' : formatValue(value),
    source: formatPlace(place),
  }))
  const pathWidth = Math.max(...rows.map(({ path }) => path.length))
  const valueWidth = Math.max(...rows.map(({ value }) => value.length))
  return rows
    .map(({ path, value, source }) => `${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  ${source}`)
    .join('\n')
}

export function formatHelp(): string {
  const rows = Object.values(keys).map(({ path, flag, variable, default: fallback, description }) => {
    const names = [flag, variable, path].filter((name) => name !== undefined).join(', ')
    return `  ${names}\n      ${description} Default: ${fallback}.`
  })
  return [
    'Usage: k8-highlander [flags]',
    '',
    'Keeps Kubernetes workloads that must never run twice.',
    '',
    '  --config FILE     configuration file (YAML)',
    '  --check-config    check the configuration and exit',
    '  --print-config    print the effective configuration with the source of each value, and exit',
    '  --version         print the version',
    '  --help            print this text',
    '',
    'Settings, as flag, environment variable, key of the file; flags win over the environment, the environment over the file:',
    '',
    ...rows,
  ].join('\n')
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : value.join(',')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
