// The Service in front of the instance. Its selector is the workload, so it also finds pods of an adopted child.
import type { Port, ServiceSettings } from '#api/generated/kinds.ts'
import type { ServiceFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { nativeObject } from './child.ts'
import { nonEmpty, present, type Fields } from './json.ts'
import { objectAnnotations, objectLabels, workloadSelector } from './names.ts'
import type { Owner } from './owner.ts'
import { LATEST_REVISION } from './revision.ts'

export interface ServiceInput {
  readonly owner: Owner
  readonly name: string
  readonly settings: ServiceSettings
  readonly ports: readonly Port[]
  /** Left out: the newest. */
  readonly revision?: string
  /** A live Service that has an address keeps it, although a headless one is asked for. */
  readonly keepsAddress?: boolean
}

export function buildService(input: ServiceInput): Child {
  const { owner, settings } = input
  return nativeObject('Service', owner, {
    name: input.name,
    labels: objectLabels(owner, settings.labels),
    annotations: objectAnnotations(input.revision ?? LATEST_REVISION, settings.annotations),
    spec: present({
      ...(isHeadless(input) ? { clusterIP: 'None' } : addressed(settings)),
      selector: workloadSelector(owner),
      ports: nonEmpty(input.ports.map((port) => servicePort(port, isHeadless(input)))),
      publishNotReadyAddresses: settings.publishNotReadyAddresses,
      sessionAffinity: settings.sessionAffinity,
      internalTrafficPolicy: settings.internalTrafficPolicy,
      externalTrafficPolicy: settings.externalTrafficPolicy,
      loadBalancerClass: settings.loadBalancerClass,
      loadBalancerSourceRanges: nonEmpty(settings.loadBalancerSourceRanges ?? []),
    }),
  })
}

function addressed(settings: ServiceSettings): Fields {
  return { type: settings.type, clusterIP: settings.clusterIP }
}

function isHeadless(input: ServiceInput): boolean {
  return input.settings.headless && input.keepsAddress !== true
}

/** A headless Service cannot translate ports: clients talk to the pod itself. */
function servicePort(port: Port, headless: boolean): Fields {
  return present({
    name: port.name,
    port: headless ? port.containerPort : (port.servicePort ?? port.containerPort),
    targetPort: port.containerPort,
    protocol: port.protocol,
    appProtocol: port.appProtocol,
    nodePort: headless ? undefined : port.nodePort,
  })
}

/** A change that Kubernetes forbids in place: the Service object alone is made again. */
export function mustRecreateService(live: ServiceFact, settings: ServiceSettings): boolean {
  if (live.clusterIp === '') return false
  if (settings.headless !== (live.clusterIp === 'None')) return true
  if (settings.clusterIP !== undefined && settings.clusterIP !== live.clusterIp) return true
  return isAnotherClass(live, settings)
}

/** Fixed from the moment the Service is a load balancer. What is not asked for, others may fill in. */
function isAnotherClass(live: ServiceFact, { type, loadBalancerClass }: ServiceSettings): boolean {
  if (type !== 'LoadBalancer' || live.type !== 'LoadBalancer') return false
  return loadBalancerClass !== undefined && loadBalancerClass !== live.loadBalancerClass
}

export function hasAddress(live: ServiceFact): boolean {
  return live.clusterIp !== '' && live.clusterIp !== 'None'
}

/** Host name and port of the first port: `admin-api.default.svc:80`. */
export function addressOf(input: Omit<ServiceInput, 'owner'> & { readonly namespace: string }): string {
  const [first] = input.ports
  const headless = input.settings.headless && input.keepsAddress !== true
  const port = headless ? first?.containerPort : (first?.servicePort ?? first?.containerPort)
  const host = `${input.name}.${input.namespace}.svc`
  return port === undefined ? host : `${host}:${port}`
}
