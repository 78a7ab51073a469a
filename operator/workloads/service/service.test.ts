// A service: its Deployment, its grant, and what is said about them.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import { given, NAME } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const service = lookAt('WorkloadService')
const labels = { ...given.labels('WorkloadService'), 'pod-template-hash': '7c9d' }
const controller = { kind: 'ReplicaSet', name: `${NAME}-7c9d`, uid: 'uid-rs' }

function member(name: string, over: Partial<PodFact> = {}): PodFact {
  return given.pod({ name, uid: `uid-${name}`, labels, controller, ...over })
}

function gated(name: string, over: Partial<PodFact> = {}): PodFact {
  const { node: _none, ...pod } = member(name, { gated: true, anyRunning: false, ready: false, phase: 'Pending' })
  return { ...pod, unschedulable: 'Scheduling is blocked due to non-empty scheduling gates', ...over }
}

const deployment = given.deployment()
const grant = { pod: 'a', uid: 'uid-a', epoch: 1, token: 1 }
const granted = { stored: { grant } }
const ports = [{ name: 'http', containerPort: 8080, servicePort: 80 }]
const bestEffort = { exclusivity: { mode: 'BestEffort' } }
const ended = { phase: 'Failed', anyRunning: false, ready: false } as const

function templateOf(found: Found): unknown {
  const spec: unknown = service.wish(found)?.children[0]?.object.spec
  return spec
}

describe('the children of a service', () => {
  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'write Deployment'],
    ['ports', { spec: { ports } }, 'write Deployment Service'],
    ['suspended', { spec: { ports, suspend: true } }, 'write Deployment Service'],
    [
      'a predecessor',
      { facts: [given.deployment({ controller: { kind: 'WorkloadService', name: NAME, uid: 'old' } })] },
      'hold Deployment',
    ],
    [
      'a stranger',
      { facts: [given.deployment({ controller: { kind: 'Rollout', name: 'x', uid: 'x' } })] },
      'hold Deployment',
    ],
    ['a Deployment on its way out', { facts: [given.deployment({ deleting: true })] }, 'hold Deployment'],
  ])('%s', (_what, found, expected) => {
    expect(service.desired(found)).toBe(expected)
  })

  it.each<[string, Found, object]>([
    ['1 replica', {}, { replicas: 1 }],
    ['suspended', { spec: { suspend: true } }, { replicas: 0 }],
    ['0 replicas', { spec: { replicas: 0 } }, { replicas: 0 }],
    ['on standby', { over: { role: 'draining' } }, { replicas: 0 }],
    ['BestEffort', { spec: { ...bestEffort, replicas: 3 } }, { replicas: 3, strategy: { type: 'Recreate' } }],
    [
      'a deadline above minReadySeconds',
      { spec: { readinessTimeout: '10s', minReadySeconds: 10 } },
      { progressDeadlineSeconds: 11, minReadySeconds: 10 },
    ],
    [
      'gated in mode Strict',
      {},
      { template: { spec: { schedulingGates: [{ name: 'highlander.plexobject.io/grant' }] } } },
    ],
  ])('%s', (_what, found, expected) => {
    expect(templateOf(found)).toMatchObject(expected)
  })

  it('has no gate and no token in mode BestEffort', () => {
    const text = JSON.stringify(templateOf({ spec: bestEffort }))

    expect(text).not.toContain('schedulingGates')
    expect(text).not.toContain('HIGHLANDER_FENCING_TOKEN')
  })
})

describe('the grant of a service', () => {
  it.each<[string, Found, string | undefined]>([
    ['moves to the first pod', { facts: [deployment, gated('a')] }, 'move'],
    ['opens after it was written', { facts: [deployment, gated('a')], ...granted }, 'open'],
    ['rests while the pod runs', { facts: [deployment, member('a')], ...granted }, 'rest'],
    ['waits in a hand-over', { facts: [deployment, member('a', { deleting: true }), gated('b')], ...granted }, 'wait'],
    ['does not exist in mode BestEffort', { spec: bestEffort, facts: [deployment, member('a')] }, undefined],
    ['is not given while suspended', { spec: { suspend: true }, facts: [deployment, gated('a')] }, 'rest'],
    ['is not given on standby', { facts: [deployment, gated('a')], over: { role: 'passive' } }, 'rest'],
  ])('%s', (_what, found, expected) => {
    expect(service.wish(found)?.grant?.type).toBe(expected)
  })
})

describe('the status of a service', () => {
  const problem = (message: string) => ({ facts: [given.deployment({ problem: { reason: 'FailedCreate', message } })] })

  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'False Starting, not active, not healthy'],
    ['a pod without the grant', { facts: [deployment, gated('a')] }, 'False Starting, not active, not healthy'],
    [
      'granted, behind its gate',
      { facts: [deployment, gated('a')], ...granted },
      'False Starting, active, not healthy',
    ],
    ['ready', { facts: [deployment, member('a')], ...granted }, 'True Running, active, healthy'],
    [
      'hand-over',
      { facts: [deployment, member('a', { deleting: true }), gated('b')], ...granted },
      'False HandoverPending, active, not healthy',
    ],
    [
      'the old one has ended',
      { facts: [deployment, member('a', ended), gated('b')], ...granted },
      'False Starting, not active, not healthy',
    ],
    [
      'the old one is not known',
      { facts: [deployment, gated('b')], ...granted },
      'False HandoverPending, active, not healthy',
    ],
    [
      'suspended',
      { spec: { replicas: 0 }, facts: [deployment, member('a', ended)], ...granted },
      'True Suspended, not active, healthy',
    ],
    [
      'suspended, ending',
      { spec: { replicas: 0 }, facts: [member('a', { deleting: true })], ...granted },
      'False HandoverPending, active, not healthy',
    ],
    [
      'quota of pods',
      problem('pods "x" is forbidden: exceeded quota: q'),
      'False QuotaExceeded, not active, not healthy',
    ],
    ['pods refused', problem('violates PodSecurity'), 'False NotAccepted, not active, not healthy'],
    [
      'BestEffort, all ready',
      { spec: { ...bestEffort, replicas: 2 }, facts: [member('a'), member('b')] },
      'True Running, active, healthy',
    ],
    [
      'BestEffort, one missing',
      { spec: { ...bestEffort, replicas: 2 }, facts: [member('a')] },
      'False Starting, active, not healthy',
    ],
    [
      'BestEffort, one not ready',
      { spec: { ...bestEffort, replicas: 2 }, facts: [member('a'), member('b', { ready: false })] },
      'False Starting, active, not healthy',
    ],
  ])('%s', (_what, found, expected) => {
    expect(service.ready(found)).toBe(expected)
  })

  it.each<[string, Found, string]>([
    ['Strict', { facts: [deployment, member('a')], ...granted }, 'True Verified'],
    ['BestEffort', { spec: bestEffort, facts: [deployment, member('a')] }, 'Unknown NotGuaranteed'],
    ['two running pods', { facts: [deployment, member('a'), member('b')], ...granted }, 'False OverlapDetected'],
  ])('says about exclusivity: %s', (_what, found, expected) => {
    expect(service.condition(found, 'Exclusive')).toBe(expected)
  })

  it('is no alarm while pods from before mode Strict still end', () => {
    const facts = [deployment, member('a'), member('b')]
    const stored = service.status({ spec: bestEffort, facts })

    expect(service.condition({ facts, stored }, 'Exclusive')).toBe('Unknown NotGuaranteed')
  })

  it('is the printed example', () => {
    const found = {
      spec: {
        image: 'mycompany/admin-api:2.0.1',
        ports,
        healthCheckPath: '/health',
        readinessTimeout: '2m',
        serviceAccountName: 'admin-api',
        securityProfile: 'Restricted',
      },
      generation: 3,
      facts: [
        deployment,
        given.service(),
        member('a', { node: 'worker-2', images: { main: 'mycompany/admin-api:2.0.1' } }),
      ],
      ...granted,
    }

    const { conditions, ...rest } = service.report(found).status

    const at = { observedGeneration: 3, lastTransitionTime: '2026-01-01T00:00:00Z' }
    expect(rest).toEqual({
      observedGeneration: 3,
      active: true,
      healthy: true,
      replicas: 1,
      readyReplicas: 1,
      selector: 'highlander.plexobject.io/kind=WorkloadService,highlander.plexobject.io/name=report',
      address: 'report.prod.svc:80',
      instance: {
        pod: 'a',
        podUID: 'uid-a',
        node: 'worker-2',
        startedAt: '2026-01-01T00:00:00Z',
        restarts: 0,
        image: 'mycompany/admin-api:2.0.1',
      },
      history: [
        { pod: 'a', podUID: 'uid-a', node: 'worker-2', cluster: 'east', term: 1, from: '2026-01-01T00:00:00Z' },
      ],
      resources: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'report', ready: true },
        { apiVersion: 'v1', kind: 'Service', name: 'report', ready: true },
      ],
      effective: {
        imagePullPolicy: 'IfNotPresent',
        terminationGracePeriodSeconds: 30,
        automountServiceAccountToken: true,
        securityProfile: 'Restricted',
        exclusivityMode: 'Strict',
        nodeUnreachable: 'Wait',
        readinessTimeout: '2m',
      },
    })
    expect(conditions).toEqual([
      { type: 'Ready', status: 'True', reason: 'Running', ...at, message: 'Pod a is ready on node worker-2.' },
      {
        type: 'Accepted',
        status: 'True',
        reason: 'AcceptedWithWarnings',
        ...at,
        message: 'No memory limit is set. A leak can take the node down; set resources.memoryLimit.',
      },
      { type: 'Active', status: 'True', reason: 'Running', ...at, message: 'One instance exists.' },
      { type: 'Healthy', status: 'True', reason: 'Running', ...at, message: 'The readiness probe succeeds.' },
      {
        type: 'Exclusive',
        status: 'True',
        reason: 'Verified',
        ...at,
        message: 'The pod before it had ended before this one was granted.',
      },
    ])
  })
})
