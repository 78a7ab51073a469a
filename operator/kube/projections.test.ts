import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotation, GRANT_GATE, label } from '#api/labels.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { projections } from './projections.ts'

const START = '2026-01-01T00:00:00Z'
const labels = given.labels()

const pod = given.object('Pod', {
  metadata: {
    name: 'report-pod',
    labels,
    annotations: { [annotation.epoch]: '7', [annotation.token]: '7340033', [annotation.applied]: 'abc', big: 'x' },
    ownerReferences: [
      { kind: 'Other', name: 'o', uid: 'u0' },
      { kind: 'WorkloadProcess', name: 'report', uid: 'u1', controller: true },
    ],
    deletionTimestamp: '2026-01-01T00:01:00Z',
    deletionGracePeriodSeconds: 30,
  },
  spec: {
    nodeName: 'n1',
    schedulingGates: [{ name: 'other' }, { name: GRANT_GATE }],
    containers: [
      { name: 'proxy', image: 'proxy:1' },
      { name: 'main', image: 'report:1' },
    ],
    initContainers: [{ name: 'migrate', image: 'migrate:1' }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.7',
    hostIP: '10.1.0.1',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available.' },
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
    ],
    containerStatuses: [
      { name: 'proxy', state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } },
      {
        name: 'main',
        ready: true,
        restartCount: 2,
        image: 'report:1',
        imageID: 'sha256:1',
        state: { running: { startedAt: START } },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      },
    ],
  },
})

describe('a Pod', () => {
  it('becomes the scalars that decisions read', () => {
    expect(projections.Pod(pod)).toMatchObject({
      kind: 'Pod',
      namespace: 'prod',
      name: 'report-pod',
      owner: 'WorkloadProcess/prod/report',
      createdAtMs: NOW_MS,
      controller: { kind: 'WorkloadProcess', name: 'report', uid: 'u1' },
      labels,
      deleting: true,
      deletionRequestedAtMs: NOW_MS + 30_000,
      deletionGraceSeconds: 30,
      epoch: 7n,
      applied: 'abc',
      builder: '',
      token: '7340033',
      phase: 'Running',
      ready: true,
      gated: true,
      node: 'n1',
      podIp: '10.0.0.7',
      hostIp: '10.1.0.1',
      anyRunning: true,
      main: {
        state: 'running',
        ready: true,
        restartCount: 2,
        image: 'report:1',
        imageId: 'sha256:1',
        startedAtMs: NOW_MS,
        lastExitCode: 137,
        lastReason: 'OOMKilled',
      },
      waiting: { container: 'proxy', reason: 'ImagePullBackOff', message: 'Back-off pulling image' },
      unschedulable: '0/3 nodes are available.',
      disruption: 'EvictionByEvictionAPI',
    })
    expect(Object.entries(projections.Pod(pod)?.images ?? {})).toEqual([
      ['main', 'report:1'],
      ['proxy', 'proxy:1'],
      ['migrate', 'migrate:1'],
    ])
  })

  it('has no properties without a value', () => {
    const bare = projections.Pod(given.object('Pod', { status: {} }))

    expect(bare).toMatchObject({
      phase: 'Pending',
      ready: false,
      gated: false,
      token: '',
      epoch: 0n,
      anyRunning: false,
    })
    expect(Object.values(bare ?? {})).not.toContain(undefined)
    expect(bare).not.toHaveProperty('main')
    expect(bare).not.toHaveProperty('owner')
  })

  it.each(['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'])(
    'has something running when %s says so, whatever the phase',
    (list) => {
      const failed = given.object('Pod', {
        status: { phase: 'Failed', [list]: [{ name: 'x', state: { running: {} } }] },
      })

      expect(projections.Pod(failed)).toMatchObject({ phase: 'Failed', anyRunning: true })
    },
  )

  it('is not unschedulable because it is gated', () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'gated' }]

    expect(projections.Pod(given.object('Pod', { status: { conditions } }))).not.toHaveProperty('unschedulable')
  })
})

describe('other children', () => {
  it('Deployment: counts and the sentence of its problem', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    ]
    const status = { observedGeneration: 4, replicas: 1, readyReplicas: 1, updatedReplicas: 1, conditions }

    const fact = projections.Deployment(given.object('Deployment', { metadata: { generation: 5 }, status }))

    expect(fact).toMatchObject({
      generation: 5,
      observedGeneration: 4,
      replicas: 1,
      readyReplicas: 1,
      availableReplicas: 0,
    })
    expect(fact?.problem).toEqual({ reason: 'ProgressDeadlineExceeded', message: 'timed out' })
  })

  it('StatefulSet: its claim templates as text', () => {
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }]
    const status = { currentRevision: 'a', updateRevision: 'b', replicas: 1 }

    const fact = projections.StatefulSet(given.object('StatefulSet', { spec: { volumeClaimTemplates }, status }))

    expect(fact).toMatchObject({ currentRevision: 'a', updateRevision: 'b', replicas: 1 })
    expect(JSON.parse(fact?.claimTemplates ?? '')).toEqual(volumeClaimTemplates)
  })

  it('CronJob: what runs and when it last ran', () => {
    const status = { active: [{ name: 'report-1' }], lastScheduleTime: START }

    const fact = projections.CronJob(given.object('CronJob', { spec: { suspend: true }, status }))

    expect(fact).toMatchObject({ suspended: true, activeJobs: ['report-1'], lastScheduleTime: START })
  })

  it.each([
    ['Running', {}, undefined],
    ['Succeeded', { completionTime: START, conditions: [{ type: 'Complete', status: 'True' }] }, NOW_MS],
    [
      'Failed',
      { conditions: [{ type: 'Failed', status: 'True', message: 'deadline', lastTransitionTime: START }] },
      NOW_MS,
    ],
  ])('Job: %s', (result, status, finishedAtMs) => {
    const annotations = { 'batch.kubernetes.io/cronjob-scheduled-timestamp': START }

    const fact = projections.Job(given.object('Job', { metadata: { annotations }, status }))

    expect(fact).toMatchObject({ result, scheduledAtMs: NOW_MS })
    expect(fact?.finishedAtMs).toBe(finishedAtMs)
  })

  it('Service and claim', () => {
    const spec = { clusterIP: 'None', resources: { requests: { storage: '2Gi' } } }

    expect(projections.Service(given.object('Service', { spec }))).toMatchObject({
      clusterIp: 'None',
      type: 'ClusterIP',
    })
    const balanced = { type: 'LoadBalancer', loadBalancerClass: 'a.test/a' }
    expect(projections.Service(given.object('Service', { spec: balanced }))).toMatchObject(balanced)
    expect(
      projections.PersistentVolumeClaim(
        given.object('PersistentVolumeClaim', { spec, status: { phase: 'Bound', capacity: { storage: '1Gi' } } }),
      ),
    ).toMatchObject({ phase: 'Bound', capacity: '1Gi', requested: '2Gi' })
  })

  it.each([
    ['ControllerResizeError', 'True', 'no space'],
    ['NodeResizeError', 'True', 'no space'],
    ['ControllerResizeError', 'False', undefined],
    ['Resizing', 'True', undefined],
  ])('claim: why it cannot be enlarged: %s %s', (type, status, resizeProblem) => {
    const conditions = [{ type, status, message: 'no space' }]

    const fact = projections.PersistentVolumeClaim(given.object('PersistentVolumeClaim', { status: { conditions } }))

    expect(fact?.resizeProblem).toBe(resizeProblem)
  })

  it('Node: whether it is ready, and since when', () => {
    const conditions = [{ type: 'Ready', status: 'Unknown', lastTransitionTime: START }]

    const fact = projections.Node(given.object('Node', { metadata: { namespace: undefined }, status: { conditions } }))

    expect(fact).toMatchObject({ kind: 'Node', namespace: '', ready: false, readyChangedAtMs: NOW_MS })
  })
})

describe('a custom resource', () => {
  it('keeps spec and status as text, our annotations alone, and the newest epoch', () => {
    const spec = { image: 'report:1' }
    const status = { leader: { term: 5 }, grant: { epoch: 6, token: 1 } }
    const annotations = { [annotation.reconcile]: 'disabled', 'kubectl.kubernetes.io/last-applied-configuration': '{}' }

    const fact = projections.WorkloadService(
      given.object('WorkloadService', { metadata: { annotations }, spec, status }),
    )

    expect(fact).toMatchObject({
      kind: 'WorkloadService',
      generation: 1,
      createdAtMs: NOW_MS,
      annotations: { [annotation.reconcile]: 'disabled' },
      spec: JSON.stringify(spec),
      status: JSON.stringify(status),
      epoch: 6n,
    })
    expect(Object.keys(fact?.annotations ?? {})).toHaveLength(1)
  })

  it('has the empty status before the first one', () => {
    expect(projections.WorkloadProcess(given.object('WorkloadProcess'))).toMatchObject({ status: '{}', epoch: 0n })
  })
})

describe('any JSON', () => {
  const words =
    'metadata name uid resourceVersion labels annotations ownerReferences managedFields spec status containers ' +
    'containerStatuses state running conditions type active fieldsV1 f:metadata f:labels deletionTimestamp leader term'
  const names = fc.constantFrom(...words.split(' '), label.kind, annotation.epoch)
  const shapes = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -1, 1e300, '', 'text', '2026-01-01T00:00:00Z'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(names, tie('any'), { maxKeys: 8 }),
    ),
  })).any

  it('gives a fact or undefined, and never throws', () => {
    const identity = { name: 'a', uid: 'b', resourceVersion: '1' }
    fc.assert(
      fc.property(fc.dictionary(names, shapes), fc.dictionary(names, shapes), (root, metadata) => {
        const object = { ...root, metadata: { ...metadata, ...identity } }
        for (const [kind, project] of Object.entries(projections)) {
          expect(project(object)?.kind).toBe(kind)
          expect(project(root)?.kind ?? kind).toBe(kind)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is no object of the API without name, uid and version', () => {
    for (const missing of ['name', 'uid', 'resourceVersion']) {
      expect(projections.Pod(given.object('Pod', { metadata: { [missing]: undefined } }))).toBeUndefined()
    }
  })
})
