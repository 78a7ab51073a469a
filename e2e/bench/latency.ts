// L1: resource created → native object seen, at 20 creates a second, counted from the time the create was due, beside
// kube-controller-manager doing the same for ReplicaSets on the same control plane, and beside a loop that answers each
// resource with the two writes and decides nothing: what a custom resource and its pod cost this control plane at least.
import { systemClock } from '#lib/clock.ts'
import type { Api } from '../support/api.ts'
import { nameOf, namespaceOf, resource, resourcePath } from './objects.ts'
import { observe } from './observe.ts'
import type { Stage } from './plane.ts'
import { rawReactor, type Templates } from './raw.ts'
import { percentile, type Row } from './report.ts'

const INTERVAL_MS = 50
const GOAL_P50_MS = 10
const GOAL_P99_MS = 50

interface Distribution {
  readonly p50: number
  readonly p99: number
  readonly samples: number
}

export async function measureLatency(stage: Stage, samples: number): Promise<Row> {
  const templates = await stage.templates()
  const peer = await peerLatency(stage, samples)
  await stage.clear()
  const raw = await rawLatency(stage, templates, samples)
  await stage.clear()
  const ours = await ourLatency(stage, samples)
  const isMet = ours.p50 <= GOAL_P50_MS && ours.p99 <= GOAL_P99_MS && ours.p50 <= peer.p50
  const show = (seen: Distribution): string => `p50 ${seen.p50.toFixed(1)} ms, p99 ${seen.p99.toFixed(1)} ms`
  const goal = `p50 <= ${GOAL_P50_MS} and <= controller-manager's, p99 <= ${GOAL_P99_MS}`
  return {
    id: 'L1',
    what: 'created → object seen, 20/s',
    ours: show(ours),
    raw: `${show(raw)}; ReplicaSet: ${show(peer)}`,
    goal,
    isMet,
    figures: { ours, raw, peer },
  }
}

async function ourLatency(stage: Stage, samples: number): Promise<Distribution> {
  await using operator = await stage.operator()
  await operator.ready(AbortSignal.timeout(60_000))
  await operator.leading(AbortSignal.timeout(60_000))
  return await resourceLatency(stage, 'l', samples)
}

async function rawLatency(stage: Stage, templates: Templates, samples: number): Promise<Distribution> {
  const stop = new AbortController()
  const reactor = rawReactor(stage.api, templates, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  try {
    return await resourceLatency(stage, 'raw', samples)
  } finally {
    stop.abort()
    await reactor
  }
}

async function resourceLatency(stage: Stage, prefix: string, samples: number): Promise<Distribution> {
  await using observer = observe(stage.api, { objects: '/api/v1/pods', ownerOf: (name) => name.replace(/-pod$/, '') })
  const due = await openLoop(samples, async (index) => {
    const namespace = namespaceOf(index)
    await stage.api.must('POST', resourcePath(namespace), { body: resource(namespace, nameOf(prefix, index)) })
  })
  await observer.until('objects', samples, 60_000)
  return distribution(due, (index) => observer.objects.get(`${namespaceOf(index)}/${nameOf(prefix, index)}`))
}

async function peerLatency(stage: Stage, samples: number): Promise<Distribution> {
  await using observer = observe(stage.api, { objects: '/api/v1/pods', ownerOf: (name) => name.replace(/-[^-]+$/, '') })
  const due = await openLoop(samples, (index) => createReplicaSet(stage.api, namespaceOf(index), nameOf('rs', index)))
  await observer.until('objects', samples, 60_000)
  return distribution(due, (index) => observer.objects.get(`${namespaceOf(index)}/${nameOf('rs', index)}`))
}

async function createReplicaSet(api: Api, namespace: string, name: string): Promise<void> {
  const labels = { app: name }
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'main', image: 'mycompany/data-processor:1.4.2' }] },
  }
  const body = { metadata: { name }, spec: { replicas: 1, selector: { matchLabels: labels }, template } }
  await api.must('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, { body })
}

/** Starts `create(i)` at i × 50 ms, whether or not the ones before have been answered; returns the due times. */
async function openLoop(samples: number, create: (index: number) => Promise<void>): Promise<readonly number[]> {
  const startMs = systemClock.monotonicMs() + INTERVAL_MS
  const pending: Promise<void>[] = []
  const due: number[] = []
  for (let index = 0; index < samples; index += 1) {
    const at = startMs + index * INTERVAL_MS
    due.push(at)
    await systemClock.sleep(Math.max(0, at - systemClock.monotonicMs()), AbortSignal.timeout(60_000))
    pending.push(create(index))
  }
  await Promise.all(pending)
  return due
}

function distribution(due: readonly number[], seenAt: (index: number) => number | undefined): Distribution {
  const latencies = due.map((dueMs, index) => (seenAt(index) ?? Number.POSITIVE_INFINITY) - dueMs)
  return { p50: percentile(latencies, 50), p99: percentile(latencies, 99), samples: latencies.length }
}
