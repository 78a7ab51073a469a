import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findBinaries, findBinary, type FindOptions } from './binaries.ts'
import { buildArguments } from './build.ts'
import { readCatalog, releaseFor, type Catalog } from './catalog.ts'

const { signal } = new AbortController()

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'k8-highlander-test-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('findBinary', () => {
  it('passes over a binary of another minor version, in the order PATH, assets, cache', async () => {
    await fake('path/kubectl', '{"clientVersion": {"gitVersion": "v1.32.4-dispatcher"}}')
    await fake('assets/kubectl', '{"clientVersion": {"gitVersion": "v1.36.1"}}')
    await fake('cache/k8-highlander/1.36.4/kubectl', '{"clientVersion": {"gitVersion": "v1.36.4"}}')

    const findings = await findBinaries(['kubectl'], options(), signal)

    const expected = { name: 'kubectl', path: at('assets/kubectl'), version: '1.36.1', origin: 'KUBEBUILDER_ASSETS' }
    expect(findings.found.get('kubectl')).toEqual(expected)
    expect(findings.missing).toEqual([])
  })

  it('reads the versions of all parts', async () => {
    await fake('path/etcd', 'etcd Version: 3.6.2\nGo Version: go1.26.8')
    await fake('path/kwok', 'kwok version v0.8.0 go1.26.8 (linux/amd64)')
    await fake('path/kube-apiserver', 'Kubernetes v1.36.9')

    const findings = await findBinaries(['etcd', 'kwok', 'kube-apiserver'], options(), signal)

    expect([...findings.found.values()].map((binary) => binary.version)).toEqual(['3.6.2', '0.8.0', '1.36.9'])
  })

  it('names every place when there is nothing', async () => {
    await fake('path/etcd', 'etcd Version: 3.5.1')

    const findings = await findBinaries(['etcd'], options(), signal)

    expect(findings.missing).toEqual(['etcd'])
    expect(findings.tried).toEqual([
      `etcd: ${at('path/etcd')} is version 3.5.1, wanted is 3.6`,
      `etcd: not on PATH, in KUBEBUILDER_ASSETS or in ${at('cache/k8-highlander/1.36.4')}`,
      'etcd: download: no checksum committed for https://example.invalid/etcd',
    ])
  })

  it('says which versions are known when asked for another', async () => {
    const findings = await findBinaries(['etcd'], options({ version: '1.12' }), signal)

    expect(findings.tried.join()).toMatch(/1\.12 is not in .*1\.36/)
  })
})

describe('the download', () => {
  const program = '#!/bin/sh\necho etcd Version: 3.6.14\n'

  it('is used when its checksum is the committed one', async () => {
    await using site = await serve(Buffer.from(program))

    const found = await findBinary('etcd', options({ catalog: catalogOf(site.url, sha512(program)) }), signal)

    expect(found).toMatchObject({ version: '3.6.14', origin: 'download' })
  })

  it('follows a redirect and takes one file out of an archive', async () => {
    const both = gzipSync(Buffer.concat([tarOf('README', 'read me'), tarOf('bin/etcd', program)]))
    await using site = await serve(both)
    const catalog = catalogOf(`${site.url}/moved`, sha512(both), 'bin/etcd')

    const found = await findBinary('etcd', options({ catalog }), signal)

    expect(found).toMatchObject({ version: '3.6.14', origin: 'download' })
  })

  it('is refused and deleted when its checksum is another', async () => {
    await using site = await serve(Buffer.from(`${program}# changed`))

    const catalog = catalogOf(site.url, sha512(program))
    const findings = await findBinaries(['etcd'], options({ catalog }), signal)

    expect(findings.missing).toEqual(['etcd'])
    expect(findings.tried.at(-1)).toMatch(/has SHA-512 [0-9a-f]{128}, committed is/)
    expect(await readdir(at('cache/k8-highlander/1.36.4'))).toEqual([])
  })

  it('falls on without noise when the site cannot be reached', async () => {
    const lines: string[] = []
    const catalog = catalogOf('http://127.0.0.1:1/etcd', sha512(program))

    const findings = await findBinaries(['etcd'], options({ catalog, report: (line) => lines.push(line) }), signal)

    expect(findings.tried.at(-1)).toMatch(/^etcd: download: .*ECONNREFUSED/)
    expect(lines).toEqual([])
  })
})

describe('the build', () => {
  it('compiles all parts of Kubernetes in one call and stamps both version packages', () => {
    const release = releaseFor(readCatalog(), undefined)
    if (release === undefined) throw new Error('versions.json has no default release')

    const args = buildArguments({ name: 'kube', binaries: ['kube-apiserver', 'kubectl'] }, release, '/out')

    expect(args.slice(0, 4)).toEqual(['build', '-mod=readonly', '-trimpath', '-buildvcs=false'])
    expect(args.slice(-2)).toEqual(['k8s.io/kubernetes/cmd/kube-apiserver', 'k8s.io/kubernetes/cmd/kubectl'])
    for (const name of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'])
      expect(args.join(' ')).toContain(`-X ${name}.gitVersion=v${release.kubernetes}`)
  })
})

function options(more: Partial<FindOptions> = {}): FindOptions {
  const env = { PATH: at('path'), KUBEBUILDER_ASSETS: at('assets'), XDG_CACHE_HOME: at('cache') }
  return { env, build: false, catalog: catalogOf('https://example.invalid/etcd'), ...more }
}

function catalogOf(url: string, sum?: string, member?: string): Catalog {
  return {
    defaultMinor: '1.36',
    kubernetes: { '1.36': '1.36.4' },
    tools: { etcd: '3.6.14', kwok: '0.8.0' },
    files: { etcd: member === undefined ? { url } : { url, member } },
    sha512: sum === undefined ? {} : { [url]: sum },
  }
}

function at(name: string): string {
  return path.join(folder, name)
}

async function fake(name: string, output: string): Promise<void> {
  await mkdir(path.dirname(at(name)), { recursive: true })
  await writeFile(at(name), `#!/bin/sh\ncat <<'X'\n${output}\nX\n`)
  await chmod(at(name), 0o755)
}

function sha512(content: string | Buffer): string {
  return createHash('sha512').update(content).digest('hex')
}

function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(content.length.toString(8).padStart(11, '0'), 124)
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc(512 - (content.length % 512))])
}

async function serve(content: Buffer): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/file' }).end()
    else response.end(content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
