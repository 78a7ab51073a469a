// The identities of one control plane: an authority, one certificate per identity, the service account key,
// and the kubeconfig files made of them. Everything lies in the run folder and ends with it.
import { createPrivateKey, generateKeyPair, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { hash16 } from '#lib/hash.ts'
import { systemClock } from '#lib/clock.ts'
import { createAuthority, issueIdentity, type Authority, type Identity } from './x509.ts'

export interface Pki {
  readonly authority: Authority
  readonly caFile: string
  readonly serverCertificateFile: string
  readonly serverKeyFile: string
  readonly serviceAccountKeyFile: string
  readonly admin: Identity
}

const AUTHORITY_NAME = 'k8-highlander-test-ca'
const SERVER_NAMES = {
  dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
  addresses: ['127.0.0.1', '10.0.0.1'],
}

export async function createPki(runDir: string): Promise<Pki> {
  const folder = path.join(runDir, 'pki')
  await mkdir(folder, { recursive: true })
  const nowMs = systemClock.now()
  const authority = createAuthority(AUTHORITY_NAME, nowMs)
  const server = issueIdentity(authority, { commonName: 'kube-apiserver', ...SERVER_NAMES }, nowMs)
  const admin = issueIdentity(authority, { commonName: 'admin', organizations: ['system:masters'] }, nowMs)
  const write = async (name: string, content: string): Promise<string> => {
    const file = path.join(folder, name)
    await writeFile(file, content, { mode: 0o600 })
    return file
  }
  await write('ca.key', authority.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return {
    authority,
    admin,
    caFile: await write('ca.crt', authority.certificate),
    serverCertificateFile: await write('server.crt', server.certificate),
    serverKeyFile: await write('server.key', server.privateKey),
    serviceAccountKeyFile: await write('service-account.key', await createServiceAccountKey()),
  }
}

/** The authority of a control plane that another process started. */
export async function readAuthority(runDir: string): Promise<Authority> {
  const folder = path.join(runDir, 'pki')
  const certificate = await readFile(path.join(folder, 'ca.crt'), 'utf8')
  const privateKey = createPrivateKey(await readFile(path.join(folder, 'ca.key'), 'utf8'))
  return { certificate, privateKey, commonName: AUTHORITY_NAME }
}

export interface KubeconfigRequest {
  readonly runDir: string
  readonly server: string
  readonly user: string
  readonly groups: readonly string[]
}

/** Writes a kubeconfig with a client certificate of its own; returns its path. */
export async function writeKubeconfig(authority: Authority, request: KubeconfigRequest): Promise<string> {
  const { runDir, server, user, groups } = request
  const subject = { commonName: user, organizations: groups }
  const identity = issueIdentity(authority, subject, systemClock.now())
  const folder = path.join(runDir, 'kubeconfig')
  await mkdir(folder, { recursive: true })
  // The hash keeps apart what the cleaned name would merge: user names hold colons, groups differ.
  const name = `${user.replaceAll(/[^a-zA-Z0-9.-]+/g, '-')}-${hash16(JSON.stringify([user, groups]))}.yaml`
  const file = path.join(folder, name)
  // Renamed into place: tests that run side by side ask for the same user, and read while another one writes.
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, kubeconfigText(authority, server, identity), { mode: 0o600 })
  await rename(draft, file)
  return file
}

function kubeconfigText(authority: Authority, server: string, identity: Identity): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [
      {
        name: 'test',
        user: {
          'client-certificate-data': base64(identity.certificate),
          'client-key-data': base64(identity.privateKey),
        },
      },
    ],
  })
}

async function createServiceAccountKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
