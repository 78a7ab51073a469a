// THE table of configuration keys: what may be set, where, and what it means. Loading, checking, --help and the
// documentation follow from it. Keys of versions to come are in later-keys.ts, so that setting one gives a sentence
// instead of silence.
import type { Parse, Parsed } from './parse.ts'
import { boolean, duration, integer, list, oneOf, text } from './parse.ts'

export interface KeyInfo {
  /** As in the file, with dots. */
  readonly path: string
  /** For people. */
  readonly type: string
  /** For people; what holds when nothing is set. */
  readonly default: string
  /** Name of the environment variable; a last `*` stands for any ending. */
  readonly variable?: string
  readonly flag?: string
  /** The value is never shown. */
  readonly secret: boolean
  readonly description: string
  /** Set: this version refuses the key with this sentence. */
  readonly refusal?: string
}

export interface Key<T> extends KeyInfo {
  readonly parse: Parse<T>
}

export const NO_STORE = "is not available in this version; use 'lease' (no store needed)"

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const LABEL_RULE = "must be 1 to 63 letters, digits, '-', '_' or '.', starting and ending with a letter or digit"
const DNS_RULE = "must be 1 to 63 lower-case letters, digits or '-', starting and ending with a letter or digit"
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/
const IP_ADDRESS = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/
// Not a path that is served already.
const METRICS_PATH = /^\/(?!$|(healthz|readyz|health|status|dashboard)$|(api|debug)(\/|$))[A-Za-z0-9._~/-]*$/

const identity = {
  id: key('id', text(/^[A-Za-z0-9._-]{1,253}$/, "must be 1 to 253 letters, digits, '.', '_' or '-'"), {
    type: 'string',
    default: 'host name',
    variable: 'HIGHLANDER_ID',
    flag: '--id',
    description: 'Name of this replica for people. Two replicas with one id are safe, but hard to tell apart.',
  }),
  tenant: key('tenant', text(LABEL_VALUE, LABEL_RULE), {
    type: 'string',
    default: 'default',
    variable: 'HIGHLANDER_TENANT',
    flag: '--tenant',
    description: 'Replicas of one tenant elect one leader. Resources belong to the tenant their label names.',
  }),
  namespace: key('namespace', text(DNS_LABEL, DNS_RULE), {
    type: 'string',
    default: 'default',
    variable: 'HIGHLANDER_NAMESPACE',
    flag: '--namespace',
    description: 'Namespace of the tenant: resources in it that carry no tenant label belong to this tenant.',
  }),
  watchNamespaces: key('watch.namespaces', list(DNS_LABEL, `must be at most 200 namespaces; each ${DNS_RULE}`, 200), {
    type: 'list',
    default: 'all',
    variable: 'HIGHLANDER_WATCH_NAMESPACES',
    flag: '--watch-namespaces',
    description: 'Namespaces to look at; names between commas in the variable and the flag.',
  }),
  remainsFollower: key('remainsFollower', boolean(), {
    type: 'boolean',
    default: 'false',
    variable: 'HIGHLANDER_REMAINS_FOLLOWER',
    flag: '--remains-follower',
    description: 'Never tries to lead; ready and warm.',
  }),
} as const

const http = {
  port: key('port', integer(0, 65_535), {
    type: 'integer',
    default: '8080',
    variable: 'HIGHLANDER_PORT',
    flag: '--port',
    description: 'Port of probes, API and metrics; 0 picks a free one, which is logged.',
  }),
  httpAddress: key('http.address', text(IP_ADDRESS, "must be an IP address such as '127.0.0.1' or '::'"), {
    type: 'string',
    default: 'all',
    variable: 'HIGHLANDER_HTTP_ADDRESS',
    description: 'IP address to listen on.',
  }),
  allowedHosts: key('http.allowedHosts', list(HOST_NAME, 'must be at most 100 host names without port', 100), {
    type: 'list',
    default: 'none',
    variable: 'HIGHLANDER_ALLOWED_HOSTS',
    description:
      'Host names under which the operator may be asked, beside IP addresses, localhost, names without a dot and names of cluster Services.',
  }),
  metricsPath: key('metrics.path', text(METRICS_PATH, "must be a path such as '/metrics' that serves nothing else"), {
    type: 'string',
    default: '/metrics',
    variable: 'HIGHLANDER_METRICS_PATH',
    description: 'Path of the Prometheus metrics.',
  }),
} as const

const cluster = {
  storageType: key('storageType', storageType, {
    type: 'enum',
    default: 'lease',
    variable: 'HIGHLANDER_STORAGE_TYPE',
    flag: '--storage-type',
    description: "Where the leader is elected: 'lease' is a Lease in the Kubernetes cluster itself.",
  }),
  clusterName: key('cluster.name', text(LABEL_VALUE, LABEL_RULE), {
    type: 'string',
    default: 'default',
    variable: 'HIGHLANDER_CLUSTER_NAME',
    flag: '--cluster-name',
    description: 'Name of this cluster for people; selects the kubeconfig entry of that name when there is one.',
  }),
  kubeconfig: key('cluster.kubeconfig', text(/^[^\0]{1,4096}$/, 'must be a path'), {
    type: 'path',
    default: 'service account of the pod, else $KUBECONFIG, else ~/.kube/config',
    variable: 'HIGHLANDER_KUBECONFIG',
    flag: '--kubeconfig',
    description: 'How to reach the API server. A file that is missing is looked for again every few seconds.',
  }),
  context: key('cluster.context', text(/^[^\0]{1,512}$/, 'must be the name of a context'), {
    type: 'string',
    default: 'the current one, or the one whose cluster is `cluster.name`',
    variable: 'HIGHLANDER_CONTEXT',
    description: 'Context of the kubeconfig.',
  }),
} as const

const work = {
  leaseNamespace: key('leader.leaseNamespace', text(DNS_LABEL, DNS_RULE), {
    type: 'string',
    default: 'namespace of the pod, else of the context, else `default`',
    variable: 'HIGHLANDER_LEASE_NAMESPACE',
    description: 'Namespace of the Lease. Must be the same for all replicas of a tenant in one cluster.',
  }),
  leaseDuration: key('leader.leaseDuration', duration({ minMs: 3_000, maxMs: 600_000, secondsInVariable: true }), {
    type: 'duration',
    default: '15s',
    variable: 'HIGHLANDER_LEADER_LOCK_TTL',
    description: 'Silence of the leader after which another replica takes over.',
  }),
  renewDeadline: key('leader.renewDeadline', duration({ minMs: 1_000, maxMs: 600_000 }), {
    type: 'duration',
    default: '2/3 of leader.leaseDuration',
    variable: 'HIGHLANDER_LEADER_RENEW_DEADLINE',
    description: 'A leader that could not renew for this long stops writing.',
  }),
  retryPeriod: key('leader.retryPeriod', duration({ minMs: 200, maxMs: 600_000, secondsInVariable: true }), {
    type: 'duration',
    default: '2/15 of leader.leaseDuration',
    variable: 'HIGHLANDER_LEADER_RENEW_INTERVAL',
    description: 'Time between two renewals.',
  }),
  terminationGracePeriod: key('terminationGracePeriod', duration({ minMs: 1_000, maxMs: 600_000 }), {
    type: 'duration',
    default: '20s',
    variable: 'HIGHLANDER_TERMINATION_GRACE_PERIOD',
    description: 'Longest shutdown. Must stay below the grace period of the pod.',
  }),
  workers: key('reconcile.workers', integer(1, 64), {
    type: 'integer',
    default: '16',
    variable: 'HIGHLANDER_WORKERS',
    description: 'Workloads that are reconciled at the same time.',
  }),
  logLevel: key('log.level', oneOf(['debug', 'info', 'warn', 'error']), {
    type: 'enum',
    default: 'info',
    variable: 'HIGHLANDER_LOG_LEVEL',
    flag: '--log-level',
    description: 'Least important level that is logged: debug, info, warn or error.',
  }),
  logFormat: key('log.format', oneOf(['json', 'text']), {
    type: 'enum',
    default: 'json; text on a terminal',
    variable: 'HIGHLANDER_LOG_FORMAT',
    flag: '--log-format',
    description: 'json: one object per line; text: the same fields for people.',
  }),
} as const

export const keys = { ...identity, ...http, ...cluster, ...work } as const

type Words = Omit<KeyInfo, 'path' | 'secret'>

function key<T>(path: string, parse: Parse<T>, words: Words): Key<T> {
  return { path, parse, secret: false, ...words }
}

function storageType(raw: unknown): Parsed<'lease'> {
  if (raw === 'lease') return { type: 'value', value: 'lease' }
  const rule = "must be 'lease'"
  if (raw === 'redis' || raw === 'db') return { type: 'problem', rule, hint: `storageType '${raw}' ${NO_STORE}` }
  return { type: 'problem', rule, ...(raw === 'spanner' ? { hint: 'Spanner is not supported' } : {}) }
}
