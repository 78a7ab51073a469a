// The checked configuration: one frozen value that every part gets its share of. Each setting of each source is checked,
// also one that a stronger source overrides, so that all problems show at once.
import { isEmpty } from './gathered.ts'
import type { Gathered, Setting } from './gathered.ts'
import type { Key } from './keys.ts'
import { keys } from './keys.ts'
import { exactDuration } from './parse.ts'
import type { Source } from './parse.ts'
import type { Place, Problem } from './problems.ts'

export interface Config {
  readonly id: string
  readonly tenant: string
  /** Unlabelled resources in it belong to the tenant. */
  readonly namespace: string
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  readonly remainsFollower: boolean
  readonly storageType: 'lease'
  readonly http: {
    readonly port: number
    /** Left out: all addresses. */
    readonly address?: string
    readonly allowedHosts: readonly string[]
    readonly metricsPath: string
  }
  readonly cluster: {
    readonly name: string
    /** May begin with `~/`. Left out: service account of the pod, else $KUBECONFIG, else ~/.kube/config. */
    readonly kubeconfig?: string
    readonly context?: string
  }
  readonly leader: {
    /** Left out: namespace of the pod, else of the context, else `default`. */
    readonly leaseNamespace?: string
    readonly leaseDurationMs: number
    readonly renewDeadlineMs: number
    readonly retryPeriodMs: number
  }
  readonly terminationGracePeriodMs: number
  readonly workers: number
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' }
}

/** What holds when nothing is set and only the machine knows. */
export interface Host {
  readonly name: string
  readonly home: string
  readonly isTerminal: boolean
}

/** One line of --print-config. */
export interface Effective {
  readonly path: string
  readonly value: unknown
  readonly place: Place
  readonly secret: boolean
}

export interface Checked {
  readonly config: Config
  readonly effective: readonly Effective[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

export function checkConfig(gathered: Gathered, host: Host): Checked {
  const reader = createReader(gathered.settings)
  const config: Config = freeze({
    id: reader.read(keys.id, host.name),
    tenant: reader.read(keys.tenant, 'default'),
    namespace: reader.read(keys.namespace, 'default'),
    watchNamespaces: reader.read(keys.watchNamespaces, []),
    remainsFollower: reader.read(keys.remainsFollower, false),
    storageType: reader.read(keys.storageType, 'lease'),
    http: readHttp(reader),
    cluster: readCluster(reader),
    leader: readLeader(reader),
    terminationGracePeriodMs: reader.read(keys.terminationGracePeriod, 20_000, exactDuration),
    workers: reader.read(keys.workers, 16),
    log: {
      level: reader.read(keys.logLevel, 'info'),
      format: reader.read(keys.logFormat, host.isTerminal ? 'text' : 'json'),
    },
  })
  reader.refuseLater()
  return { config, effective: reader.effective, problems: reader.problems, warnings: reader.warnings }
}

function readHttp(reader: Reader): Config['http'] {
  const address = reader.readOptional(keys.httpAddress)
  return {
    port: reader.read(keys.port, 8080),
    ...(address === undefined ? {} : { address }),
    allowedHosts: reader.read(keys.allowedHosts, []),
    metricsPath: reader.read(keys.metricsPath, '/metrics'),
  }
}

function readCluster(reader: Reader): Config['cluster'] {
  const kubeconfig = reader.readOptional(keys.kubeconfig)
  const context = reader.readOptional(keys.context)
  return {
    name: reader.read(keys.clusterName, 'default'),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  }
}

function readLeader(reader: Reader): Config['leader'] {
  const leaseNamespace = reader.readOptional(keys.leaseNamespace)
  const leaseDurationMs = reader.read(keys.leaseDuration, 15_000, exactDuration)
  const renewDeadlineMs = reader.read(keys.renewDeadline, Math.floor((leaseDurationMs * 2) / 3), exactDuration)
  const retryPeriodMs = reader.read(keys.retryPeriod, Math.floor((leaseDurationMs * 2) / 15), exactDuration)
  const leader = {
    ...(leaseNamespace === undefined ? {} : { leaseNamespace }),
    leaseDurationMs,
    renewDeadlineMs,
    retryPeriodMs,
  }
  if (!reader.problems.some((problem) => problem.path?.startsWith('leader.'))) checkTiming(leader, reader)
  return leader
}

function checkTiming({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: Config['leader'], reader: Reader): void {
  // A write may start until the deadline less a fifth of the lease, and must be over before a rival may act.
  // 1.05 × (renewDeadline + leaseDuration / 5) ≤ leaseDuration, times 500 for whole numbers; 1.05: the rates of two clocks.
  const latestMs = Math.floor((395 * leaseDurationMs) / 525)
  if (renewDeadlineMs > latestMs)
    reader.refuse(
      keys.renewDeadline,
      `must be at most ${exactDuration(latestMs)} with a leader.leaseDuration of ${exactDuration(leaseDurationMs)}, so that the last write ends before another replica may act, got ${exactDuration(renewDeadlineMs)}`,
    )
  if (2 * retryPeriodMs > renewDeadlineMs)
    reader.refuse(
      keys.retryPeriod,
      `must be at most half of leader.renewDeadline (${exactDuration(renewDeadlineMs)}), so that one failed renewal does not end the leadership, got ${exactDuration(retryPeriodMs)}`,
    )
}

interface Reader {
  readonly effective: Effective[]
  readonly problems: Problem[]
  readonly warnings: Problem[]
  read<T>(key: Key<T>, fallback: T, show?: (value: T) => unknown): T
  readOptional<T>(key: Key<T>): T | undefined
  /** A rule between keys does not hold. */
  refuse(key: Key<unknown>, sentence: string): void
  refuseLater(): void
}

const strength: readonly Source[] = ['flag', 'env', 'file']

function createReader(settings: readonly Setting[]): Reader {
  const effective: Effective[] = []
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const find = <T>(key: Key<T>): { readonly value: T; readonly place: Place } | undefined => {
    const found = settingsOf(settings, key.path).flatMap(({ raw, place }) => {
      if (place.source === 'default') return []
      const parsed = key.parse(raw, place.source)
      if (parsed.type === 'problem') {
        const hint = parsed.hint === undefined ? '' : `; ${parsed.hint}`
        problems.push({ place, path: key.path, sentence: `${parsed.rule}, got ${shown(raw)}${hint}` })
        return []
      }
      if (parsed.warning !== undefined) warnings.push({ place, path: key.path, sentence: parsed.warning })
      return [{ value: parsed.value, place }]
    })
    return found[0]
  }
  const note = (key: Key<unknown>, value: unknown, place: Place): void => {
    effective.push({ path: key.path, value, place, secret: key.secret })
  }
  return {
    effective,
    problems,
    warnings,
    read: (key, fallback, show = (value) => value) => {
      const { value, place } = find(key) ?? { value: fallback, place: { source: 'default' } as const }
      note(key, show(value), place)
      return value
    },
    readOptional: (key) => {
      const found = find(key)
      note(key, found === undefined ? `(${key.default})` : found.value, found?.place ?? { source: 'default' })
      return found?.value
    },
    refuse: (key, sentence) => {
      const place = settingsOf(settings, key.path)[0]?.place ?? { source: 'default' }
      problems.push({ place, path: key.path, sentence })
    },
    refuseLater: () => {
      for (const { key, raw, place } of settings.filter(isRefused)) {
        problems.push({ place, path: key.path, sentence: key.refusal ?? '' })
        effective.push({ path: key.path, value: raw, place, secret: key.secret })
      }
    },
  }
}

/** Strongest source first; the last of several flags wins. */
function settingsOf(settings: readonly Setting[], of: string): readonly Setting[] {
  const rank = ({ place }: Setting): number => (place.source === 'default' ? 9 : strength.indexOf(place.source))
  return settings
    .filter(({ key }) => key.path === of)
    .toReversed()
    .toSorted((left, right) => rank(left) - rank(right))
}

/** False and 0 ask for nothing that a later version does. */
function isRefused({ key, raw }: Setting): boolean {
  return key.refusal !== undefined && !isOff(raw)
}

function isOff(raw: unknown): boolean {
  if (isEmpty(raw) || raw === false || raw === 0 || raw === 'false' || raw === '0') return true
  return typeof raw === 'object' && raw !== null && Object.values(raw).every(isOff)
}

function shown(raw: unknown): string {
  try {
    const text = JSON.stringify(raw)
    return text.length > 80 ? `${text.slice(0, 77)}...` : text
  } catch {
    return 'a value that refers to itself'
  }
}

function freeze<T>(of: T): T {
  if (typeof of === 'object' && of !== null) Object.values(Object.freeze(of)).forEach(freeze)
  return of
}
