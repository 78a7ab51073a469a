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
  return isAnotherAddress(live, settings) || isAnotherClass(live, settings)
}

function isAnotherAddress({ clusterIp }: ServiceFact, settings: ServiceSettings): boolean {
  const wanted = settings.headless ? 'None' : (settings.clusterIP ?? '')
  return wanted === '' ? clusterIp === 'None' : canonical(wanted) !== canonical(clusterIp)
}

/** An IPv6 address can be spelled in many ways. */
function canonical(address: string): string {
  return URL.parse(`http://[${address}]`)?.hostname ?? address
}

/** Fixed from the moment the Service is a load balancer. What is not asked for, others may fill in. */
function isAnotherClass(live: ServiceFact, { type, loadBalancerClass }: ServiceSettings): boolean {
  if (type !== 'LoadBalancer' || live.type !== 'LoadBalancer') return false
  return loadBalancerClass !== undefined && loadBalancerClass !== live.loadBalancerClass
}

/** The same settings in what can be changed in place: with these an object that was left behind can be adopted. */
export function inPlace(settings: ServiceSettings, live: ServiceFact): ServiceSettings {
  const { clusterIP: _another, loadBalancerClass, ...rest } = settings
  if (live.clusterIp === 'None') return withoutAddress(rest)
  const kept = isAnotherClass(live, settings) ? live.loadBalancerClass : loadBalancerClass
  return { ...rest, headless: false, ...(kept === undefined ? {} : { loadBalancerClass: kept }) }
}

/** Kubernetes refuses the rest for a Service without an address. */
function withoutAddress(settings: ServiceSettings): ServiceSettings {
  const { externalTrafficPolicy: _policy, loadBalancerSourceRanges: _ranges, ...rest } = settings
  return { ...rest, type: 'ClusterIP', headless: true }
}

/** What can be tried beside the live Service: its address and its ports of the nodes are in use by itself. */
export function besideLive(child: Child, live: ServiceFact): Child {
  const spec: Fields = { ...child.object.spec }
  const { clusterIP, ports } = spec
  const isHeld = typeof clusterIP === 'string' && canonical(clusterIP) === canonical(live.clusterIp)
  const tried = { clusterIP: isHeld ? undefined : clusterIP, ports: live.type === 'ClusterIP' ? ports : bare(ports) }
  return { ...child, object: { ...child.object, spec: present({ ...spec, ...tried }) } }
}

function bare(ports: unknown): unknown {
  return Array.isArray(ports) ? ports.map((port) => present({ ...port, nodePort: undefined })) : ports
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
