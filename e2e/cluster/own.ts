// Our own control plane: etcd, kube-apiserver, then what works against it, in the order in which they need each other.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TerminalError } from '#lib/errors.ts'
import { connectApi, type Api } from './api.ts'
import type { BinaryName } from './catalog.ts'
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts'
import { textAt } from './json.ts'
import * as parts from './parts.ts'
import { createPki, writeKubeconfig, type Pki } from './pki.ts'
import { isFree, pickPorts } from './ports.ts'
import { createRunFolder, type Environment, type RunFolder } from './run-folder.ts'
import { createNode, createStorageClass, isNodeReady, provisionVolumes } from './simulation.ts'
import { createSupervisor, type PartSpec, type Supervisor } from './supervisor.ts'
import { waitUntil } from './wait.ts'

const PORT_LIMIT_MS = 5_000

export interface OwnOptions extends ControlPlaneOptions {
  readonly env: Environment
  readonly report: (line: string) => void
  readonly fileOf: (name: BinaryName) => string
}

interface Site {
  readonly options: OwnOptions
  readonly layout: parts.Layout
  readonly pki: Pki
  readonly server: URL
  readonly api: Api
  readonly supervisor: Supervisor
}

export async function startOwnControlPlane(options: OwnOptions, signal: AbortSignal): Promise<ControlPlane> {
  if (options.nodes === 'simulated' && !options.controllers)
    throw new TerminalError('simulated nodes need controllers: without them no node ever loses its not-ready taint')
  // Left early, by an error or the signal, everything that was started ends here; at the end it moves to the caller.
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await createRunFolder(options.env, options.report))
  try {
    const site = await prepareSite(options, folder, stack)
    await startServers(site, signal)
    if (options.controllers) await startControllers(site, signal)
    if (options.nodes === 'simulated') await startSimulation(site, stack, signal)
    return await describeSite(site, stack, signal)
  } catch (error) {
    if (!signal.aborted) folder.keep()
    throw error
  }
}

async function prepareSite(options: OwnOptions, folder: RunFolder, stack: AsyncDisposableStack): Promise<Site> {
  const pki = await createPki(folder.runDir)
  const layout = await planLayout(options, folder, pki)
  stack.defer(async () => await requireFreePorts([layout.clientPort, layout.peerPort, layout.apiPort]))
  const server = new URL(`https://127.0.0.1:${layout.apiPort}`)
  const supervisor = createSupervisor(options.report)
  stack.defer(async () => await supervisor.stop())
  const api = stack.use(connectApi(server, pki))
  return { options, layout, pki, server, api, supervisor }
}

async function describeSite(site: Site, stack: AsyncDisposableStack, signal: AbortSignal): Promise<ControlPlane> {
  const { options, layout, api, server, supervisor } = site
  const version = textAt(await api.request({ method: 'GET', path: '/version' }, signal), 'gitVersion')
  const kubeconfig = await kubeconfigFor(site, 'admin', ['system:masters'])
  const owned = stack.move()
  return {
    type: 'running',
    server,
    version,
    kubeconfig,
    kubectl: options.fileOf('kubectl'),
    given: false,
    runDir: layout.runDir,
    ...(layout.audit === undefined ? {} : { auditLog: layout.audit.logFile }),
    logOf: (part) => path.join(layout.runDir, `${part}.log`),
    kubeconfigFor: (user, groups) => kubeconfigFor(site, user, groups),
    fault: (part, what) => supervisor.fault(part, what),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

async function planLayout(options: OwnOptions, folder: RunFolder, pki: Pki): Promise<parts.Layout> {
  const [clientPort = 0, peerPort = 0, apiPort = 0] = await pickPorts(3)
  const { runDir, dataDir } = folder
  const ports = { clientPort, peerPort, apiPort }
  const { caFile, serverCertificateFile, serverKeyFile, serviceAccountKeyFile } = pki
  const files = { caFile, serverCertificateFile, serverKeyFile, serviceAccountKeyFile }
  const layout = { runDir, dataDir, ...ports, ...files, controllers: options.controllers }
  if (options.audit !== true) return layout
  const audit = { policyFile: path.join(runDir, 'audit-policy.json'), logFile: path.join(runDir, 'audit.log') }
  await writeFile(audit.policyFile, JSON.stringify(parts.AUDIT_POLICY))
  return { ...layout, audit }
}

async function startServers(site: Site, signal: AbortSignal): Promise<void> {
  const { options, layout, api, supervisor } = site
  const health = `http://127.0.0.1:${layout.clientPort}/health`
  const etcd: PartSpec = {
    ...specOf(site, 'etcd', parts.etcdArguments(layout)),
    ...pinnedTo(options.serverCpu),
    orphanedFolder: layout.dataDir,
    readiness: `etcd answers ${health}`,
    isReady: async (inner) => (await fetch(health, { signal: inner })).ok,
  }
  const apiServer: PartSpec = {
    ...specOf(site, 'kube-apiserver', parts.apiServerArguments(layout)),
    ...pinnedTo(options.serverCpu),
    readiness: `kube-apiserver answers ${site.server.href}readyz`,
    isReady: async (inner) => (await api.request({ method: 'GET', path: '/readyz' }, inner)) === 'ok',
  }
  await supervisor.start(etcd, signal)
  await supervisor.start(apiServer, signal)
}

async function startControllers(site: Site, signal: AbortSignal): Promise<void> {
  const { layout, api, supervisor } = site
  // Its user alone may not do what its controllers do, but it may use their service accounts.
  const managerConfig = await kubeconfigFor(site, 'system:kube-controller-manager', [])
  const manager = specOf(site, 'kube-controller-manager', parts.controllerManagerArguments(layout, managerConfig))
  const schedulerConfig = await kubeconfigFor(site, 'system:kube-scheduler', [])
  const scheduler = specOf(site, 'kube-scheduler', parts.schedulerArguments(schedulerConfig))
  const account = '/api/v1/namespaces/default/serviceaccounts/default'
  const readiness = 'kube-controller-manager has made the service account default'
  const isReady = async (inner: AbortSignal): Promise<boolean> =>
    textAt(await api.request({ method: 'GET', path: account }, inner), 'metadata', 'uid') !== ''
  await Promise.all([supervisor.start({ ...manager, readiness, isReady }, signal), supervisor.start(scheduler, signal)])
}

async function startSimulation(site: Site, stack: AsyncDisposableStack, signal: AbortSignal): Promise<void> {
  const { options, api, supervisor } = site
  await Promise.all([createNode(api, signal), createStorageClass(api, signal)])
  const kubeconfig = await kubeconfigFor(site, 'kwok', ['system:masters'])
  const kwok = specOf(site, 'kwok', parts.kwokArguments(kubeconfig))
  const readiness = 'kwok has made the simulated node ready'
  await supervisor.start({ ...kwok, readiness, isReady: (inner) => isNodeReady(api, inner) }, signal)
  const stop = new AbortController()
  const provisioner = provisionVolumes(api, options.report, stop.signal)
  stack.defer(async () => {
    stop.abort()
    await provisioner
  })
}

/** Ready when it runs; a caller who knows better replaces that. */
function specOf(site: Site, name: parts.Part, args: readonly string[]): PartSpec {
  const file = site.options.fileOf(name)
  const isReady = (): Promise<boolean> => Promise.resolve(true)
  return { name, file, args, runDir: site.layout.runDir, readiness: `${name} runs`, isReady }
}

function pinnedTo(cpu: number | undefined): { readonly cpu?: number } {
  return cpu === undefined ? {} : { cpu }
}

async function kubeconfigFor(site: Site, user: string, groups: readonly string[]): Promise<string> {
  const request = { runDir: site.layout.runDir, server: site.server.origin, user, groups }
  return await writeKubeconfig(site.pki.authority, request)
}

async function requireFreePorts(ports: readonly number[]): Promise<void> {
  const { signal } = new AbortController()
  for (const port of ports) {
    const wait = { what: `freeing 127.0.0.1:${port} after the stop`, limitMs: PORT_LIMIT_MS }
    await waitUntil(() => isFree(port), wait, signal).catch((error: unknown) => {
      const advice = `another process holds it; find it with: ss -ltnp 'sport = :${port}'`
      throw new TerminalError(`port ${port} is still held: ${advice}`, { cause: error })
    })
  }
}
