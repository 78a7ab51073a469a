// `make run`: a cluster, the operator, one example of each kind, and what a person wants to see of them.
// It starts nothing that it does not stop, and says where to look when a step fails.
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { aborted } from '#lib/abort.ts'
import { systemClock } from '#lib/clock.ts'
import { isAbort, messageOf } from '#lib/errors.ts'
import { startControlPlane, type ControlPlane } from './cluster/control-plane.ts'
import { isFree, pickPorts } from './cluster/ports.ts'
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from './support/identity.ts'
import { kubectlFor, type Kubectl } from './support/kubectl.ts'
import { startOperator, type OperatorProcess } from './support/operator-process.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const NAMESPACE = 'highlander-demo'
const PLURALS = ['workloadprocesses', 'workloadcronjobs', 'workloadservices', 'workloadpersistents']
const HTTP_PORT = 8080
const SETTLE_LIMIT_MS = 120_000

interface Run {
  readonly cluster: ControlPlane
  readonly kubectl: Kubectl
  readonly operator: OperatorProcess
}

async function main(): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const startedMs = systemClock.monotonicMs()
  await using stack = new AsyncDisposableStack()
  try {
    const run = await start(stack, stop.signal)
    await step('applying one example of each kind', () => applySamples(run, stack))
    await step('waiting until all four are active and healthy', () => settled(run, stop.signal))
    await show(run)
    say(`\nReached in ${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s.`)
  } catch (error) {
    if (stop.signal.aborted && isAbort(error)) return 1
    say(`\nmake run failed: ${messageOf(error)}`)
    return 1
  }
  if (process.env['ONCE'] === '1') return 0
  say('Running. Ctrl-C stops the operator and everything else that was started here.')
  await aborted(stop.signal)
  say('\nStopping.')
  return 0
}

async function start(stack: AsyncDisposableStack, signal: AbortSignal): Promise<Run> {
  const cluster = await startControlPlane({ nodes: 'simulated', controllers: true, report: say }, signal)
  if (cluster.type === 'unavailable') {
    throw new Error(
      `no cluster can be started here; missing ${cluster.missing.join(', ')}\n${cluster.tried.join('\n')}`,
    )
  }
  stack.use(cluster)
  const kubectl = kubectlFor(cluster.kubectl, cluster.kubeconfig)
  await step('installing the resource definitions', () => installDefinitions(kubectl))
  const operator = stack.use(await step('starting the operator', () => launchOperator(cluster, kubectl)))
  await operator.ready(AbortSignal.any([signal, AbortSignal.timeout(60_000)]))
  return { cluster, kubectl, operator }
}

async function installDefinitions(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['apply', '-f', path.join(ROOT, 'manifests/crds.yaml')])
  await kubectl.run([
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    '-f',
    path.join(ROOT, 'manifests/crds.yaml'),
  ])
}

/** In our own cluster it runs with exactly the rights of manifests/rbac.yaml; in a given one with those of the kubeconfig. */
async function launchOperator(cluster: ControlPlane, kubectl: Kubectl): Promise<OperatorProcess> {
  const logs = path.join(ROOT, '.run')
  await mkdir(logs, { recursive: true })
  const logFile = path.join(logs, 'operator.log')
  await rm(logFile, { force: true })
  if (!cluster.given) await kubectl.run(['apply', '-f', path.join(ROOT, 'manifests/rbac.yaml')])
  const kubeconfig = cluster.given
    ? cluster.kubeconfig
    : await cluster.kubeconfigFor(SERVICE_ACCOUNT, ['system:serviceaccounts'])
  const [spare = 0] = await pickPorts(1)
  const port = (await isFree(HTTP_PORT)) ? HTTP_PORT : spare
  if (port !== HTTP_PORT) say(`  port ${HTTP_PORT} is taken, using ${port}`)
  const environment = cluster.given ? {} : { HIGHLANDER_LEASE_NAMESPACE: OPERATOR_NAMESPACE }
  return startOperator({ kubeconfig, port, logFile, environment })
}

async function applySamples({ cluster, kubectl }: Run, stack: AsyncDisposableStack): Promise<void> {
  const created = await kubectl.attempt(['create', 'namespace', NAMESPACE])
  if (created.ok && cluster.given) {
    // A cluster of its own vanishes as a whole; in a given one the examples go with this command.
    stack.defer(async () => {
      await kubectl.attempt(['delete', 'namespace', NAMESPACE, '--wait=false'])
    })
  }
  await kubectl.run(['apply', '-n', NAMESPACE, '-f', path.join(ROOT, 'manifests/samples/quickstart')])
}

async function settled({ cluster, kubectl, operator }: Run, signal: AbortSignal): Promise<void> {
  const limit = `--timeout=${SETTLE_LIMIT_MS / 1000}s`
  const wait = (plural: string): Promise<{ ok: boolean; output: string }> =>
    kubectl.attempt(['wait', '-n', NAMESPACE, plural, '--all', '--for=jsonpath={.status.healthy}=true', limit])
  const answers = await Promise.all(PLURALS.map(wait))
  signal.throwIfAborted()
  if (answers.every((answer) => answer.ok)) return
  const state = await kubectl.attempt(['get', 'highlander', '-n', NAMESPACE, '-o', 'wide'])
  throw new Error(
    `not everything became healthy:\n${state.output}\nThe operator's log: ${operator.logFile}\nThe cluster's logs: ${cluster.runDir}`,
  )
}

async function show({ cluster, kubectl, operator }: Run): Promise<void> {
  for (const plural of PLURALS) {
    say(`\n$ kubectl get ${plural}`)
    say((await kubectl.run(['get', plural, '-n', NAMESPACE])).trimEnd())
  }
  say('\nWhat the operator made of them:')
  const kinds = 'pods,deployments,statefulsets,cronjobs,services,persistentvolumeclaims'
  say((await kubectl.run(['get', kinds, '-n', NAMESPACE, '-l', 'managed-by=k8-highlander'])).trimEnd())
  // A kubectl of the same version is at hand, whether or not the machine has one.
  const own = [`export KUBECONFIG=${cluster.kubeconfig}`, `export PATH=${path.dirname(cluster.kubectl)}:$PATH`]
  const pointer = cluster.given ? '' : own.map((line) => `${line}\n  `).join('')
  say(`
Operator:  ${operator.url}/status   metrics: ${operator.url}/metrics   log: ${path.relative(process.cwd(), operator.logFile)}
Point kubectl at the cluster:
  ${pointer}kubectl config set-context --current --namespace=${NAMESPACE}

Three things to try:
  kubectl delete pod ticker-pod            # it comes back, never twice
  kubectl patch wlp ticker --type=merge -p '{"spec":{"suspend":true}}'; kubectl get wlp
  kubectl get wlp,wlc,wls,wlper -o wide; kubectl describe wls web`)
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = systemClock.monotonicMs()
  try {
    const result = await work()
    say(`${what}: ${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s`)
    return result
  } catch (error) {
    throw new Error(`${what} failed`, { cause: error })
  }
}

function say(line: string): void {
  console.log(line)
}

process.exitCode = await main()
