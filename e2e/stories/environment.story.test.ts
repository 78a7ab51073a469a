// A bad environment: one clear line, alive, not ready, and on it goes by itself when it is mended.
import { copyFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withControlPlane } from '../cluster/fixture.ts'
import { pickPorts } from '../cluster/ports.ts'
import { startFaultProxy } from '../chaos/fault-proxy.ts'
import { kubectlFor } from '../support/kubectl.ts'
import { startOperator, type OperatorProcess } from '../support/operator-process.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import { eventually, needsCluster, openWorld, type World } from '../support/world.ts'

const MANIFESTS = path.resolve(import.meta.dirname, '../../manifests')
const signal = (): AbortSignal => AbortSignal.timeout(60_000)

describe('a bad environment', () => {
  let world: World

  beforeEach(needsCluster)
  beforeEach(async () => {
    world = await openWorld('env')
  })

  afterEach(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('without a kubeconfig: says where it looked, and starts when the file appears', async () => {
    const kubeconfig = path.join(world.folder, 'later.yaml')
    const operator = await world.operator({ kubeconfig, raw: true })

    const reason = await notReady(operator, kubeconfig)

    expect(reason).toContain('kubeconfig')
    expect(await complaints(operator)).toHaveLength(1)
    await copyFile(world.cluster.kubeconfig, kubeconfig)
    await operator.ready(signal())
  })

  it('with a server that cannot be reached: names it, and starts when it answers', async () => {
    const [port = 0] = await pickPorts(1)
    const upstream = await world.cluster.kubeconfigFor(SERVICE_ACCOUNT, ['system:serviceaccounts'], signal())
    // The kubeconfig of a proxy that is not there yet.
    const first = await startFaultProxy({ kubeconfig: upstream, folder: world.folder, port })
    await first[Symbol.asyncDispose]()
    const operator = await world.operator({ kubeconfig: first.kubeconfig, raw: true })

    const reason = await notReady(operator, `127.0.0.1:${port}`)

    expect(reason).toMatch(/cannot reach|refused/)
    await using proxy = await startFaultProxy({ kubeconfig: upstream, folder: world.folder, port })
    await operator.ready(signal())
    expect(proxy.requests.length).toBeGreaterThan(0)
  })

  it('with wrong configuration: lists every problem at once and exits with 2', async () => {
    const operator = await world.operator({
      raw: true,
      environment: { HIGHLANDER_PORT: 'eighty', HIGHLANDER_LOG_LEVEL: 'loud', HIGHLANDER_TENNANT: 'x' },
    })

    const exit = await operator.exited

    expect(exit.code).toBe(2)
    const log = await operator.log()
    expect(log).toContain('HIGHLANDER_LOG_LEVEL')
    expect(log).toContain('did you mean')
  })

  it('without the resource definitions: says what to apply, and goes on when they are there', async (context) => {
    await withControlPlane(
      { nodes: 'none', controllers: false },
      context,
      async (plane) => {
        const operator = await startOn(plane.kubeconfig)
        await using _ = operator

        const reason = await notReady(operator, 'kubectl apply')

        expect(reason).toContain('workloadprocesses')
        const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
        await kubectl.run(['apply', '-f', path.join(MANIFESTS, 'crds.yaml')])
        await operator.ready(signal())
        await operator.leading(signal())
        await kubectl.run(['apply', '-f', path.join(MANIFESTS, 'samples/quickstart/process.yaml')])
        await eventually('a pod', async () => (await kubectl.run(['get', 'pods', '-o', 'name'])).includes('pod/'))
      },
      signal(),
    )
  })

  it('without permissions: names the missing rule, and goes on when it is granted', async (context) => {
    await withControlPlane(
      { nodes: 'none', controllers: false },
      context,
      async (plane) => {
        const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
        await kubectl.run(['apply', '-f', path.join(MANIFESTS, 'crds.yaml')])
        const operator = await startOn(await plane.kubeconfigFor('nobody', []))
        await using _ = operator

        const reason = await notReady(operator, 'may not')

        expect(reason).toMatch(/may not (list|watch) workloadprocesses/)
        await kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=cluster-admin', '--user=nobody'])
        await operator.ready(signal())
        await operator.leading(signal())
      },
      signal(),
    )
  })

  async function startOn(kubeconfig: string): Promise<OperatorProcess> {
    const [port = 0] = await pickPorts(1)
    return startOperator({ kubeconfig, port, logFile: path.join(world.folder, `operator-${port}.log`) })
  }
})

/** Alive, not ready, and the reason that holds `word`. */
async function notReady(operator: OperatorProcess, word: string): Promise<string> {
  const reason = await eventually(`/readyz names ${word}`, async () => {
    const response = await fetch(`${operator.url}/readyz?verbose`)
    const text = await response.text()
    return response.status === 503 && text.includes(word) ? text : undefined
  })
  expect((await fetch(`${operator.url}/healthz`)).status).toBe(200)
  return reason
}

async function complaints(operator: OperatorProcess): Promise<readonly string[]> {
  const text = await readFile(operator.logFile, 'utf8')
  return text.split('\n').filter((line) => /"level":"(warn|error)"/.test(line))
}
