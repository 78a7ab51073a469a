// The steps of the lock as SQL. Each is one statement and one transaction: READ COMMITTED judges the WHERE again on the
// newest row after it has waited for the row's lock, so of many rivals exactly one wins. Rows are never deleted.

/** For the person who may create it when we may not. */
export const TABLE = `CREATE TABLE IF NOT EXISTS highlander_lock (
  lock_key text PRIMARY KEY, claim text NOT NULL, seq bigint NOT NULL, holder text NOT NULL, cluster text NOT NULL,
  cluster_id text NOT NULL, fence text NOT NULL, epoch bigint NOT NULL, state text NOT NULL, drained boolean NOT NULL,
  request text NOT NULL, renewed_at timestamptz NOT NULL)`

/** $1 key */
export const READ = `SELECT claim, seq::text AS seq, holder, cluster, cluster_id, fence, epoch::text AS epoch, state, drained, request
  FROM highlander_lock WHERE lock_key = $1`

/** $1 key $2 claim $3 seq $4 holder $5 cluster $6 cluster_id $7 fence $8 minEpoch $9 expected; no row: changed. */
export const ACQUIRE = `INSERT INTO highlander_lock AS l
SELECT $1, $2, $3::bigint, $4, $5, $6, $7, $8::bigint, 'held', false, '', clock_timestamp()
 WHERE $9::text = '' OR EXISTS (SELECT FROM highlander_lock WHERE lock_key = $1)
ON CONFLICT (lock_key) DO UPDATE SET
  claim = EXCLUDED.claim, seq = GREATEST(CASE WHEN l.claim = EXCLUDED.claim THEN l.seq ELSE 0 END, EXCLUDED.seq),
  holder = EXCLUDED.holder, cluster = EXCLUDED.cluster, cluster_id = EXCLUDED.cluster_id, fence = EXCLUDED.fence,
  epoch = CASE WHEN l.claim = EXCLUDED.claim AND l.state = 'held' THEN GREATEST(l.epoch, EXCLUDED.epoch)
               ELSE GREATEST(l.epoch + 1, EXCLUDED.epoch) END,
  state = 'held', drained = false,
  request = CASE WHEN l.claim = EXCLUDED.claim AND l.state = 'held' THEN l.request ELSE '' END,
  renewed_at = EXCLUDED.renewed_at
 WHERE (l.claim = EXCLUDED.claim AND l.state = 'held') OR l.claim || ':' || l.seq = $9::text
RETURNING epoch::text AS epoch`

/** $1 key $2 claim $3 seq; no row: stale, lost or missing, as READ tells. */
export const RENEW = `UPDATE highlander_lock SET seq = $3::bigint, renewed_at = clock_timestamp()
 WHERE lock_key = $1 AND claim = $2 AND state = 'held' AND seq < $3::bigint RETURNING request`

/** $1 key $2 claim $3 seq $4 drained $5 request; no row: lost. */
export const RELEASE = `UPDATE highlander_lock SET state = 'released', seq = GREATEST(seq + 1, $3::bigint), drained = $4,
  request = COALESCE(NULLIF($5, ''), request)
 WHERE lock_key = $1 AND claim = $2 AND state = 'held' RETURNING seq`

/** $1 key $2 expected $3 cluster; no row: changed. */
export const ASK = `UPDATE highlander_lock SET request = $3 WHERE lock_key = $1 AND claim || ':' || seq = $2 RETURNING seq`

/** Whether the Go version's table is there; asked once a minute. */
export const HAS_GO_TABLE = `SELECT to_regclass('leader_locks') IS NOT NULL AS found`

/** $1 key. What the Go version holds: its lock counts while it moves, and until it has expired. */
export const READ_GO = `SELECT value AS holder, version::text || ' ' || expires_at::text AS version, expires_at > clock_timestamp() AS live
  FROM leader_locks WHERE key = $1`
