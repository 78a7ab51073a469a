// The edge of the process: arguments, environment, signals, exit code. The only file that touches `process`.
// Exit codes: 0 done, 1 runtime failure, 2 configuration invalid.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname, loadavg } from 'node:os'
import { PerformanceObserver } from 'node:perf_hooks'
import type { Host } from '#config/config.ts'
import { readFlags } from '#config/flags.ts'
import type { Loaded } from '#config/load.ts'
import { formatEffective, formatHelp, loadConfig } from '#config/load.ts'
import { formatProblems } from '#config/problems.ts'
import type { BuildInfo, ProcessFacts } from '#api/view.ts'
import { systemClock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'

/** Put in by the bundler; the sources take the version from package.json. */
declare const HIGHLANDER_BUILD: Omit<BuildInfo, 'node'> | undefined

process.exit(await main())

async function main(): Promise<number> {
  const line = readFlags(process.argv.slice(2))
  if (line.command === 'help') return print(formatHelp())
  if (line.command === 'version') {
    const { version, revision, builtAt } = await readBuild()
    return print(`k8-highlander ${version} (${revision}${builtAt === '' ? '' : `, ${builtAt}`})`)
  }
  const loaded = await loadConfig(line, process.env, readHost())
  if (line.command === 'print-config') print(formatEffective(loaded.effective))
  if (loaded.config === undefined) return complain(formatProblems(loaded.problems), 2)
  if (line.command === 'check-config') return print('configuration is valid')
  return line.command === 'print-config' ? 0 : await run(loaded.config, loaded)
}

async function run(config: NonNullable<Loaded['config']>, { warnings, file }: Loaded): Promise<number> {
  // Not above: --version and a configuration with problems should answer at once.
  const [{ runOperator }, build] = await Promise.all([import('./operator.ts'), readBuild()])
  const stopping = stopOnSignals(config.terminationGracePeriodMs)
  try {
    await runOperator(
      config,
      {
        build,
        warnings,
        ...(file === undefined ? {} : { configFile: file }),
        env: process.env,
        log: process.stdout,
        process: watchProcess(),
        claim: randomUUID(),
        random: Math.random,
        clock: systemClock,
        exit: (code) => process.exit(code),
      },
      stopping,
    )
    return 0
  } catch (error) {
    return complain(`k8-highlander: ${messageOf(error)}`, 1)
  }
}

/** The first signal asks for a shutdown in good order, the second one ends the process at once: the crash path. */
function stopOnSignals(withinMs: number): AbortSignal {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(1)
    systemClock.schedule(withinMs, () => process.exit(complain('k8-highlander: the shutdown took too long', 1)))
    stop.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  // A terminal that was closed is no reason to stop an operator; the configuration is read at start only.
  process.on('SIGHUP', () => undefined)
  // A bug; unhandled rejections arrive here too. Ending is safe at any time, going on is not.
  process.on('uncaughtException', (error) => {
    process.exit(complain(`k8-highlander: unexpected error: ${error.stack ?? messageOf(error)}`, 1))
  })
  // Whoever read the log has gone; that must not end the operator.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  return stop.signal
}

function watchProcess(): ProcessFacts {
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  observer.observe({ entryTypes: ['gc'] })
  return {
    memory: () => process.memoryUsage(),
    load: () => loadavg()[0] ?? 0,
    activeResources: () => process.getActiveResourcesInfo().length,
    collections: () => collections,
  }
}

async function readBuild(): Promise<BuildInfo> {
  const node = process.version
  if (typeof HIGHLANDER_BUILD !== 'undefined') return { ...HIGHLANDER_BUILD, node }
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  const version = /"version": "([^"]+)"/.exec(text)?.[1] ?? '0.0.0'
  return { version, revision: 'source', builtAt: '', node }
}

function readHost(): Host {
  const { HOME: home = '' } = process.env
  return { name: hostname(), home, isTerminal: process.stdout.isTTY === true }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function complain(text: string, code: number): number {
  process.stderr.write(`${text}\n`)
  return code
}
