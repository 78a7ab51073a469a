// A redis-server of its own on a free port, with a folder that goes with it.
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { startServer, type StoreServer } from './server.ts'

export interface RedisServerOptions {
  /** The program. */
  readonly file: string
  readonly folder: string
  readonly port: number
  /** Words of redis.conf, such as ['requirepass', 'x']. */
  readonly settings?: readonly (readonly string[])[]
  /** PEM. Left out: plain TCP is served on `port`. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly privateKey: string }
  /** A sentinel that watches this primary and is quorum enough by itself. */
  readonly sentinelOf?: { readonly master: string; readonly port: number }
}

/** What is in memory goes with a restart. */
export async function startRedis(options: RedisServerOptions): Promise<StoreServer> {
  const { file, port, folder } = options
  const configFile = path.join(folder, `redis-${port}.conf`)
  await writeFile(configFile, await configOf(options))
  const args = [configFile, ...(options.sentinelOf === undefined ? [] : ['--sentinel'])]
  return await startServer(port, { name: `redis-${port}`, file, args, runDir: folder }, accepts)
}

/** A file, because a sentinel writes what it learns into it. */
async function configOf({ port, folder, settings = [], tls, sentinelOf }: RedisServerOptions): Promise<string> {
  const lines = [
    ['dir', folder],
    ['bind', '127.0.0.1'],
    ['protected-mode', 'no'],
    ...(sentinelOf === undefined
      ? [
          ['save', '""'],
          ['appendonly', 'no'],
          ['repl-diskless-sync-delay', '0'],
        ]
      : []),
    ...(tls === undefined ? [['port', String(port)]] : await tlsLines(port, folder, tls)),
    ...(sentinelOf === undefined ? [] : sentinelLines(sentinelOf)),
    ...settings,
  ]
  return `${lines.map((words) => words.join(' ')).join('\n')}\n`
}

async function tlsLines(port: number, folder: string, tls: NonNullable<RedisServerOptions['tls']>) {
  const files = { ca: tls.ca, cert: tls.certificate, key: tls.privateKey }
  const names = Object.entries(files).map(([name, text]) => [name, path.join(folder, `${port}.${name}`), text] as const)
  for (const [, file, text] of names) await writeFile(file, text)
  const of = (wanted: string): string => names.find(([name]) => name === wanted)?.[1] ?? ''
  return [
    ['port', '0'],
    ['tls-port', String(port)],
    ['tls-ca-cert-file', of('ca')],
    ['tls-cert-file', of('cert')],
    ['tls-key-file', of('key')],
    ['tls-auth-clients', 'no'],
  ]
}

function sentinelLines({
  master,
  port,
}: NonNullable<RedisServerOptions['sentinelOf']>): readonly (readonly string[])[] {
  return [
    ['sentinel', 'monitor', master, '127.0.0.1', String(port), '1'],
    ['sentinel', 'down-after-milliseconds', master, '1000'],
    ['sentinel', 'failover-timeout', master, '5000'],
  ]
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
