// Keys of the Go version and of versions to come. They are known, so that a typo in them is not mistaken for them,
// and refused by name: a key that is accepted and then ignored would be a lie.
import type { KeyInfo } from './keys.ts'
import { NO_STORE } from './keys.ts'

const LATER = 'is not available in this version; remove it'

const redisKeys: readonly KeyInfo[] = [
  later('redis.addr', { variable: 'HIGHLANDER_REDIS_ADDR', flag: '--redis-addr' }),
  later('redis.username', { variable: 'HIGHLANDER_REDIS_USERNAME' }),
  later('redis.password', { variable: 'HIGHLANDER_REDIS_PASSWORD', flag: '--redis-password', secret: true }),
  later('redis.db', { variable: 'HIGHLANDER_REDIS_DB', flag: '--redis-db' }),
  later('redis.tls', { variable: 'HIGHLANDER_REDIS_TLS*' }),
  later('redis.sentinel', { variable: 'HIGHLANDER_REDIS_SENTINEL_*', secret: true }),
  later('redis.cluster', {}),
].map((key) => ({ ...key, refusal: needs('redis') }))

const otherStores: readonly KeyInfo[] = [
  {
    ...later('databaseURL', { variable: 'HIGHLANDER_DATABASE_URL', flag: '--database-url', secret: true }),
    refusal: needs('db'),
  },
  {
    ...later('spanner', { variable: 'HIGHLANDER_SPANNER_*', secret: true }),
    refusal: "Spanner is not supported; use storageType 'lease' (no store needed)",
  },
]

const workloads: KeyInfo = {
  // Environment values stand in there.
  ...later('workloads', { secret: true }),
  refusal: 'workloads in the configuration file are not available in this version; apply them as resources',
}

/** A path may stand for a whole mapping. */
export const laterKeys: readonly KeyInfo[] = [
  ...redisKeys,
  ...otherStores,
  workloads,
  later('http.basePath', { variable: 'HIGHLANDER_BASE_PATH' }),
  later('http.trustedProxies', { variable: 'HIGHLANDER_TRUSTED_PROXIES' }),
  later('http.tls', { variable: 'HIGHLANDER_TLS_*' }),
  later('http.maxStreams', { variable: 'HIGHLANDER_MAX_STREAMS' }),
  later('cluster.id', { variable: 'HIGHLANDER_CLUSTER_ID' }),
  later('cluster.takeoverAfter', { variable: 'HIGHLANDER_CLUSTER_TAKEOVER_AFTER' }),
  later('cluster.drainTimeout', { variable: 'HIGHLANDER_CLUSTER_DRAIN_TIMEOUT' }),
  later('cluster.takeover', { variable: 'HIGHLANDER_CLUSTER_TAKEOVER' }),
  later('cluster.failback', {}),
  later('cluster.preferred', {}),
  later('cluster.external', {}),
  later('cluster.peers', {}),
  later('metrics.port', { variable: 'HIGHLANDER_METRICS_PORT', flag: '--metrics-port' }),
  later('metrics.secure', { variable: 'HIGHLANDER_METRICS_SECURE' }),
  later('metrics.workloadDetail', { variable: 'HIGHLANDER_METRICS_WORKLOAD_DETAIL' }),
  later('auth', { variable: 'HIGHLANDER_AUTH_*' }),
  later('dashboard', { variable: 'HIGHLANDER_DASHBOARD_*' }),
  later('otel', { variable: 'HIGHLANDER_OTEL_*' }),
]

function needs(store: string): string {
  return `needs storageType '${store}', which ${NO_STORE}`
}

function later(path: string, where: Partial<Pick<KeyInfo, 'variable' | 'flag' | 'secret'>>): KeyInfo {
  return { path, type: '', default: '', secret: false, description: '', refusal: LATER, ...where }
}
