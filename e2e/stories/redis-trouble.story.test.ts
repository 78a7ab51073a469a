// Everything that can go wrong with a real Redis: gone, frozen, full, a copy, closed to us, replaced by another one.
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisLockKey } from '#leader/redis-lock-store.ts'
import { systemClock } from '#lib/clock.ts'
import { pickPorts } from '../cluster/ports.ts'
import { createAuthority, issueIdentity } from '../cluster/x509.ts'
import { never, take } from '../stores/claim.ts'
import { openRedisRig, TENANT } from '../stores/redis-rig.ts'
import { useRig } from '../stores/use-rig.ts'
import { eventually } from '../support/world.ts'

const KEY = redisLockKey(TENANT)

const rig = useRig('redis', openRedisRig)

describe('a Redis in trouble', () => {
  it('that is not there is told in a sentence, at once', async () => {
    const [port = 0] = await pickPorts(1)

    await expect(rig().store({}, port).read(never)).rejects.toMatchObject({
      reason: 'unavailable',
      message: expect.stringMatching(/^Redis cannot be reached: .*ECONNREFUSED/),
    })
  })

  it('that stands still is given up in time, and what it was sent never arrives', async () => {
    await using frozen = await rig().start()
    const store = rig().store({}, frozen.port)
    await take(store)
    frozen.process().pause()

    await expect(store.renew({ claim: 'a', seq: 2n }, never)).rejects.toMatchObject({ reason: 'timeout' })
    await expect(store.renew({ claim: 'a', seq: 3n }, never)).rejects.toMatchObject({ name: 'TransientError' })
    frozen.process().resume()

    const seen = await eventually('an answer', () => store.read(never))
    expect(seen).toMatchObject({ type: 'record', record: { claim: 'a' } })
    expect(await store.renew({ claim: 'a', seq: 4n }, never)).toEqual({ type: 'renewed', request: '' })
  })

  it('lets go of a call whose signal fires', async () => {
    await using frozen = await rig().start()
    const store = rig().store({}, frozen.port)
    await take(store)
    frozen.process().pause()
    const stop = new AbortController()

    const call = store.read(stop.signal)
    stop.abort()

    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    frozen.process().resume()
  })

  it('with a password and users lets in who has the right one', async () => {
    const rights = [
      '+eval',
      '+role',
      '+type',
      '+get',
      '+hgetall',
      '+hmget',
      '+hset',
      '+del',
      '+info',
      '+select',
      '+client',
    ]
    const users = [
      ['requirepass', 'the-right-one'],
      ['user', 'lock', 'on', '>of-lock', `~${KEY}`, ...rights],
      ['user', 'poor', 'on', '>of-poor', '~*', '+info', '+role', '+client'],
    ]
    await using closed = await rig().start({ settings: users })
    const refused = { reason: 'unauthorized', message: expect.stringContaining('Redis refused user name or password') }

    await expect(rig().store({}, closed.port).read(never)).rejects.toMatchObject(refused)
    await expect(rig().store({ password: 'wrong' }, closed.port).read(never)).rejects.toMatchObject(refused)
    expect(await take(rig().store({ username: 'lock', password: 'of-lock' }, closed.port))).toMatchObject({ epoch: 1n })
    expect(await rig().store({ password: 'the-right-one' }, closed.port).read(never)).toMatchObject({ version: 'a:1' })
    await expect(rig().store({ username: 'poor', password: 'of-poor' }, closed.port).read(never)).rejects.toMatchObject(
      {
        reason: 'forbidden',
      },
    )
  })

  it('never has its password in a message', async () => {
    await using closed = await rig().start({ settings: [['requirepass', 'the-right-one']] })

    const failed: unknown = await rig()
      .store({ password: 'SECRET' }, closed.port)
      .read(never)
      .catch((error: unknown) => error)

    expect(String(failed)).not.toContain('SECRET')
  })

  it('without that database says so', async () => {
    await expect(rig().store({ db: 99 }).read(never)).rejects.toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('no database of that number'),
    })
  })

  it('keeps databases apart', async () => {
    await take(rig().store())

    expect(await rig().store({ db: 3 }).read(never)).toEqual({ type: 'absent' })
  })

  it('that is a copy is refused, also when it becomes one later', async () => {
    await using copy = await rig().start({ settings: [['replicaof', '127.0.0.1', String(rig().server.port)]] })
    const told = { message: expect.stringContaining('read-only copy') }

    await expect(rig().store({}, copy.port).read(never)).rejects.toMatchObject(told)

    await using demoted = await rig().start()
    const store = rig().store({}, demoted.port)
    await take(store)
    const other = new Redis({ port: demoted.port })
    await other.replicaof('127.0.0.1', rig().server.port)
    other.disconnect()
    await expect(store.renew({ claim: 'a', seq: 2n }, never)).rejects.toMatchObject(told)
  })

  it('that has no room is told, and keeps what it has', async () => {
    await using full = await rig().start()
    const store = rig().store({}, full.port)
    await take(store)
    const other = new Redis({ port: full.port })
    await other.config('SET', 'maxmemory', '1')
    other.disconnect()

    await expect(store.renew({ claim: 'a', seq: 2n }, never)).rejects.toMatchObject({
      message: expect.stringContaining('accepts no writes'),
    })
    expect(await store.read(never)).toMatchObject({ version: 'a:1' })
  })

  it('is reached over TLS with an authority of its own, and not without it', async () => {
    const authority = createAuthority('authority of redis', systemClock.now())
    const identity = issueIdentity(authority, { commonName: 'redis', addresses: ['127.0.0.1'] }, systemClock.now())
    await using sealed = await rig().start({ tls: { ca: authority.certificate, ...identity } })

    expect(await take(rig().store({ tls: { ca: authority.certificate } }, sealed.port))).toMatchObject({ epoch: 1n })
    await expect(rig().store({ tls: {} }, sealed.port).read(never)).rejects.toMatchObject({
      message: expect.stringContaining('TLS'),
    })
  })
})

describe('Sentinel', () => {
  it('leads to the primary, and to the next one after a fail-over', async () => {
    await using primary = await rig().start()
    await using copy = await rig().start({ settings: [['replicaof', '127.0.0.1', String(primary.port)]] })
    await using sentinel = await rig().start({ sentinelOf: { master: 'lock', port: primary.port } })
    const addresses = [{ host: '127.0.0.1', port: sentinel.port }]
    const store = rig().store({ addresses, sentinel: { master: 'lock' } })
    expect(await eventually('an acquired lock', () => take(store))).toMatchObject({ type: 'acquired' })
    await eventually('a copy that is up to date', async () => {
      const other = new Redis({ port: copy.port })
      const there = await other.exists(KEY)
      other.disconnect()
      return there === 1
    })

    await primary.process().kill()

    const seen = await eventually('an answer of the next primary', () => store.renew({ claim: 'a', seq: 9n }, never))
    expect(seen).toEqual({ type: 'renewed', request: '' })
  })
})
