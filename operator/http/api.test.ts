import { describe, expect, it } from 'vitest'
import type { CrFact, ChildFact } from '#api/facts.ts'
import type { OperatorView } from '#api/view.ts'
import { createWorkloads } from '#api/view.ts'
import { fakeLeadership, fakeOperatorView, fakeStores, standbyLeadership, syncedStates } from '#testing/fake-views.ts'
import { given, NOW_MS } from '#testing/given.ts'
import type { Answer } from './answer.ts'
import { formatUptime } from './status-api.ts'
import type { RouteContext } from './routes.ts'
import { createRoutes } from './routes.ts'

const NOW = NOW_MS + 3_723_000
const running = {
  active: true,
  healthy: true,
  conditions: [
    { type: 'Ready', status: 'True', reason: 'Running', message: 'ok', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
}
const broken = {
  active: true,
  healthy: false,
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'CrashLoop',
      message: 'ended 5 times',
      lastTransitionTime: '2026-01-01T00:01:00Z',
    },
  ],
}

const facts: readonly (CrFact | ChildFact)[] = [
  given.cr({
    namespace: 'default',
    name: 'report',
    status: { ...running, instance: { podUID: 'uid-Pod-report-pod' } },
  }),
  given.pod({ namespace: 'default', owner: 'WorkloadProcess/default/report' }),
  given.cr({ namespace: 'prod', name: 'report', status: broken }),
  given.cr({ kind: 'WorkloadService', namespace: 'default', name: 'api', status: running }),
  given.deployment({ namespace: 'default', name: 'api', owner: 'WorkloadService/default/api' }),
  given.cr({
    kind: 'WorkloadCronJob',
    namespace: 'default',
    name: 'nightly',
    status: running,
    spec: { schedule: '0 0 * * *' },
  }),
  given.cronJob({ namespace: 'default', name: 'nightly', activeJobs: ['nightly-1'] }),
  given.cr({ kind: 'WorkloadPersistent', namespace: 'default', name: 'queue', status: running }),
  given.statefulSet({
    namespace: 'default',
    name: 'queue',
    currentRevision: 'a',
    updateRevision: 'b',
    updatedReplicas: 0,
  }),
]

function ask(path: string, over: Partial<OperatorView> = {}): unknown {
  const answer = answerOf(path, over)
  return answer.type === 'json' && 'data' in answer.body ? answer.body.data : answer
}

function answerOf(path: string, over: Partial<OperatorView> = {}): Answer {
  const view = fakeOperatorView({ informers: () => ({ states: syncedStates(), stores: fakeStores(facts) }), ...over })
  const url = new URL(path, 'http://localhost')
  const name = /^\/api\/workloads\/(.+)$/.exec(url.pathname)?.[1]
  const route = createRoutes('/metrics').find(
    (known) => known.path === (name === undefined ? url.pathname : '/api/workloads/:name'),
  )
  const context: RouteContext = {
    view,
    workloads: createWorkloads(view.identity),
    scrape: () => Promise.reject(new Error('not asked')),
    now: () => NOW,
    port: () => 8080,
  }
  const asked = {
    params: name === undefined ? {} : { name },
    query: (key: string) => url.searchParams.get(key) ?? undefined,
    has: (key: string) => url.searchParams.has(key),
  }
  const answer = route?.answer(asked, context)
  if (answer === undefined || answer instanceof Promise) throw new Error(`no answer to ${path}`)
  return answer
}

describe('/status', () => {
  const store = () => ({ reached: true, answeredAtMs: NOW, failures: 2 })

  it('has the shape of the Go version', () => {
    const view = {
      store,
      leadership: () => fakeLeadership({ lastHolder: () => 'replica-0', failovers: () => 1 }),
      informers: () => ({
        states: syncedStates({}).map((state) => ({ ...state, freshAtMs: NOW })),
        stores: fakeStores(facts),
      }),
    }

    expect(ask('/status', view)).toEqual({
      isLeader: true,
      leaderSince: '2026-01-01T00:00:00Z',
      lastLeaderTransition: '2026-01-01T00:00:00Z',
      uptime: '1h2m3s',
      uptimeSeconds: 3723,
      leaderID: 'replica-1',
      clusterName: 'primary',
      clusterHealth: true,
      dbConnected: true,
      storageType: 'lease',
      controllerState: 'Normal',
      workloadStatus: {
        processes: {
          report: { active: true, healthy: true, namespace: 'default' },
          'prod/report': { active: true, healthy: false, namespace: 'prod' },
        },
        process: {
          report: { active: true, healthy: true, namespace: 'default' },
          'prod/report': { active: true, healthy: false, namespace: 'prod' },
        },
        cronjobs: { nightly: { active: true, healthy: true, namespace: 'default' } },
        cronjob: { nightly: { active: true, healthy: true, namespace: 'default' } },
        service: { api: { active: true, healthy: true, namespace: 'default' } },
        persistent: { queue: { active: true, healthy: true, namespace: 'default' } },
      },
      readyForTraffic: true,
      version: '1.2.3',
      buildInfo: 'abc1234 2026-01-01T00:00:00Z',
      failoverCount: 1,
      leadershipTransitions: 1,
      currentLeader: 'replica-1',
      lastLeader: 'replica-0',
      lastLeadershipChangeReason: 'first leader',
      dbFailureCount: 2,
      term: 7,
      tenant: 'default',
    })
  })

  it('shows null for what has never happened', () => {
    const view = { leadership: () => ({ ...standbyLeadership(), lastTransitionMs: () => undefined }) }

    expect(ask('/api/status', view)).toMatchObject({ isLeader: false, leaderSince: null, lastLeaderTransition: null })
  })

  it('answers before there is a connection', () => {
    const view = { informers: () => undefined, store: () => ({ reached: false, failures: 0 }) }

    expect(ask('/status', view)).toMatchObject({
      dbConnected: false,
      readyForTraffic: false,
      workloadStatus: { processes: {}, cronjobs: {} },
    })
  })

  it.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m0s'],
    [3600, '1h0m0s'],
    [360_061, '100h1m1s'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatUptime(seconds)).toBe(text)
  })
})

describe('/api/workloads', () => {
  it('groups by kind and tells the details of each', () => {
    expect(ask('/api/workloads')).toMatchObject({
      processes: {
        name: 'processes',
        type: 'process',
        active: true,
        healthy: false,
        lastError: 'ended 5 times',
        lastTransition: '2026-01-01T00:01:00Z',
        details: {
          processes: {
            report: {
              name: 'report',
              reason: 'Running',
              details: { podName: 'report-pod', podPhase: 'Running', restarts: 0 },
            },
            'prod/report': { healthy: false, reason: 'CrashLoop', lastError: 'ended 5 times', details: {} },
          },
        },
      },
      cronjobs: {
        details: {
          cronJobs: {
            nightly: {
              details: { schedule: '0 0 * * *', suspend: false, activeJobs: 1, activeJobNames: ['nightly-1'] },
            },
          },
        },
      },
      service: { healthy: true, details: { service: { api: { details: { replicas: 1, readyReplicas: 1 } } } } },
      persistent: {
        details: { persistent: { queue: { details: { replicas: 1, currentReplicas: 1, updatedReplicas: 0 } } } },
      },
    })
  })

  it('has the groups also when there is nothing', () => {
    const empty = { informers: () => undefined }

    expect(ask('/api/workloads', empty)).toMatchObject({
      processes: { active: false, healthy: true, lastTransition: null, details: { processes: {} } },
    })
    expect(ask('/api/workload-names', empty)).toEqual([])
    expect(ask('/api/pods', empty)).toEqual([])
  })

  it('finds one by name', () => {
    expect(ask('/api/workloads/api')).toMatchObject({ kind: 'WorkloadService', type: 'service', namespace: 'default' })
    expect(ask('/api/workloads/report?namespace=prod')).toMatchObject({ namespace: 'prod', healthy: false })
    expect(ask('/api/workloads/processes')).toMatchObject({ name: 'processes', details: { processes: {} } })
  })

  it('says 404 or 409 when the name is unknown or not unique', () => {
    expect(answerOf('/api/workloads/nothing')).toEqual({
      type: 'json',
      status: 404,
      body: { status: 'error', error: "there is no workload 'nothing'" },
    })
    expect(answerOf('/api/workloads/report')).toMatchObject({
      status: 409,
      body: { candidates: [{ namespace: 'default' }, { namespace: 'prod' }] },
    })
  })

  it('lists names as keys', () => {
    expect(ask('/api/workload-names')).toEqual(['api', 'nightly', 'prod/report', 'queue', 'report'])
  })

  it('shows only the operator’s own labels of pods', () => {
    const pod = given.pod({ labels: { 'managed-by': 'k8-highlander', team: 'secret' } })
    const view = { informers: () => ({ states: [], stores: fakeStores([pod]) }) }

    expect(ask('/api/pods', view)).toMatchObject([
      { name: 'report-pod', status: 'Running', labels: { 'managed-by': 'k8-highlander' } },
    ])
    expect(JSON.stringify(ask('/api/pods', view))).not.toContain('secret')
  })

  it('shows no epoch of a pod that has none', () => {
    const pods = [given.pod({ epoch: 0n, token: '' }), given.pod({ name: 'b', epoch: 7n })]
    const view = { informers: () => ({ states: [], stores: fakeStores(pods) }) }

    expect(ask('/api/pods', view)).toMatchObject([
      { annotations: expect.not.objectContaining({ 'highlander.plexobject.io/epoch': expect.anything() }) },
      { annotations: { 'highlander.plexobject.io/epoch': '7' } },
    ])
  })

  it('says why a schedule that is in force is not healthy', () => {
    const at = '2026-01-01T00:00:00Z'
    const [ready] = running.conditions
    const healthy = { type: 'Healthy', status: 'False', reason: 'LastRunFailed', message: 'The last run failed.' }
    const status = { active: true, healthy: false, conditions: [ready, { ...healthy, lastTransitionTime: at }] }
    const cr = given.cr({ kind: 'WorkloadCronJob', namespace: 'default', name: 'nightly', status })
    const view = { informers: () => ({ states: [], stores: fakeStores([cr]) }) }

    expect(ask('/api/workloads/nightly', view)).toMatchObject({ healthy: false, lastError: 'The last run failed.' })
  })
})

it('describes this process under /debug/status', () => {
  expect(ask('/debug/status')).toMatchObject({
    healthStatus: { leaderID: 'replica-1' },
    uptime: '1h2m3s',
    startTime: '2026-01-01T00:00:00Z',
    goroutineCount: 4,
    memoryStats: { alloc: 1000, totalAlloc: 2000, sys: 3000, numGC: 2 },
    serverInfo: { dbInfo: { type: 'lease' }, port: 8080 },
    leadershipHistory: [],
  })
})
