// The composition root: start-up order is reading order, disposal is its mirror. A dependency is a parameter.
// HTTP comes first, so that the probes tell what the start waits for. Whatever is wrong with the surroundings (no
// kubeconfig, no server, no CRDs, no rights) is said once, in words, and mends itself when they are mended.
import type { Config } from '#config/config.ts'
import type { Problem } from '#config/problems.ts'
import { formatPlace } from '#config/problems.ts'
import type { BuildInfo, Identity, OperatorView, ProcessFacts, Workloads } from '#api/view.ts'
import { createWorkloads, noLeadership } from '#api/view.ts'
import type { Elector, Informers, Logger } from '#api/ports.ts'
import { createController } from '#controller/controller.ts'
import type { Controller } from '#controller/controller.ts'
import { runTerm } from '#controller/run-term.ts'
import type { Silence } from '#controller/silence.ts'
import { watchSilence } from '#controller/silence.ts'
import { createSuspensions } from '#controller/suspensions.ts'
import type { HttpServer } from '#http/server.ts'
import { startHttp } from '#http/server.ts'
import type { ObservedLeases } from '#http/store-state.ts'
import { observeLeases } from '#http/store-state.ts'
import type { Client } from '#kube/call.ts'
import { connect } from '#kube/client.ts'
import type { KubeSettings } from '#kube/config.ts'
import { createEventRecorder } from '#kube/event-recorder.ts'
import type { TermEventRecorder } from '#kube/event-recorder.ts'
import { startInformers } from '#kube/informers.ts'
import { projections } from '#kube/projections.ts'
import type { Waiting } from '#kube/reach.ts'
import { findCluster, reachServer } from '#kube/reach.ts'
import { createReader } from '#kube/reader.ts'
import { createWriter } from '#kube/writer.ts'
import { createElector } from '#leader/elector.ts'
import { createLeaseLockStore } from '#leader/lease-lock-store.ts'
import { scopeOf } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import type { OpenTelemetry, TelemetrySettings } from '#telemetry/telemetry.ts'
import { openTelemetry } from '#telemetry/telemetry.ts'
import { workloads as definitions } from '#workloads/registry.ts'

/** What only the edge of the process knows. */
export interface Surroundings {
  readonly build: BuildInfo
  /** The file that the configuration came from. */
  readonly configFile?: string
  /** What is odd about the configuration, though valid. */
  readonly warnings: readonly Problem[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: TelemetrySettings['stream']
  readonly process: ProcessFacts
  /** Random UUID of this process. */
  readonly claim: string
  readonly random: () => number
  readonly clock: Clock
  /** Ends the process at once, without any release. */
  readonly exit: (code: number) => never
}

/** The last Events (the fence was released) are worth a moment of the shutdown, no more. */
const FAREWELL_MS = 1_000

/** Runs until the signal fires, then leaves in good order. Throws TerminalError when the port cannot be bound. */
export async function runOperator(config: Config, around: Surroundings, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const identity = { id: config.id, tenant: config.tenant, namespace: config.namespace, cluster: config.cluster.name }
  const workloads = createWorkloads(identity)
  const telemetry = openAll(config, around, { identity, workloads })
  const log = telemetry.log('operator')
  logStart(log, config, around)

  const seen: Seen = {}
  const view = viewOf(seen, { around, identity, signal })
  stack.use(await serve(config, around, { telemetry, view, workloads }))
  const waiting = waitingFor(seen, around.clock, log)
  const settings = await findCluster(clusterOptions(config, around), waiting, signal)
  if (settings === undefined) return
  const client = stack.use(connectTo(settings, { config, around, telemetry, seen }))
  if (!(await reachServer(client, waiting, signal))) return

  const leases = observeLeases(client.leases, around.clock)
  // Not ended by the signal: reconciles that run out need them until the last write.
  const informers = stack.use(watch(client, config, { around, telemetry }))
  // From the first event on, also while another replica leads.
  const silence = stack.use(watchSilence(informers.stores, around.clock))
  const recorder = openRecorder(client, config, { around, telemetry })
  // Leadership is told of outside terms, too.
  const herald = openRecorder(client, config, { around, telemetry })
  using _heralding = herald.during({ signal: new AbortController().signal })
  const elector = openElector(config, around, { settings, leases, informers, telemetry, herald })
  Object.assign(seen, { leases, informers, elector } satisfies Seen)

  const controller = control({ config, around, telemetry, client, informers, recorder, silence }, stack)
  telemetry.observe({ leadership: elector.view, informers, queueDepth: () => controller.queueDepth() })
  for await (const term of elector.terms(signal)) {
    using _events = recorder.during(term)
    await runTerm(term, { controller, clock: around.clock, log, exit: around.exit }, signal)
  }
  using farewell = scopeOf([], { clock: around.clock, ms: FAREWELL_MS })
  await herald.flush(farewell.signal)
  log.info('stopped', {})
}

/** What exists so far; the views look at it. */
interface Seen {
  obstacle?: string
  leases?: ObservedLeases
  informers?: Informers
  elector?: Elector
}

interface Parts {
  readonly identity: Identity
  readonly workloads: Workloads
}

function openAll(config: Config, around: Surroundings, { identity, workloads }: Parts): OpenTelemetry {
  const { build, process, clock, log: stream } = around
  const store = config.storageType
  return openTelemetry({ ...config.log, stream, build, identity, store, process, workloads, clock })
}

function logStart(log: Logger, config: Config, { build, warnings, configFile }: Surroundings): void {
  const { version, revision, node } = build
  const store = config.storageType
  log.info('starting', { version, revision, node, store, configFile: configFile ?? 'none' })
  for (const { place, path, sentence } of warnings)
    log.warn('configuration warning', {
      place: formatPlace(place),
      ...(path === undefined ? {} : { key: path }),
      sentence,
    })
}

function viewOf(
  seen: Seen,
  { around, identity, signal }: { around: Surroundings; identity: Identity; signal: AbortSignal },
): OperatorView {
  const { build, process, clock } = around
  return {
    build,
    identity,
    process,
    startedAtMs: clock.now(),
    leadership: () => seen.elector?.view ?? noLeadership,
    store: () => seen.leases?.state() ?? { reached: false, failures: 0 },
    informers: () => seen.informers && { states: seen.informers.states(), stores: seen.informers.stores },
    obstacle: () => seen.obstacle,
    isShuttingDown: () => signal.aborted,
  }
}

function serve(
  { http }: Config,
  { clock }: Surroundings,
  parts: { readonly telemetry: OpenTelemetry; readonly view: OperatorView; readonly workloads: Workloads },
): Promise<HttpServer> {
  const { telemetry, view, workloads } = parts
  const scrape = () => telemetry.scrape()
  return startHttp(http, { view, workloads, scrape, telemetry: telemetry.of('http'), clock })
}

/** The start waits, and the probes say for what. */
function waitingFor(seen: Seen, clock: Clock, log: Logger): Waiting {
  const onObstacle = (sentence: string | undefined): void => {
    if (sentence === undefined) delete seen.obstacle
    else seen.obstacle = sentence
  }
  return { clock, log, onObstacle }
}

function clusterOptions({ cluster }: Config, { env }: Surroundings): Parameters<typeof findCluster>[0] {
  const { kubeconfig = '', context = '', name: clusterName } = cluster
  return { options: { kubeconfig, context, clusterName }, places: { env } }
}

interface Connecting {
  readonly config: Config
  readonly around: Surroundings
  readonly telemetry: OpenTelemetry
  readonly seen: Seen
}

function connectTo(settings: KubeSettings, { config, around, telemetry, seen }: Connecting): Client {
  return connect(settings, telemetry.of('kube'), {
    version: around.build.version,
    // The audit log of the API server then tells which term wrote what.
    suffix: () => (seen.elector?.view.isLeader() === true ? `term=${seen.elector.view.epoch()}` : ''),
    leaseDeadlineMs: config.leader.retryPeriodMs,
    clock: around.clock,
  })
}

function watch(
  client: Client,
  { watchNamespaces }: Config,
  { around, telemetry }: { around: Surroundings; telemetry: OpenTelemetry },
): Informers {
  const { clock } = around
  const options = { namespaces: watchNamespaces, projections, telemetry: telemetry.of('kube'), clock }
  return startInformers(client, options, new AbortController().signal)
}

function openRecorder(
  client: Client,
  { id }: Config,
  { around, telemetry }: { around: Surroundings; telemetry: OpenTelemetry },
): TermEventRecorder {
  return createEventRecorder({ client, clock: around.clock, telemetry: telemetry.of('events'), instance: id })
}

interface Electing {
  readonly settings: KubeSettings
  readonly leases: ObservedLeases
  readonly informers: Informers
  readonly telemetry: OpenTelemetry
  readonly herald: TermEventRecorder
}

function openElector(config: Config, around: Surroundings, parts: Electing): Elector {
  const { id, tenant, leader, remainsFollower } = config
  const { claim, clock, random } = around
  const { settings, leases, informers, telemetry, herald } = parts
  const cluster = config.cluster.name
  const namespace = leader.leaseNamespace ?? settings.namespace ?? 'default'
  const { leaseDurationMs } = leader
  const fence = createLeaseLockStore(leases.leases, { namespace, tenant, cluster, leaseDurationMs }, clock)
  return createElector({
    fence,
    settings: { ...leader, id, claim, cluster, tenant, remainsFollower },
    clock,
    telemetry: telemetry.of('leader'),
    random,
    highestEpoch: () => informers.highestEpoch(),
    synced: (signal) => informers.synced(signal),
    onEvent: (event) => herald.record(fence.subject(), event),
  })
}

interface Controlling {
  readonly config: Config
  readonly around: Surroundings
  readonly telemetry: OpenTelemetry
  readonly client: Client
  readonly informers: Informers
  readonly recorder: TermEventRecorder
  readonly silence: Silence
}

function control(parts: Controlling, stack: AsyncDisposableStack): Controller {
  const { config, around, telemetry, client, informers, recorder } = parts
  const { tenant, id: controllerId, namespace, leader, workers } = config
  const { clock } = around
  const { stores } = informers
  // T of the leadership rule: what was sent in a term has been answered or reset before a rival may act.
  const writeDeadlineMs = leader.leaseDurationMs / 5
  const writer = stack.use(
    createWriter({
      client,
      stores,
      settings: { tenant, clusterName: config.cluster.name, controllerId, writeDeadlineMs },
      clock,
      telemetry: telemetry.of('writer'),
      requeue: (key, afterMs) => controller.requeue(key, afterMs),
    }),
  )
  const controller = createController({
    workloads: definitions,
    informers,
    writer,
    reader: createReader(client),
    silence: parts.silence,
    suspensions: createSuspensions(stores, clock),
    recorder,
    tenant: { tenant, namespace },
    clock,
    telemetry: telemetry.of('controller'),
    workers,
  })
  return controller
}
