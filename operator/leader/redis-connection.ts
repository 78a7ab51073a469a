// One connection to the Redis that keeps the lock, and nothing else on it. It promises that a command is sent at most
// once, never after its time, and only to a server that is a primary; after a time-out the connection is gone, so that
// nothing of the command can still arrive later. Each failure is a sentence that says what to change.
import { Redis, type RedisOptions } from 'ioredis'
import { orAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { messageOf, TransientError, type ErrorReason } from '#lib/errors.ts'
import { scripts, type ScriptName } from './redis-scripts.ts'

export interface RedisSettings {
  /** One server, or the sentinels that know which one is the primary. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** Set: `addresses` are sentinels, and this is the name of what they watch. */
  readonly sentinel?: { readonly master: string; readonly username?: string; readonly password?: string }
  readonly username?: string
  readonly password?: string
  readonly db: number
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
}

export interface RedisConnection extends AsyncDisposable {
  /** The words of the answer. Throws TransientError; AbortError when the signal fires. */
  run(script: ScriptName, key: string, words: readonly string[], signal: AbortSignal): Promise<readonly string[]>
}

/** `callMs`: the longest a call may take; the other limits follow from it. */
export function connectRedis(settings: RedisSettings, callMs: number, clock: Clock): RedisConnection {
  return new LockConnection(settings, callMs, clock)
}

class LockConnection implements RedisConnection {
  readonly #redis: Redis
  readonly #callMs: number
  readonly #db: number
  readonly #clock: Clock
  /** Why the last try to connect failed, for the sentence. */
  #trouble: Error | undefined
  /** The connection that is up now leads to a primary and to our database. */
  #isRight = false

  constructor(settings: RedisSettings, callMs: number, clock: Clock) {
    this.#callMs = callMs
    this.#db = settings.db
    this.#clock = clock
    this.#redis = new Redis({ ...optionsOf(settings, callMs), replyMapping: 'legacy' })
    this.#redis.on('error', (error: Error) => {
      this.#trouble = error
    })
    this.#redis.on('close', () => {
      this.#isRight = false
    })
  }

  async run(
    script: ScriptName,
    key: string,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    signal.throwIfAborted()
    try {
      await orAbort(this.#ready(), signal)
      const answer: unknown = await orAbort(this.#redis.eval(scripts[script], 1, key, ...words), signal)
      return Array.isArray(answer) ? answer.map(String) : []
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect()
    await Promise.resolve()
  }

  async #ready(): Promise<void> {
    const { status } = this.#redis
    if (status === 'wait' || status === 'end') await this.#redis.connect()
    else if (status !== 'ready') await this.#settled()
    if (this.#isRight) return
    const [role] = await this.#redis.role()
    if (String(role) !== 'master') {
      this.#redis.disconnect(true)
      throw new TransientError(
        'the Redis server is a read-only copy; give the address of the primary, or of its sentinels',
        { reason: 'unavailable' },
      )
    }
    // By hand: the library goes on in database 0 when the one that was asked for does not exist.
    await this.#redis.select(this.#db)
    this.#isRight = true
  }

  /** The library connects again by itself: the next verdict on that counts. */
  async #settled(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onError = (error: Error): void => reject(error)
    const onClose = (): void => reject(this.#trouble ?? new Error('the connection was closed'))
    const onLimit = (): void => reject(this.#trouble ?? new Error('connecting timed out'))
    using _limit = this.#clock.schedule(this.#callMs, onLimit)
    this.#redis.once('ready', resolve).once('error', onError).once('close', onClose)
    try {
      await promise
    } finally {
      this.#redis.off('ready', resolve).off('error', onError).off('close', onClose)
    }
  }

  #translate(error: unknown, signal: AbortSignal): unknown {
    const isUnanswered = signal.aborted || /timed out/i.test(messageOf(error))
    // What was sent may still lie in a buffer; without the connection it never arrives.
    if (isUnanswered) this.#redis.disconnect(true)
    if (signal.aborted || error instanceof TransientError) return error
    const [reason, sentence] = sentenceOf(error, this.#trouble)
    if (reason === 'forbidden' || messageOf(error).startsWith('READONLY')) this.#redis.disconnect(true)
    return new TransientError(sentence, { cause: error, reason })
  }
}

/** Never resend, never queue: a renewal that comes late must not come at all. */
function optionsOf({ addresses, sentinel, username, password, tls }: RedisSettings, callMs: number): RedisOptions {
  const [first = { host: '127.0.0.1', port: 6379 }] = addresses
  const place: RedisOptions =
    sentinel === undefined
      ? { host: first.host, port: first.port }
      : {
          sentinels: [...addresses],
          name: sentinel.master,
          role: 'master',
          ...(sentinel.username === undefined ? {} : { sentinelUsername: sentinel.username }),
          ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
          sentinelRetryStrategy: (attempt) => retryDelayMs(attempt),
          ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOf(tls) }),
        }
  return {
    ...place,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
    // Understood by every version; nothing here needs the newer one.
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: callMs * 0.75,
    socketTimeout: callMs,
    connectTimeout: callMs / 2,
    keepAlive: 5_000,
    noDelay: true,
    connectionName: 'k8-highlander',
    retryStrategy: retryDelayMs,
  }
}

function retryDelayMs(attempt: number): number {
  return Math.min(100 * 2 ** Math.min(attempt, 10), 2_000)
}

function tlsOf({ ca, cert, key, serverName }: NonNullable<RedisSettings['tls']>) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}

const answers: readonly (readonly [RegExp, ErrorReason, string])[] = [
  [/WRONGPASS|invalid password|NOAUTH/, 'unauthorized', 'Redis refused user name or password'],
  [
    /NOPERM/,
    'forbidden',
    'the Redis user lacks a right; it needs +eval +role +select +info +type +get +hgetall +hmget +hset +del',
  ],
  [/READONLY/, 'unavailable', 'the Redis server is a read-only copy; give the address of the primary'],
  [/DB index is out of range/, 'invalid', 'this Redis has no database of that number'],
  [/LOADING|MASTERDOWN|CLUSTERDOWN/, 'unavailable', 'Redis is not ready yet'],
  [/OOM|MISCONF|NOREPLICAS/, 'unavailable', 'Redis accepts no writes at the moment'],
  [/timed out|ETIMEDOUT/i, 'timeout', 'Redis did not answer in time'],
  [/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ECONNRESET|EPIPE|EAI_AGAIN/, 'unavailable', 'Redis cannot be reached'],
  [/certificate|TLS|SSL|altname/i, 'unauthorized', 'the TLS connection to Redis failed'],
]

/** The server's own words follow ours: they name what we cannot know. Neither holds a password. */
function sentenceOf(error: unknown, trouble: Error | undefined): readonly [ErrorReason, string] {
  const found = [error, trouble].map(messageOf).find((text) => answers.some(([pattern]) => pattern.test(text)))
  const text = found ?? messageOf(error)
  const [, reason, sentence] = answers.find(([pattern]) => pattern.test(text)) ?? [/./, 'unavailable', 'Redis failed']
  return [reason, `${sentence}: ${text}`]
}
