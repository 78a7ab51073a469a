import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type * as kubeconfig from '#kube/kubeconfig.ts'

let folder = ''
let chunk = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lean-client-'))
  await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'bundle.ts'), path.join(folder, 'out')])
  const files = await readdir(path.join(folder, 'out'))
  chunk = path.join(folder, 'out', files.find((file) => /^kubeconfig-.*\.mjs$/.test(file)) ?? '')
}, 60_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

it('leaves out the other HTTP client, WebSockets and tar', async () => {
  const map: { readonly sources: readonly string[] } = JSON.parse(await readFile(`${chunk}.map`, 'utf8'))
  const packages = new Set(map.sources.map((source) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(source)?.[1]))

  expect(packages).toContain('@kubernetes/client-node')
  for (const name of ['undici', 'ws', 'tar-stream']) expect(packages).not.toContain(name)
})

it('still gets certificates and the token of a plugin', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'made' },
  }
  const script = `console.log(${JSON.stringify(JSON.stringify(credential))})`
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } }],
    users: [
      {
        name: 'u',
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: process.execPath,
            args: ['-e', script],
            interactiveMode: 'Never',
          },
        },
      },
    ],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  }
  const file = path.join(folder, 'config')
  await writeFile(file, JSON.stringify(config))
  const bundled: typeof kubeconfig = await import(pathToFileURL(chunk).href)

  const settings = await bundled.openKubeconfig([file], {})
  const { headers, tls } = await settings.credentials()

  expect(headers).toEqual({ Authorization: 'Bearer made' })
  expect(String(tls.ca)).toBe('CA')
})
