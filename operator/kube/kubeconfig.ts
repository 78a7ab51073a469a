// Credentials from kubeconfig files, by client-node's KubeConfig: inline data, files, token, exec plugins, OIDC.
// The one file that loads code of client-node; config.ts imports it when there is a kubeconfig.
import { stat } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { TerminalError, TransientError } from '#lib/errors.ts'
import { chooseContext } from './choose-context.ts'
import type { Credentials, KubeOptions, KubeSettings, TlsSettings } from './config.ts'
import { tlsIdOf } from './config.ts'

/** Throws TerminalError with a sentence when a file cannot be read or names no usable context. */
export async function openKubeconfig(paths: readonly string[], options: KubeOptions): Promise<KubeSettings> {
  const where = paths.join(', ')
  const first = load(paths, options)
  const server = serverOf(first, where)
  const namespace = first.getContextObject(first.getCurrentContext())?.namespace ?? ''
  let remembered: { readonly config: KubeConfig; readonly stamp: string } | undefined
  return {
    server,
    ...(namespace === '' ? {} : { namespace }),
    source: `${where}, context ${first.getCurrentContext()}`,
    forget: () => {
      remembered = undefined
    },
    credentials: async () => {
      // KubeConfig reads the files it names each time, but itself only once; an exec plugin's token lives in it, so
      // it is kept as long as its own files stay the same.
      const stamp = await stampOf(paths)
      if (remembered === undefined || remembered.stamp !== stamp) {
        remembered = { config: load(paths, options), stamp }
        const now = serverOf(remembered.config, where)
        if (now !== server) throw new TerminalError(`${where} now names the server ${now}: restart to use it`)
      }
      return await credentialsOf(remembered.config)
    },
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function load(paths: readonly string[], options: KubeOptions): KubeConfig {
  const where = paths.join(', ')
  const config = new KubeConfig()
  try {
    const [first, ...others] = paths.map((path) => loadFile(path))
    if (first === undefined) throw new TerminalError('no kubeconfig was given')
    config.loadFromOptions({
      clusters: unique([first, ...others].flatMap(({ clusters }) => clusters)),
      users: unique([first, ...others].flatMap(({ users }) => users)),
      contexts: unique([first, ...others].flatMap(({ contexts }) => contexts)),
      currentContext: [first, ...others].find(({ currentContext }) => Boolean(currentContext))?.currentContext ?? '',
    })
  } catch (error) {
    const sentence = `cannot read the kubeconfig ${where}`
    if (isMissing(error)) throw new TerminalError(`${sentence}: there is no such file`)
    throw new TerminalError(sentence, { cause: error })
  }
  const chosen = chooseContext(
    {
      contexts: config.getContexts(),
      clusters: config.getClusters().map(({ name }) => name),
      current: config.getCurrentContext(),
      wanted: options.context ?? '',
      clusterName: options.clusterName ?? '',
    },
    where,
  )
  if (config.getContextObject(chosen.name) === null) {
    config.addContext({ name: chosen.name, cluster: chosen.cluster, user: chosen.user })
  }
  config.setCurrentContext(chosen.name)
  return config
}

function loadFile(path: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromFile(path)
  return config
}

/** As kubectl does: of several entries with one name the first counts. */
function unique<Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] {
  const byName = new Map<string, Entry>()
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry)
  return [...byName.values()]
}

function serverOf(config: KubeConfig, where: string): string {
  const cluster = config.getCurrentCluster()
  const context = config.getCurrentContext()
  if (cluster === null) throw new TerminalError(`${where} has no cluster entry for the context ${context}`)
  if (config.getCurrentUser() === null) throw new TerminalError(`${where} has no user entry for the context ${context}`)
  if (!URL.canParse(cluster.server) || new URL(cluster.server).protocol !== 'https:') {
    throw new TerminalError(`${where}: the server of cluster ${cluster.name} must be an https:// URL`)
  }
  if ((cluster.proxyUrl ?? '') !== '') {
    throw new TerminalError(`${where}: proxy-url of cluster ${cluster.name} is not supported; remove it`)
  }
  return cluster.server.replace(/\/+$/, '')
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {}
  try {
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    throw new TransientError('cannot get credentials for the API server', { cause: error, reason: 'unauthorized' })
  }
  // `options.agent` is left: it is cached per cluster and keeps the CA it was made with.
  const tls = tlsOf(options)
  return { headers: headersOf(options), tls, tlsId: tlsIdOf(tls) }
}

function tlsOf(options: RequestOptions): TlsSettings {
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options
  return {
    ...(isPem(ca) ? { ca } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
    ...(isPem(pfx) ? { pfx } : {}),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value)
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value.trim() // a token file may end with a newline
  }
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  return headers
}

async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = paths.map(async (path) => {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs}/${size}/${ino}`
  })
  return (await Promise.all(stamps).catch(() => ['unreadable'])).join(' ')
}
