// One connection to the PostgreSQL that keeps the lock, and no pool: a statement runs at once or fails. It promises that
// after a time-out the socket is gone, so that nothing of the statement can still be sent, that a read-only server is
// refused, and that the table is there. Each failure is a sentence that says what to change.
import net from 'node:net'
import { Client, DatabaseError, type ClientConfig } from 'pg'
import { orAbort } from '#lib/abort.ts'
import { isAbort, messageOf, TransientError, type ErrorReason } from '#lib/errors.ts'
import { TABLE } from './db-statements.ts'

export interface DbSettings {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** Left out: the password file of libpq (PGPASSFILE, else ~/.pgpass) is asked. */
  readonly password?: string
  /** Left out: no TLS. */
  readonly tls?: DbTls
}

interface DbTls {
  /** false: encrypted, but anybody may be at the other end (sslmode=require). */
  readonly verify: boolean
  /** false: any name will do (sslmode=verify-ca). */
  readonly verifyName: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export type Row = Readonly<Record<string, unknown>>

export interface DbConnection extends AsyncDisposable {
  /** Throws TransientError; AbortError when the signal fires. */
  run(statement: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]>
}

/** `callMs`: the longest a call may take; the other limits follow from it. `name`: for pg_stat_activity. */
export function connectDb(settings: DbSettings, name: string, callMs: number): DbConnection {
  return new LockConnection(settings, name, callMs)
}

class LockConnection implements DbConnection {
  readonly #settings: DbSettings
  readonly #name: string
  readonly #callMs: number
  #open: Promise<Client> | undefined
  #socket: net.Socket | undefined

  constructor(settings: DbSettings, name: string, callMs: number) {
    this.#settings = settings
    this.#name = name
    this.#callMs = callMs
  }

  async run(statement: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]> {
    signal.throwIfAborted()
    try {
      this.#open ??= this.#connect()
      const client = await orAbort(this.#open, signal)
      const { rows } = await orAbort(client.query<Row>(statement, [...values]), signal)
      return rows
    } catch (error) {
      // What the server has refused in so many words leaves the connection usable; anything else leaves it in doubt.
      if (!(error instanceof DatabaseError) || isFatal(error)) this.#drop()
      if (isAbort(error) || error instanceof TransientError) throw error
      throw translate(error, this.#settings)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open
    this.#open = undefined
    const client = await open?.catch(() => undefined)
    await client?.end().catch(() => undefined)
    this.#socket?.destroy()
  }

  #drop(): void {
    this.#open = undefined
    this.#socket?.destroy()
    this.#socket = undefined
  }

  async #connect(): Promise<Client> {
    const socket = new net.Socket()
    this.#socket = socket
    const client = new Client(configOf(this.#settings, this.#name, this.#callMs, socket))
    client.on('error', () => {
      // The connection broke between two calls: the next one opens another.
      if (this.#socket === socket) this.#drop()
    })
    await client.connect()
    await this.#prepare(client)
    return client
  }

  async #prepare(client: Client): Promise<void> {
    const { rows } = await client.query<{ readonly copy: boolean; readonly found: boolean }>(
      "SELECT pg_is_in_recovery() AS copy, to_regclass('highlander_lock') IS NOT NULL AS found",
    )
    if (rows[0]?.copy === true) throw readOnly()
    if (rows[0]?.found === true) return
    try {
      await client.query(TABLE)
    } catch (error) {
      // Somebody else was faster: then it is there.
      if (error instanceof DatabaseError && error.code === '23505') return
      if (!(error instanceof DatabaseError) || error.code !== '42501') throw error
      throw new TransientError(
        `the table highlander_lock is missing, and '${this.#settings.user}' may not create it (${error.message}). ` +
          `Let somebody who may run: ${TABLE}; GRANT SELECT, INSERT, UPDATE ON highlander_lock TO "${this.#settings.user}"`,
        { cause: error, reason: 'forbidden' },
      )
    }
  }
}

function configOf(settings: DbSettings, name: string, callMs: number, socket: net.Socket): ClientConfig {
  const { host, port, database, user, password, tls } = settings
  return {
    host,
    port,
    database,
    user,
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { ssl: tlsOf(tls, host) }),
    // Ours, so that it can be closed under everything that is built on it.
    stream: () => socket,
    connectionTimeoutMillis: callMs / 2,
    query_timeout: callMs * 0.75,
    statement_timeout: callMs * 0.75,
    lock_timeout: callMs / 2,
    keepAlive: true,
    application_name: name,
    options: `-c synchronous_commit=on -c default_transaction_isolation=read\\ committed -c tcp_user_timeout=${Math.round(callMs * 1.5)}`,
  }
}

function tlsOf({ verify, verifyName, ca, cert, key }: DbTls, host: string): NonNullable<ClientConfig['ssl']> {
  return {
    rejectUnauthorized: verify,
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...(verifyName ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** Class 08 and 57P: the server has ended the connection, or is about to. */
function isFatal({ code = '', severity = '' }: DatabaseError): boolean {
  return severity === 'FATAL' || code.startsWith('08') || code.startsWith('57P') || code === '25006'
}

function readOnly(): TransientError {
  const message = 'the PostgreSQL server is a read-only copy; give the address of the primary'
  return new TransientError(message, { reason: 'unavailable' })
}

/** SQLSTATE, or its class → what that means here. */
const byCode: Readonly<Record<string, readonly [ErrorReason, string]>> = {
  '28': ['unauthorized', 'PostgreSQL refused user name or password'],
  '3D': ['invalid', 'PostgreSQL has no database of that name'],
  '42501': ['forbidden', 'the PostgreSQL role lacks a right; it needs SELECT, INSERT and UPDATE on highlander_lock'],
  '42P01': ['unavailable', 'the table highlander_lock has gone'],
  '55P03': ['timeout', 'somebody else holds the row of the lock'],
  '57014': ['timeout', 'PostgreSQL did not answer in time'],
  '57': ['unavailable', 'PostgreSQL is shutting down or starting'],
  '53': ['unavailable', 'PostgreSQL has no room for the lock at the moment'],
  '40': ['conflict', 'PostgreSQL asks for another try'],
}

function translate(error: unknown, { host, port }: DbSettings): TransientError {
  const text = messageOf(error)
  if (error instanceof DatabaseError) {
    const { code = '' } = error
    if (code === '25006') return readOnly()
    const [reason, sentence] = byCode[code] ?? byCode[code.slice(0, 2)] ?? ['unknown', 'PostgreSQL failed']
    return new TransientError(`${sentence}: ${text}`, { cause: error, reason })
  }
  if (/timeout|timed out|ETIMEDOUT/i.test(text))
    return new TransientError(`PostgreSQL did not answer in time: ${text}`, { cause: error, reason: 'timeout' })
  if (/certificate|TLS|SSL|altname/i.test(text))
    return new TransientError(`the TLS connection to PostgreSQL failed: ${text}`, {
      cause: error,
      reason: 'unauthorized',
    })
  const sentence = `PostgreSQL at ${host}:${port} cannot be reached: ${text}`
  return new TransientError(sentence, { cause: error, reason: 'unavailable' })
}
