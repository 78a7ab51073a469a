// The parts of a status that all kinds share. Who wrote it (`leader`) is stamped by the status writer, onto real
// changes only.
import type { ChildFact, PodFact } from '#api/facts.ts'
import type { Instance, ResourceRef } from '#api/generated/kinds.ts'
import { apiVersionOf, resourceOf } from '#api/resource.ts'
import { formatTime } from '#lib/time.ts'
import type { Observed } from '../workload.ts'
import { buildConditions, observedGeneration, type Conditions, type Verdict } from './conditions.ts'
import { mainOverlay } from './overlay.ts'
import { automountsToken, gracePeriodSeconds } from './pod.ts'
import type { CommonSpec } from './container.ts'

export interface Head {
  readonly observedGeneration: number
  readonly active: boolean
  readonly healthy: boolean
  readonly conditions: Conditions['conditions']
  readonly instance?: Instance
  readonly resources: readonly ResourceRef[]
}

export interface HeadInput {
  readonly verdict: Verdict
  /** The pod that runs now, or the last one; left out: what is stored stays. */
  readonly pod?: PodFact | undefined
  /** Our children and whether each is as it should be. */
  readonly resources: readonly ResourceRef[]
}

export function buildHead(input: HeadInput, seen: Observed): { readonly head: Head; readonly requeueAfterMs?: number } {
  const { verdict } = input
  const { conditions, ...again } = buildConditions(verdict, seen)
  const instance = input.pod === undefined ? seen.stored.instance : instanceOf(input.pod)
  const head = {
    observedGeneration: observedGeneration(seen),
    active: verdict.state.active,
    healthy: verdict.state.healthy,
    conditions,
    ...(instance === undefined ? {} : { instance }),
    resources: input.resources,
  }
  return { head, ...again }
}

function instanceOf(pod: PodFact): Instance {
  const { main } = pod
  return {
    pod: pod.name,
    podUID: pod.uid,
    ...(pod.node === undefined ? {} : { node: pod.node }),
    ...(main?.startedAtMs === undefined ? {} : { startedAt: formatTime(main.startedAtMs) }),
    ...(main === undefined ? {} : { restarts: main.restartCount }),
    ...textField('image', pod.images['main'] ?? main?.image),
    ...textField('imageID', main?.imageId),
    ...lastEnd(pod),
  }
}

function lastEnd({ main }: PodFact): Pick<Instance, 'exitCode' | 'lastTerminationReason'> {
  const exitCode = main?.exitCode ?? main?.lastExitCode
  const reason = main?.state === 'terminated' ? main.reason : main?.lastReason
  return { ...(exitCode === undefined ? {} : { exitCode }), ...textField('lastTerminationReason', reason) }
}

function textField<Name extends string>(name: Name, text: string | undefined): { readonly [N in Name]?: string } {
  const field: { [N in Name]?: string } = {}
  if (text !== undefined && text !== '') field[name] = text
  return field
}

export function resourceRef(fact: ChildFact, ready: boolean): ResourceRef {
  return { apiVersion: apiVersionOf(resourceOf(fact.kind)), kind: fact.kind, name: fact.name, ready }
}

/** Values in use, given or default, that every kind has. */
export function effectiveOf(spec: CommonSpec): {
  readonly imagePullPolicy: string
  readonly terminationGracePeriodSeconds: number
  readonly automountServiceAccountToken: boolean
  readonly securityProfile: string
  readonly exclusivityMode: string
  readonly nodeUnreachable: string
  readonly forceAfter?: string
} {
  const { terminationGracePeriodSeconds: grace, automountServiceAccountToken: automount } = spec.podTemplate?.spec ?? {}
  const { imagePullPolicy } = mainOverlay(spec)
  const { mode, nodeUnreachable, forceAfter } = spec.exclusivity
  return {
    imagePullPolicy: typeof imagePullPolicy === 'string' ? imagePullPolicy : spec.imagePullPolicy,
    terminationGracePeriodSeconds: typeof grace === 'number' ? grace : gracePeriodSeconds(spec),
    automountServiceAccountToken: typeof automount === 'boolean' ? automount : automountsToken(spec),
    securityProfile: spec.securityProfile,
    exclusivityMode: mode,
    nodeUnreachable,
    ...(forceAfter === undefined ? {} : { forceAfter }),
  }
}

/** The newest; creation times have whole seconds, so the uid breaks a tie. */
export function newest(pods: readonly PodFact[]): PodFact | undefined {
  return pods.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.uid < b.uid ? 1 : -1))[0]
}
