// Gauges that are read at scrape time from the parts that know. Before those parts exist they show nothing or 0.
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import { kindInfo } from '#api/generated/kinds.ts'
import type { GaugeSources } from '#api/ports.ts'
import type { BuildInfo, Identity, ProcessFacts, Workloads } from '#api/view.ts'
import { workloadStates } from '#api/view.ts'
import { resourceOf } from '#api/resource.ts'
import type { MetricSpec } from './metrics.ts'
import { gauges, types } from './metrics.ts'

export interface GaugeContext {
  readonly build: BuildInfo
  readonly identity: Identity
  readonly store: string
  readonly process: ProcessFacts
  readonly workloads: Workloads
  readonly now: () => number
  /** Undefined until the operator has been put together. */
  readonly sources: () => GaugeSources | undefined
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export function registerGauges(registry: Registry, context: GaugeContext): void {
  const { build, identity, process } = context
  const { version, revision, node } = build
  const { id, tenant, cluster } = identity
  const register = (spec: MetricSpec, read: () => readonly Sample[]): void => registerGauge(registry, spec, read)
  register(gauges.build, () => [{ labels: { version, revision, node }, value: 1 }])
  register(gauges.instance, () => [{ labels: { id, tenant, cluster, store: context.store }, value: 1 }])
  register(gauges.memory, () => [{ value: process.memory().rss }])
  register(gauges.load, () => [{ value: process.load() }])
  registerLeaderGauges(register, context)
  registerWorkGauges(register, context)
}

type Register = (spec: MetricSpec, read: () => readonly Sample[]) => void

function registerLeaderGauges(register: Register, { sources, identity }: GaugeContext): void {
  const view = () => sources()?.leadership
  register(gauges.isLeader, () => [{ value: view()?.isLeader() === true ? 1 : 0 }])
  register(gauges.term, () => [{ value: Number(view()?.epoch() ?? 0n) }])
  register(gauges.leader, () => {
    const holder = view()?.holder() ?? ''
    return holder === '' ? [] : [{ labels: { holder, cluster: identity.cluster }, value: 1 }]
  })
  register(gauges.lastTransition, () => [{ value: (view()?.lastTransitionMs() ?? 0) / 1000 }])
}

function registerWorkGauges(register: Register, context: GaugeContext): void {
  const { sources, now } = context
  const states = () => (sources()?.informers.states() ?? []).map((state) => ({ ...state, resource: plural(state) }))
  register(gauges.queueDepth, () => {
    const depth = sources()?.queueDepth() ?? { urgent: 0, normal: 0, background: 0 }
    return Object.entries(depth).map(([name, value]) => ({ labels: { class: name }, value }))
  })
  register(gauges.watchAge, () =>
    states().flatMap(({ resource, freshAtMs }) =>
      freshAtMs === undefined ? [] : [{ labels: { resource }, value: Math.max(0, now() - freshAtMs) / 1000 }],
    ),
  )
  register(gauges.storeObjects, () =>
    states().map(({ resource, objects }) => ({ labels: { resource }, value: objects })),
  )
  register(gauges.workloads, () => countWorkloads(context))
}

/** Zeros on standbys, so that sums over replicas are right. */
function countWorkloads({ sources, workloads }: GaugeContext): readonly Sample[] {
  const counts = new Map(types.flatMap((type) => workloadStates.map((state) => [`${type} ${state}`, 0])))
  const seen = sources()
  if (seen?.leadership.isLeader() === true) {
    for (const store of Object.values(seen.informers.stores.crs)) {
      for (const cr of store.all()) {
        const key = `${kindInfo[cr.kind].type} ${workloads.look(cr).state}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
  }
  return [...counts].map(([key, value]) => {
    const [type = '', state = ''] = key.split(' ')
    return { labels: { type, state }, value }
  })
}

function plural({ kind }: { readonly kind: Parameters<typeof resourceOf>[0] }): string {
  return resourceOf(kind).plural
}

function registerGauge(registry: Registry, spec: MetricSpec, read: () => readonly Sample[]): void {
  const { name, help, labels } = spec
  const made: Gauge = new Gauge({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
    collect: () => {
      made.reset()
      for (const { labels: row = {}, value } of read()) made.set(row, value)
    },
  })
}
