// The Service in front of an instance: which change makes it again, and how one that was left behind is taken back.
import { describe, expect, it } from 'vitest'
import type { ServiceFact } from '#api/facts.ts'
import { given } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const service = lookAt('WorkloadService')
const ports = [{ name: 'http', containerPort: 8080, servicePort: 80 }]

describe('a live Service', () => {
  it.each<[string, Found, string]>([
    [
      'headless asked for',
      { spec: { ports, service: { headless: true } }, facts: [given.service()] },
      'write Deployment Service; replace report',
    ],
    [
      'headless there',
      { spec: { ports }, facts: [given.service({ clusterIp: 'None' })] },
      'write Deployment Service; replace report',
    ],
    [
      'another address',
      { spec: { ports, service: { clusterIP: '10.96.0.10' } }, facts: [given.service()] },
      'write Deployment Service; replace report',
    ],
    [
      'another class of load balancer',
      {
        spec: { ports, service: { type: 'LoadBalancer', loadBalancerClass: 'a.test/b' } },
        facts: [given.service({ type: 'LoadBalancer', loadBalancerClass: 'a.test/a' })],
      },
      'write Deployment Service; replace report',
    ],
    [
      'the class that somebody else has filled in',
      {
        spec: { ports, service: { type: 'LoadBalancer' } },
        facts: [given.service({ type: 'LoadBalancer', loadBalancerClass: 'a.test/a' })],
      },
      'write Deployment Service',
    ],
    [
      'a load balancer for the first time',
      {
        spec: { ports, service: { type: 'LoadBalancer', loadBalancerClass: 'a.test/b' } },
        facts: [given.service()],
      },
      'write Deployment Service',
    ],
    [
      'the same address',
      { spec: { ports, service: { clusterIP: '10.96.0.9' } }, facts: [given.service()] },
      'write Deployment Service',
    ],
    [
      'the same address in another spelling',
      { spec: { ports, service: { clusterIP: 'FD00::0:A' } }, facts: [given.service({ clusterIp: 'fd00::a' })] },
      'write Deployment Service',
    ],
    [
      'another form that is being deleted',
      { spec: { ports, service: { headless: true } }, facts: [given.service({ deleting: true })] },
      'write Deployment; hold Service',
    ],
    [
      'another form of a newer operator',
      {
        spec: { ports, service: { headless: true } },
        stored: { observedGeneration: 1 },
        facts: [given.service({ builder: '9', applied: 'by a newer one' })],
      },
      'write Deployment; hold Service',
    ],
  ])('%s', (_what, found, expected) => {
    expect(service.desired(found)).toBe(expected)
  })
})

describe('a Service that was left behind', () => {
  it.each<[string, object, Partial<ServiceFact>, object]>([
    ['an address', { headless: true }, {}, { type: 'ClusterIP' }],
    ['no address', {}, { clusterIp: 'None' }, { clusterIP: 'None' }],
    [
      'no address where a load balancer is asked for',
      {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.10',
        loadBalancerClass: 'a.test/b',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        externalTrafficPolicy: 'Local',
        sessionAffinity: 'ClientIP',
      },
      { clusterIp: 'None' },
      { clusterIP: 'None', sessionAffinity: 'ClientIP' },
    ],
    [
      'another address',
      { type: 'NodePort', clusterIP: '10.96.0.10', externalTrafficPolicy: 'Local' },
      {},
      { type: 'NodePort', externalTrafficPolicy: 'Local' },
    ],
    [
      'another class of load balancer',
      { type: 'LoadBalancer', loadBalancerClass: 'a.test/b' },
      { type: 'LoadBalancer', loadBalancerClass: 'a.test/a' },
      { type: 'LoadBalancer', loadBalancerClass: 'a.test/a' },
    ],
    [
      'no class of load balancer',
      { type: 'LoadBalancer', loadBalancerClass: 'a.test/b' },
      { type: 'LoadBalancer' },
      { type: 'LoadBalancer' },
    ],
  ])('with %s is adopted as it is', (_what, settings, live, form) => {
    const { controller: _none, ...orphan } = given.service({ labels: given.labels('WorkloadService'), ...live })

    const wish = service.wish({ spec: { ports, service: settings }, facts: [orphan] })

    const child = wish?.children.find(({ kind }) => kind === 'Service')
    expect(wish?.replace).toEqual([])
    expect(child?.object.spec).toEqual({
      ...form,
      selector: expect.anything(),
      ports: [{ name: 'http', port: 'clusterIP' in form ? 8080 : 80, targetPort: 8080, protocol: 'TCP' }],
    })
  })
})
