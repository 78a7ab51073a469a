import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadKubeSettings } from './config.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kube-config-'))
})

afterEach(async () => {
  await rm(home, { recursive: true })
})

interface Written {
  readonly token?: string
  readonly user?: object
  readonly cluster?: object
  readonly current?: string
}

function kubeconfig({ token = 'secret', user, cluster, current = 'dev' }: Written = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: [
      { name: 'one', cluster: { server: 'https://one.test:6443/', ...cluster } },
      { name: 'two', cluster: { server: 'https://two.test:6443' } },
      { name: 'three', cluster: { server: 'https://three.test' } },
    ],
    users: [
      { name: 'me', user: { token, ...user } },
      { name: 'you', user: { token: 'other' } },
    ],
    contexts: [
      { name: 'dev', context: { cluster: 'one', user: 'me', namespace: 'ops' } },
      { name: 'two-a', context: { cluster: 'two', user: 'you' } },
    ],
  })
}

async function write(path: string, text: string): Promise<string> {
  const whole = join(home, path)
  await mkdir(join(whole, '..'), { recursive: true })
  await writeFile(whole, text)
  return whole
}

it('takes the given file before everything else, and its current context', async () => {
  await write('.kube/config', kubeconfig({ current: 'two-a' }))
  const path = await write('given', kubeconfig())

  const settings = await loadKubeSettings({ kubeconfig: path }, { env: { HOME: home } })

  expect(settings).toMatchObject({ server: 'https://one.test:6443', namespace: 'ops', source: `${path}, context dev` })
})

it('expands ~ to the home folder', async () => {
  await write('given', kubeconfig())

  const settings = await loadKubeSettings({ kubeconfig: '~/given' }, { env: { HOME: home } })

  expect(settings.server).toBe('https://one.test:6443')
})

it('uses the account of the pod, and reads its token anew each time', async () => {
  await write('account/token', 'first\n')
  await write('account/ca.crt', 'PEM')
  await write('account/namespace', 'pods-here')
  const env = { HOME: home, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const settings = await loadKubeSettings({}, { env, serviceAccount: join(home, 'account') })
  const before = await settings.credentials()
  await write('account/token', 'second')

  const after = await settings.credentials()

  expect(settings).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'pods-here', source: 'in-cluster' })
  expect([before.headers['Authorization'], after.headers['Authorization']]).toEqual(['Bearer first', 'Bearer second'])
  expect(after.tls).toEqual({ ca: 'PEM' })
  expect(after.tlsId).toBe(before.tlsId)
})

it('merges the files of KUBECONFIG, of which the first has its way', async () => {
  const first = await write('first', JSON.stringify({ 'current-context': 'two-a' }))
  const second = await write('second', kubeconfig())

  const settings = await loadKubeSettings({}, { env: { HOME: home, KUBECONFIG: `${first}:${second}` } })

  expect(settings.server).toBe('https://two.test:6443')
})

it('falls back to ~/.kube/config', async () => {
  await write('.kube/config', kubeconfig())

  const settings = await loadKubeSettings({}, { env: { HOME: home } })

  expect(settings.server).toBe('https://one.test:6443')
})

it('says what was tried and what to do when there is no way to a cluster', async () => {
  const settings = loadKubeSettings({}, { env: { HOME: home } })

  await expect(settings).rejects.toThrow(
    'no way to a Kubernetes cluster: no kubeconfig was given, there is no in-cluster service account, ' +
      `KUBECONFIG is not set, and ${join(home, '.kube', 'config')} does not exist. ` +
      'Set cluster.kubeconfig (--kubeconfig), or run in a pod with a service account token.',
  )
})

it.each([
  { what: 'the named context', options: { context: 'two-a' }, server: 'https://two.test:6443' },
  { what: 'the only context of the named cluster', options: { clusterName: 'two' }, server: 'https://two.test:6443' },
  { what: 'the named cluster with the current user', options: { clusterName: 'three' }, server: 'https://three.test' },
  {
    what: 'the current context for an unknown cluster',
    options: { clusterName: 'x' },
    server: 'https://one.test:6443',
  },
])('chooses $what', async ({ options, server }) => {
  const path = await write('given', kubeconfig())

  const settings = await loadKubeSettings({ kubeconfig: path, ...options }, { env: {} })

  expect(settings.server).toBe(server)
})

it.each([
  { what: 'a missing file', text: undefined, options: {}, sentence: 'there is no such file' },
  {
    what: 'an unknown context',
    text: kubeconfig(),
    options: { context: 'x' },
    sentence: 'has no context x; it has: dev, two-a',
  },
  {
    what: 'a server without TLS',
    text: kubeconfig({ cluster: { server: 'http://one' } }),
    options: {},
    sentence: 'must be an https:// URL',
  },
  {
    what: 'a proxy',
    text: kubeconfig({ cluster: { 'proxy-url': 'http://p' } }),
    options: {},
    sentence: 'is not supported',
  },
  {
    what: 'a missing current context',
    text: kubeconfig({ current: 'gone' }),
    options: {},
    sentence: 'has no context gone',
  },
])('refuses $what in one sentence', async ({ text, options, sentence }) => {
  const path = text === undefined ? join(home, 'none') : await write('given', text)

  const settings = loadKubeSettings({ kubeconfig: path, ...options }, { env: {} })

  await expect(settings).rejects.toMatchObject({ name: 'TerminalError', message: expect.stringContaining(sentence) })
})

it('reads a kubeconfig again when it has changed', async () => {
  const path = await write('given', kubeconfig({ token: 'old' }))
  const settings = await loadKubeSettings({ kubeconfig: path }, { env: {} })
  await settings.credentials()
  await write('given', kubeconfig({ token: 'the-new-one' }))

  const { headers } = await settings.credentials()

  expect(headers['Authorization']).toBe('Bearer the-new-one')
})

it('reads the files it names each time, and notices another certificate authority', async () => {
  const ca = await write('ca.crt', 'OLD')
  const path = await write('given', kubeconfig({ cluster: { 'certificate-authority': ca } }))
  const settings = await loadKubeSettings({ kubeconfig: path }, { env: {} })
  const before = await settings.credentials()
  await write('ca.crt', 'NEW')

  const after = await settings.credentials()

  expect(String(after.tls.ca)).toBe('NEW')
  expect(after.tlsId).not.toBe(before.tlsId)
})

it('asks a plugin once, and again after its token was refused', async () => {
  const script = `console.log(JSON.stringify({ status: { token: String(process.hrtime.bigint()) } }))`
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] }
  const path = await write('given', kubeconfig({ user: { token: undefined, exec } }))
  const settings = await loadKubeSettings({ kubeconfig: path }, { env: {} })
  const first = await settings.credentials()
  const second = await settings.credentials()
  settings.forget()

  const third = await settings.credentials()

  expect(first.headers['Authorization']).toMatch(/^Bearer \d+$/)
  expect(second).toEqual(first)
  expect(third.headers['Authorization']).not.toBe(first.headers['Authorization'])
})
