// The pod spec of every kind. Deterministic: equal wishes give equal text. It never holds anything that depends on
// who leads, or a change of leader would restart workloads.
import type { Port } from '#api/generated/kinds.ts'
import { GRANT_GATE } from '#api/labels.ts'
import { parseDurationMs } from '#lib/time.ts'
import { initContainer, mainContainer, sidecar, type CommonSpec } from './container.ts'
import { nonEmpty, plain, present, texts, type Fields } from './json.ts'
import { overlayPod } from './overlay.ts'
import type { ProbesInput } from './probes.ts'
import { podSecurity } from './security.ts'
import { podVolumes, type VolumesInput } from './volumes.ts'

export interface PodInput {
  readonly spec: CommonSpec
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never'
  readonly probes?: ProbesInput
  readonly volumes: VolumesInput
  readonly ports?: readonly Port[]
  /** The operator starts this pod itself: it gets a fencing token. */
  readonly fenced: boolean
  /** Nothing binds this pod before its gate is opened. */
  readonly gated: boolean
}

export function podSpec(input: PodInput): Fields {
  return overlayPod(builtPodSpec(input), input.spec.podTemplate)
}

function builtPodSpec(input: PodInput): Fields {
  const { spec } = input
  return present({
    schedulingGates: input.gated ? [{ name: GRANT_GATE }] : undefined,
    restartPolicy: input.restartPolicy,
    serviceAccountName: spec.serviceAccountName,
    automountServiceAccountToken: automountsToken(spec),
    terminationGracePeriodSeconds: gracePeriodSeconds(spec),
    securityContext: podSecurity(spec.securityProfile, spec.podSecurityContext),
    imagePullSecrets: nonEmpty((spec.imagePullSecrets ?? []).map(plain)),
    ...placement(spec),
    volumes: nonEmpty(podVolumes(input.volumes)),
    initContainers: nonEmpty([
      ...(spec.initContainers ?? []).map((container) => initContainer(container, spec)),
      ...(spec.sidecars ?? []).map((container) => sidecar(container, spec)),
    ]),
    containers: [mainContainer({ ...input, probes: input.probes ?? {} })],
  })
}

function placement(spec: CommonSpec): Fields {
  return {
    nodeSelector: texts(spec.nodeSelector),
    tolerations: nonEmpty((spec.tolerations ?? []).map(plain)),
    affinity: plain(spec.affinity),
    priorityClassName: spec.priorityClassName,
    runtimeClassName: spec.runtimeClassName,
    schedulerName: spec.schedulerName,
    hostAliases: nonEmpty((spec.hostAliases ?? []).map(plain)),
    dnsPolicy: spec.dnsPolicy,
    dnsConfig: plain(spec.dnsConfig),
  }
}

/** A token is mounted when somebody named an account for it. */
export function automountsToken(spec: CommonSpec): boolean {
  return spec.automountServiceAccountToken ?? spec.serviceAccountName !== undefined
}

const DEFAULT_GRACE_SECONDS = 30

/** One number, however it was spelled. */
export function gracePeriodSeconds(spec: CommonSpec): number {
  if (spec.terminationGracePeriodSeconds !== undefined) return spec.terminationGracePeriodSeconds
  const ms = spec.gracePeriod === undefined ? undefined : parseDurationMs(spec.gracePeriod)
  return ms === undefined ? DEFAULT_GRACE_SECONDS : Math.ceil(ms / 1000)
}
