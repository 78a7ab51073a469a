// Every row of the state table, for every kind that can be in it, and what kstatus makes of it.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { around, instance, looping, podNames, silent, unbound, waiting, was } from '#testing/instances.ts'
import { lookAt, type Found } from '#testing/seen.ts'

type Running = Exclude<KindName, 'WorkloadCronJob'>

const rows: readonly (readonly [string, Partial<PodFact>, Found, string])[] = [
  ['runs and is ready', {}, {}, 'True Running, active, healthy, settled'],
  ['made, not ready yet', { ready: false }, {}, 'False Starting, active, not healthy, Reconciling'],
  [
    'not ready any more',
    { ready: false },
    { stored: was('Running') },
    'False Unhealthy, active, not healthy, Reconciling',
  ],
  [
    'still not ready',
    { ready: false },
    { stored: was('Unhealthy') },
    'False Unhealthy, active, not healthy, Reconciling',
  ],
  ['ends again and again', looping, {}, 'False CrashLoop, active, not healthy, Reconciling'],
  [
    'starts once more, not ready',
    { ready: false, main: given.container({ ready: false, lastExitCode: 1, restartCount: 4 }) },
    { stored: was('CrashLoop') },
    'False CrashLoop, active, not healthy, Reconciling',
  ],
  [
    'image cannot be pulled',
    waiting('ErrImagePull', 'not found'),
    {},
    'False ImagePullFailed, active, not healthy, Reconciling',
  ],
  [
    'image, between two tries',
    waiting('ImagePullBackOff'),
    {},
    'False ImagePullFailed, active, not healthy, Reconciling',
  ],
  [
    'image of a sidecar',
    { ready: false, waiting: { container: 's', reason: 'ImagePullBackOff' } },
    {},
    'False ImagePullFailed, active, not healthy, Reconciling',
  ],
  [
    'Secret missing',
    waiting('CreateContainerConfigError', 'secret "db" not found'),
    {},
    'False ConfigMissing, active, not healthy, Reconciling',
  ],
  [
    'no node fits',
    { ...unbound, unschedulable: '0/3 nodes are available' },
    {},
    'False Unschedulable, active, not healthy, Reconciling',
  ],
  [
    'claim not bound',
    { ...unbound, unschedulable: 'pod has unbound immediate PersistentVolumeClaims' },
    {},
    'False VolumePending, active, not healthy, Reconciling',
  ],
  ['still ends', { deleting: true }, {}, 'False HandoverPending, active, not healthy, Reconciling'],
  [
    'end only claimed',
    { phase: 'Failed', ready: false },
    {},
    'False HandoverPending, active, not healthy, Reconciling',
  ],
  ['its node is silent', {}, { over: silent }, 'False NodeUnreachable, active, not healthy, Stalled'],
  [
    'ending on a silent node',
    { deleting: true },
    { over: silent },
    'False NodeUnreachable, active, not healthy, Stalled',
  ],
]

const kinds: readonly Running[] = ['WorkloadProcess', 'WorkloadService', 'WorkloadPersistent']

describe.each(kinds)('the state of a %s', (kind) => {
  const workload = lookAt(kind)

  it.each(rows)('%s', (_what, over, more, expected) => {
    const found = instance(kind, over, more)

    const progress = ['Reconciling', 'Stalled'].filter((type) => workload.condition(found, type) !== undefined)

    expect(`${workload.ready(found)}, ${progress.join(' ') || 'settled'}`).toBe(expected)
  })

  it('says Unknown about exclusivity while the node is silent', () => {
    expect(workload.condition(instance(kind, {}, { over: silent }), 'Exclusive')).toBe('Unknown OldInstanceUnreachable')
  })

  it('names the pod, the node, and the next step', () => {
    const over = { deleting: true, deletionRequestedAtMs: NOW_MS, deletionGraceSeconds: 30 }
    const name = podNames[kind]

    expect(workload.message(instance(kind, over, { over: silent }), 'Ready')).toBe(
      `Waiting for pod ${name} on node n1 to end; its deletion was requested at 2026-01-01T00:00:00Z and the node does not answer. If the node is powered off, run: kubectl annotate ${kind.toLowerCase()} report -n prod --overwrite highlander.plexobject.io/confirm-dead=uid-instance`,
    )
  })

  it('passes on the sentence of the kubelet', () => {
    const found = instance(kind, waiting('CreateContainerConfigError', 'secret "db" not found'))

    expect(workload.message(found, 'Ready')).toContain('secret "db" not found')
  })

  it('tells how the container ended', () => {
    expect(workload.message(instance(kind, looping), 'Ready')).toContain('last with exit code 137 (OOMKilled)')
  })

  it('turns to NodeUnreachable by itself, 60 s after the grace period', () => {
    const over = { deleting: true, deletionRequestedAtMs: NOW_MS, deletionGraceSeconds: 30 }

    expect(workload.report(instance(kind, over)).requeueAfterMs).toBe(90_000)
    expect(workload.ready(instance(kind, over, { over: { nowMs: NOW_MS + 90_000 } }))).toContain('NodeUnreachable')
  })

  it('is the same for every replica, and for the next look', () => {
    for (const [, over, more] of rows) {
      const found = instance(kind, over, more)
      const first = workload.status(found)

      const second = workload.status({ ...found, stored: { ...around[kind].stored, ...first } })

      expect(second).toEqual(first)
    }
  })
})

describe('the state of a run', () => {
  const cron = lookAt('WorkloadCronJob')

  it.each([
    ['runs', {}, {}, 'True Scheduled'],
    ['starts', { ready: false }, {}, 'True Scheduled'],
    ['fails and is tried again', looping, {}, 'True Scheduled'],
    ['cannot pull its image', waiting('ErrImagePull'), {}, 'False ImagePullFailed'],
    ['misses a Secret', waiting('CreateContainerConfigError'), {}, 'False ConfigMissing'],
    ['sits on a silent node', {}, { over: silent }, 'False NodeUnreachable'],
  ] as const)('that %s', (_what, over, more, expected) => {
    expect(cron.condition(instance('WorkloadCronJob', over, more), 'Ready')).toBe(expected)
  })
})
