// An operator that is killed after any of its writes: the next one brings the workload to the same end, and on no way
// there two pods may run. The controllers of Kubernetes are imitated as far as these stories need them.
import { describe, expect, it } from 'vitest'
import type { CrFact, PodFact } from '#api/facts.ts'
import { keyOf, type Key } from '#api/key.ts'
import { annotation } from '#api/labels.ts'
import { statusTextOf } from '#api/status-text.ts'
import { engineParts } from '#testing/engine.ts'
import { createFakeStores, type FakeStores } from '#testing/fake-stores.ts'
import { given, NOW_MS, type CrOverrides } from '#testing/given.ts'
import { proofOfEnd } from '#workloads/parts/proof.ts'
import { createProofMemory } from './gather.ts'
import { reconcile, type Outcome } from './reconcile.ts'

const never = new AbortController().signal

interface Story {
  readonly name: string
  readonly cr: CrOverrides
  /** What happens once the workload has settled. */
  readonly event?: (stores: FakeStores) => void
}

const front = { ports: [{ name: 'http', containerPort: 80 }] }
const image = (tag: number) => ({ image: `example.test/report:${tag}` })

const stories: readonly Story[] = [
  { name: 'a new Process', cr: { spec: { ...image(1), ...front } } },
  { name: 'a new image of a Process', cr: { spec: image(1) }, event: (stores) => edit(stores, image(2)) },
  {
    name: 'a suspended Process',
    cr: { spec: image(1) },
    event: (stores) => edit(stores, { ...image(1), suspend: true }),
  },
  { name: 'a Process whose pod was deleted', cr: { spec: image(1) }, event: (stores) => deletePods(stores) },
  { name: 'a Process that is to be restarted', cr: { spec: image(1) }, event: (stores) => askForRestart(stores) },
  {
    name: 'a Process whose pod is dead by a word',
    cr: { spec: image(1) },
    event: (stores) => confirmDead(stores),
  },
  { name: 'a new Service', cr: { kind: 'WorkloadService', spec: { ...image(1), ...front } } },
  {
    name: 'a Service whose pod was deleted',
    cr: { kind: 'WorkloadService', spec: { ...image(1), ...front } },
    event: (stores) => deletePods(stores),
  },
  { name: 'a new Persistent', cr: { kind: 'WorkloadPersistent', spec: { ...image(1), ...front } } },
  { name: 'a new CronJob', cr: { kind: 'WorkloadCronJob', spec: { ...image(1), schedule: '0 0 * * *' } } },
  {
    name: 'a CronJob that is to run now',
    cr: { kind: 'WorkloadCronJob', spec: { ...image(1), schedule: '0 0 * * *' } },
    event: (stores) => annotate(stores, { [annotation.runNow]: 'now' }),
  },
  {
    name: 'a CronJob with another schedule',
    cr: { kind: 'WorkloadCronJob', spec: { ...image(1), schedule: '0 0 * * *' } },
    event: (stores) => edit(stores, { ...image(1), schedule: '0 1 * * *' }),
  },
]

describe.each(stories)('$name', ({ cr, event }) => {
  it('ends the same after a crash behind each of its writes', async () => {
    const whole = await live(cr, event, Number.POSITIVE_INFINITY)
    expect(whole.takeover, 'a take-over of what is settled makes no call').toEqual([])

    for (let writes = 1; writes <= whole.writes; writes += 1) {
      const broken = await live(cr, event, writes)
      expect(broken.end, `after write ${writes}: ${whole.calls[writes - 1]}`).toEqual(whole.end)
    }

    expect(whole.writes).toBeGreaterThan(1)
  })
})

/** One life of a workload under an operator that crashes once, after so many writes, and is followed by another. */
async function live(cr: CrOverrides, event: Story['event'], crashAfter: number) {
  const stores = createFakeStores()
  const fact = given.cr(cr)
  const key = keyOf(fact.kind, fact.namespace, fact.name)
  stores.see(fact)
  const first = createOperator(stores, key, 1n)
  first.api.crashAfter(crashAfter)
  const second = createOperator(stores, key, 2n)

  await settle(stores, [first.reconcile, second.reconcile])
  event?.(stores)
  await settle(stores, [first.reconcile, second.reconcile])
  const calls = first.api.calls.filter((call) => !call.startsWith('read'))
  return { end: endOf(stores, fact), writes: calls.length, calls, takeover: second.api.calls }
}

function createOperator(stores: FakeStores, key: Key, epoch: bigint) {
  const parts = engineParts(stores)
  const deps = { ...parts, proofs: createProofMemory(), told: new Map() }
  const term = given.term({ epoch })
  return { api: parts.api, reconcile: () => reconcile(key, deps, term, never) }
}

/** Each operator works until nothing changes; one that has crashed does nothing any more. */
async function settle(stores: FakeStores, operators: readonly (() => Promise<Outcome>)[]): Promise<void> {
  for (const operate of operators) {
    for (let round = 0; round < 12; round += 1) {
      await operate()
      watch(stores)
      actAsKubernetes(stores)
      watch(stores)
    }
  }
}

/** G2: never two pods that may run. */
function watch(stores: FakeStores): void {
  const open = pods(stores).filter((pod) => !pod.gated && proofOfEnd(pod, new Set()) === undefined)
  expect(open.length).toBeLessThanOrEqual(1)
}

function actAsKubernetes(stores: FakeStores): void {
  for (const job of stores.children.Job.all()) {
    if (job.result === 'Running')
      stores.see({ ...job, result: 'Succeeded', finishedAtMs: NOW_MS, resourceVersion: stores.nextVersion() })
  }
  for (const pod of pods(stores)) {
    if (pod.deleting) stores.lose(pod)
    else if (!pod.gated && pod.phase === 'Pending')
      see(stores, { ...pod, phase: 'Running', ready: true, anyRunning: true })
  }
  if (pods(stores).length > 0) return
  const [deployment] = stores.children.Deployment.all()
  const [statefulSet] = stores.children.StatefulSet.all()
  const hash = { 'pod-template-hash': '7c9d' }
  if (deployment !== undefined) {
    const controller = { kind: 'ReplicaSet', name: 'report-7c9d', uid: 'uid-rs' }
    stores.see(newPod(stores, { name: `report-7c9d-${stores.nextVersion()}`, controller, gated: true }, hash))
  }
  if (statefulSet !== undefined) {
    const controller = { kind: 'StatefulSet', name: 'report', uid: statefulSet.uid }
    stores.see(newPod(stores, { name: 'report-0', controller }, {}))
  }
}

/** As a controller makes it from the template. */
function newPod(stores: FakeStores, over: Partial<PodFact>, labels: Readonly<Record<string, string>>): PodFact {
  const { main: _none, node: _nowhere, ...rest } = given.pod()
  const [cr] = allCrs(stores)
  if (cr === undefined) throw new Error('no resource')
  return {
    ...rest,
    ...over,
    uid: `uid-pod-${stores.nextVersion()}`,
    resourceVersion: stores.nextVersion(),
    owner: keyOf(cr.kind, cr.namespace, cr.name),
    labels: { ...given.labels(cr.kind), ...labels },
    phase: 'Pending',
    ready: false,
    anyRunning: false,
  }
}

function see(stores: FakeStores, pod: PodFact): void {
  stores.see({ ...pod, resourceVersion: stores.nextVersion() })
}

function deletePods(stores: FakeStores): void {
  for (const pod of pods(stores)) see(stores, { ...pod, deleting: true })
}

function edit(stores: FakeStores, spec: object): void {
  const [cr] = allCrs(stores)
  if (cr === undefined) throw new Error('no resource')
  const next = { generation: cr.generation + 1, resourceVersion: stores.nextVersion() }
  stores.see({ ...cr, ...next, spec: JSON.stringify(spec) })
}

function askForRestart(stores: FakeStores): void {
  annotate(stores, { [annotation.restartRequestedAt]: 'now' })
}

/** Its node is silent. */
function confirmDead(stores: FakeStores): void {
  const [pod] = pods(stores)
  if (pod === undefined) throw new Error('no pod')
  see(stores, { ...pod, ready: false })
  annotate(stores, { [annotation.confirmDead]: pod.uid })
}

function annotate(stores: FakeStores, annotations: CrFact['annotations']): void {
  const [cr] = allCrs(stores)
  if (cr === undefined) throw new Error('no resource')
  stores.see({ ...cr, annotations, resourceVersion: stores.nextVersion() })
}

function pods(stores: FakeStores): readonly PodFact[] {
  return [...stores.children.Pod.all()]
}

function allCrs(stores: FakeStores): readonly CrFact[] {
  return Object.values(stores.crs).flatMap((store) => [...store.all()])
}

/** What users would see, without uids, versions, times and terms. */
function endOf(stores: FakeStores, { kind, namespace, name }: CrFact): readonly string[] {
  const children = stores.allChildren().map((fact) => {
    const open = fact.kind === 'Pod' ? ` gated=${fact.gated} phase=${fact.phase}` : ''
    return `${fact.kind} ${plain(fact.name)} ${fact.applied} deleting=${fact.deleting} ${fact.controller?.kind}${open}`
  })
  const cr = stores.crs[kind].get(namespace, name)
  return [...children.toSorted(), plain(cr === undefined ? '' : statusTextOf(cr))]
}

function plain(text: string): string {
  return (
    text
      .replaceAll(/7c9d-\d+/g, '7c9d-x')
      .replaceAll(/"(podUID|uid|lastHandledConfirmDead)":"[^"]*"/g, '"uid":""')
      .replaceAll(/"(epoch|token|term)":\d+/g, '"token":0')
      // Of a pod that nobody saw while it was being deleted only the absence is known.
      .replaceAll('"ObjectGone"', '"Deleted"')
  )
}
