// A redis-server for a file of tests, a hand to reach into it, and stores as operators open them.
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import type { LockStore } from '#leader/lock-store.ts'
import { connectRedis, type RedisSettings } from '#leader/redis-connection.ts'
import { createRedisLockStore } from '#leader/redis-lock-store.ts'
import { systemClock } from '#lib/clock.ts'
import { pickPorts } from '../cluster/ports.ts'
import { startRedis, type RedisServerOptions } from './redis-server.ts'
import type { StoreServer } from './server.ts'

const CALL_MS = 2_000
export const TENANT = 'team'

export interface RedisRig extends AsyncDisposable {
  readonly server: StoreServer
  /** Reaches around the store. */
  readonly hand: Redis
  /** Another server; whoever starts it ends it. */
  start(options?: Partial<RedisServerOptions>): Promise<StoreServer>
  /** A store with a connection of its own. */
  store(settings?: Partial<RedisSettings>, port?: number): LockStore
  /** Everything that was stored and opened so far goes. */
  reset(): Promise<void>
}

/** `file`: the program. */
export async function openRedisRig(file: string): Promise<RedisRig> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'story-redis-'))
  const connections = new AsyncDisposableStack()
  const start: RedisRig['start'] = async (options = {}) => {
    const [port = 0] = await pickPorts(1)
    return await startRedis({ file, folder, port, ...options })
  }
  const server = await start()
  const hand = new Redis({ port: server.port, lazyConnect: true })
  hand.on('error', () => undefined)
  return {
    server,
    hand,
    start,
    store: (settings = {}, port = server.port) => {
      const all = { addresses: [{ host: '127.0.0.1', port }], db: 0, ...settings }
      return createRedisLockStore(connections.use(connectRedis(all, CALL_MS, systemClock)), TENANT, systemClock)
    },
    reset: async () => {
      await hand.flushall()
    },
    [Symbol.asyncDispose]: async () => {
      await connections.disposeAsync()
      hand.disconnect()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
