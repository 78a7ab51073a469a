// Where the API server is and who we are there: in-cluster account or kubeconfig, and which context of it.
// client-node is loaded for kubeconfig files only (about 40 MB of RSS and 0.1 s as a bundle, twice that from source):
// a pod with an in-cluster account never pays for it.
import { access, readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { delimiter, join } from 'node:path'
import { hash16 } from '#lib/hash.ts'
import { TerminalError, TransientError, messageOf } from '#lib/errors.ts'

export interface KubeOptions {
  /** Path of a kubeconfig; '' or left out: looked for. `~/` is the home folder. */
  readonly kubeconfig?: string
  /** Name of a context; '' or left out: chosen. */
  readonly context?: string
  /** Name of a cluster entry, by which a context is chosen. */
  readonly clusterName?: string
}

/** What the process knows of its surroundings; only main.ts reads them. */
export interface KubePlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the in-cluster account; left out: where Kubernetes mounts it. */
  readonly serviceAccount?: string
}

export interface KubeSettings {
  /** URL of the API server, without a slash at the end. */
  readonly server: string
  /** Namespace of the pod or of the context, if one is given. */
  readonly namespace?: string
  /** For people: 'in-cluster', or path and context. */
  readonly source: string
  /** Reads everything anew. Throws TransientError or TerminalError with a sentence. */
  credentials(): Promise<Credentials>
  /** Forgets what was remembered between two calls of credentials(): tokens of plugins, parsed files. */
  forget(): void
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsSettings
  /** Differs when connections must be made anew. */
  readonly tlsId: string
}

export interface TlsSettings {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly pfx?: string | Buffer
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Throws TerminalError, one sentence that says what was tried and what to do. */
export async function loadKubeSettings(options: KubeOptions, places: KubePlaces): Promise<KubeSettings> {
  const home = places.env['HOME'] ?? ''
  const given = options.kubeconfig ?? ''
  if (given !== '') return await fromFiles([expand(given, home)], options)

  const account = await findAccount(places)
  if (account !== undefined) return await inCluster(account)

  const listed = (places.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  if (listed.length > 0) return await fromFiles(listed, options)

  const usual = join(home, '.kube', 'config')
  if (home !== '' && (await exists(usual))) return await fromFiles([usual], options)
  throw new TerminalError(
    'no way to a Kubernetes cluster: no kubeconfig was given, there is no in-cluster service account, ' +
      `KUBECONFIG is not set, and ${home === '' ? 'HOME is not set' : `${usual} does not exist`}. ` +
      'Set cluster.kubeconfig (--kubeconfig), or run in a pod with a service account token.',
  )
}

interface Account {
  readonly host: string
  readonly port: string
  readonly folder: string
}

async function findAccount({ env, serviceAccount }: KubePlaces): Promise<Account | undefined> {
  const folder = serviceAccount ?? SERVICE_ACCOUNT
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  if (host === '' || !(await exists(join(folder, 'token')))) return undefined
  return { host, port: env['KUBERNETES_SERVICE_PORT'] ?? '443', folder }
}

export function tlsIdOf(tls: TlsSettings): string {
  return hash16(JSON.stringify(Object.entries(tls).map(([name, value]) => [name, String(value)])))
}

// Loaded here and not above: see the header.
async function fromFiles(paths: readonly string[], options: KubeOptions): Promise<KubeSettings> {
  const { openKubeconfig } = await import('./kubeconfig.ts')
  return await openKubeconfig(paths, options)
}

async function inCluster({ host, port, folder }: Account): Promise<KubeSettings> {
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').catch(() => '')
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ...(namespace.trim() === '' ? {} : { namespace: namespace.trim() }),
    source: 'in-cluster',
    credentials: async () => {
      const [token, ca] = await Promise.all([read(join(folder, 'token')), read(join(folder, 'ca.crt'))])
      const tls = { ca }
      return { headers: { Authorization: `Bearer ${token.trim()}` }, tls, tlsId: tlsIdOf(tls) }
    },
    forget: () => undefined,
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new TransientError(`cannot read the service account: ${messageOf(error)}`, {
      cause: error,
      reason: 'unauthorized',
    })
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

function expand(path: string, home: string): string {
  return path.startsWith('~/') ? join(home, path.slice(2)) : path
}
