// The lock in a real PostgreSQL: the contract of all stores, what is special about it, and everything that can go wrong.
import { describe, expect, it } from 'vitest'
import { dbLockKey } from '#leader/db-lock-store.ts'
import { systemClock } from '#lib/clock.ts'
import { describeLockStore } from '#testing/lock-store-contract.ts'
import { pickPorts } from '../cluster/ports.ts'
import { createAuthority, issueIdentity } from '../cluster/x509.ts'
import { claim, never, take } from '../stores/claim.ts'
import { openPostgresRig, TENANT } from '../stores/postgres-rig.ts'
import { useRig } from '../stores/use-rig.ts'
import { eventually } from '../support/world.ts'

const KEY = dbLockKey(TENANT)
const GO_TABLE = `CREATE TABLE leader_locks (key text PRIMARY KEY, value text, cluster_name text, metadata text,
  created_at timestamptz, updated_at timestamptz, expires_at timestamptz, version bigint)`

const rig = useRig('postgres', openPostgresRig)

describe('a real server', () => {
  describeLockStore('postgres', async () => {
    await rig().reset()
    return () => rig().store()
  })
})

describe('the lock in PostgreSQL', () => {
  it('keeps everything that is known of the holder', async () => {
    const store = rig().store()
    await take(store)
    await store.release({ claim: 'a', seq: 2n, drained: true, request: 'west' }, never)

    expect(await store.read(never)).toEqual({
      type: 'record',
      version: 'a:2',
      record: { ...claim, seq: 2n, epoch: 1n, state: 'released', drained: true, request: 'west' },
    })
  })

  it('writes a request into the record of another cluster, and only into the version it has seen', async () => {
    const store = rig().store()
    await take(store)

    expect(await store.ask('a:0', 'west', never)).toBe('changed')
    expect(await store.ask('a:1', 'west', never)).toBe('asked')
    expect(await store.renew({ claim: 'a', seq: 2n }, never)).toEqual({ type: 'renewed', request: 'west' })
  })

  it('raises the epoch of its own claim to the floor', async () => {
    const store = rig().store()
    await take(store)

    const again = await store.acquire({ ...claim, seq: 2n }, { expected: '', minEpoch: 9n }, never)

    expect(again).toEqual({ type: 'acquired', epoch: 9n })
  })

  it('respects what the Go version holds, until it has expired and stands still', async () => {
    await rig().hand(GO_TABLE)
    const until = (when: string, version: number) =>
      rig()
        .hand(`INSERT INTO leader_locks (key, value, expires_at, version) VALUES ('${KEY}', 'go-1', ${when}, ${version})
        ON CONFLICT (key) DO UPDATE SET expires_at = EXCLUDED.expires_at, version = EXCLUDED.version`)
    await until("now() + interval '1 hour'", 1)
    const store = rig().store()

    expect(await store.read(never)).toEqual({ type: 'foreign', holder: 'go-1' })
    expect(await take(store)).toEqual({ type: 'foreign' })
    await until("now() - interval '1 hour'", 2)
    // Its clock may be wrong: it still moves.
    expect(await store.read(never)).toEqual({ type: 'foreign', holder: 'go-1' })

    expect(await eventually('an expired row', async () => (await take(store)).type === 'acquired')).toBe(true)
    await until("now() + interval '1 hour'", 3)
    expect(await store.renew({ claim: 'a', seq: 2n }, never)).toEqual({ type: 'foreign' })
  })

  it('says that the record is missing after it was deleted, and takes it again with a higher epoch', async () => {
    const store = rig().store()
    await take(store)
    await rig().hand('DELETE FROM highlander_lock')

    expect(await store.renew({ claim: 'a', seq: 2n }, never)).toEqual({ type: 'missing' })
    const again = await store.acquire({ ...claim, seq: 3n }, { expected: '', minEpoch: 2n }, never)
    expect(again).toEqual({ type: 'acquired', epoch: 2n })
  })

  it('goes on after its connection was ended by the server', async () => {
    const store = rig().store()
    await take(store)
    await rig().hand(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'k8-highlander/${TENANT}'`,
    )

    const answer = await eventually('an answer', () => store.renew({ claim: 'a', seq: 5n }, never))
    expect(answer).toEqual({ type: 'renewed', request: '' })
  })
})

describe('a PostgreSQL in trouble', () => {
  it('that is not there is told in a sentence, at once', async () => {
    const [port = 0] = await pickPorts(1)

    await expect(rig().store({ port }).read(never)).rejects.toMatchObject({
      reason: 'unavailable',
      message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
    })
  })

  it('that stands still is given up in time', async () => {
    await using frozen = await rig().start()
    const store = rig().store({ port: frozen.port })
    await take(store)
    const { rows } = {
      rows: await rig().hand("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'k8%'", frozen.port),
    }
    const backend = Number(rows[0]?.['pid'])
    process.kill(backend, 'SIGSTOP')

    await expect(store.renew({ claim: 'a', seq: 2n }, never)).rejects.toMatchObject({ reason: 'timeout' })
    process.kill(backend, 'SIGCONT')

    const answer = await eventually('an answer', () => store.renew({ claim: 'a', seq: 9n }, never))
    expect(answer).toEqual({ type: 'renewed', request: '' })
  })

  it('where somebody else holds the row answers in time', async () => {
    const store = rig().store()
    await take(store)
    const held = rig().hand('BEGIN; SELECT * FROM highlander_lock FOR UPDATE; SELECT pg_sleep(3); COMMIT')
    await eventually('a held row', async () => {
      const waiting = await rig().hand(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND wait_event = 'PgSleep'",
      )
      return waiting.length > 0
    })

    await expect(store.renew({ claim: 'a', seq: 2n }, never)).rejects.toMatchObject({ reason: 'timeout' })
    await held
    expect(await store.renew({ claim: 'a', seq: 3n }, never)).toEqual({ type: 'renewed', request: '' })
  })

  it('lets in who has the right password, and never repeats a wrong one', async () => {
    await using closed = await rig().start({
      access: ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256'],
    })
    await rig().hand(
      "CREATE ROLE locker LOGIN PASSWORD 'the-right-one'; GRANT CREATE ON SCHEMA public TO locker",
      closed.port,
    )
    const locker = { port: closed.port, user: 'locker' }

    const failed: unknown = await rig()
      .store({ ...locker, password: 'SECRET' })
      .read(never)
      .catch((error: unknown) => error)

    expect(failed).toMatchObject({ reason: 'unauthorized' })
    expect(String(failed)).not.toContain('SECRET')
    expect(await take(rig().store({ ...locker, password: 'the-right-one' }))).toMatchObject({ epoch: 1n })
  })

  it('without that database says so', async () => {
    await expect(rig().store({ database: 'nowhere' }).read(never)).rejects.toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('no database of that name'),
    })
  })

  it('that lets nobody create the table says what to run', async () => {
    await rig().hand('DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC')

    const failed: unknown = await rig()
      .store({ user: 'poor' })
      .read(never)
      .catch((error: unknown) => error)

    expect(failed).toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('CREATE TABLE IF NOT EXISTS'),
    })
    const advice = /may run: (.*)$/s.exec(String(failed))?.[1] ?? ''
    await rig().hand(advice)
    expect(await take(rig().store({ user: 'poor' }))).toMatchObject({ epoch: 1n })
  })

  it('that is a copy is refused', async () => {
    await using copy = await rig().start({ copyOf: rig().server.port })

    await expect(rig().store({ port: copy.port }).read(never)).rejects.toMatchObject({
      message: expect.stringContaining('read-only copy'),
    })
  })

  it('is reached over TLS with an authority of its own, and not without it', async () => {
    const authority = createAuthority('authority of postgres', systemClock.now())
    const names = { commonName: 'postgres', addresses: ['127.0.0.1'] }
    await using sealed = await rig().start({
      tls: issueIdentity(authority, names, systemClock.now()),
      access: ['hostssl all all 127.0.0.1/32 trust'],
    })
    const { port } = sealed
    const checked = { verify: true, verifyName: true }

    expect(await take(rig().store({ port, tls: { ...checked, ca: authority.certificate } }))).toMatchObject({
      epoch: 1n,
    })
    expect(
      await rig()
        .store({ port, tls: { verify: false, verifyName: false } })
        .read(never),
    ).toMatchObject({
      version: 'a:1',
    })
    await expect(rig().store({ port, tls: checked }).read(never)).rejects.toMatchObject({
      message: expect.stringContaining('TLS'),
    })
    await expect(rig().store({ port }).read(never)).rejects.toMatchObject({ reason: 'unauthorized' })
  })
})
