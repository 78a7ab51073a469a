// A PostgreSQL for a file of tests, a hand to reach into it, and stores as operators open them.
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { connectDb, type DbSettings } from '#leader/db-connection.ts'
import { createDbLockStore } from '#leader/db-lock-store.ts'
import type { LockStore } from '#leader/lock-store.ts'
import { systemClock } from '#lib/clock.ts'
import { pickPorts } from '../cluster/ports.ts'
import { startPostgres, type PostgresServerOptions } from './postgres-server.ts'
import type { StoreServer } from './server.ts'

const CALL_MS = 2_000
const LEASE_MS = 1_000
export const TENANT = 'team'

export interface PostgresRig extends AsyncDisposable {
  readonly server: StoreServer
  /** Runs a statement around the store. */
  hand(statement: string, port?: number): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Another server; whoever starts it ends it. */
  start(options?: Partial<PostgresServerOptions>): Promise<StoreServer>
  /** A store with a connection of its own. */
  store(settings?: Partial<DbSettings>): LockStore
  /** Both tables go. */
  reset(): Promise<void>
}

/** `file`: the program. */
export async function openPostgresRig(file: string): Promise<PostgresRig> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'story-postgres-'))
  const connections = new AsyncDisposableStack()
  const start: PostgresRig['start'] = async (options = {}) => {
    const [port = 0] = await pickPorts(1)
    return await startPostgres({ file, folder, port, ...options })
  }
  const server = await start()
  const hand: PostgresRig['hand'] = async (statement, port = server.port) => {
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    await client.connect()
    try {
      return (await client.query<Readonly<Record<string, unknown>>>(statement)).rows
    } finally {
      await client.end()
    }
  }
  return {
    server,
    hand,
    start,
    store: (settings = {}) => {
      const all = { host: '127.0.0.1', port: server.port, database: 'postgres', user: 'postgres', ...settings }
      const connection = connections.use(connectDb(all, `k8-highlander/${TENANT}`, CALL_MS))
      return createDbLockStore({ connection, tenant: TENANT, clock: systemClock, leaseDurationMs: LEASE_MS })
    },
    reset: async () => {
      await hand('DROP TABLE IF EXISTS highlander_lock, leader_locks')
    },
    [Symbol.asyncDispose]: async () => {
      await connections.disposeAsync()
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
