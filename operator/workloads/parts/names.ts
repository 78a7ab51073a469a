// Names, labels and selectors of everything a workload owns. Selectors and labels must agree, so both are made here.
// Nothing that depends on who writes is among them (tenant, cluster, replica): the writer stamps that, outside all hashes.
import type { KindName } from '#api/generated/kinds.ts'
import { annotation, COMMON_MANAGED_BY, label, MANAGED_BY } from '#api/labels.ts'

/** Names one workload. */
export interface Identity {
  readonly kind: KindName
  readonly namespace: string
  readonly name: string
}

export type Labels = Readonly<Record<string, string>>

export function podName(name: string): string {
  return `${name}-pod`
}

/** The claim that a StatefulSet makes for its pod number `ordinal`. */
export function claimName(volume: string, name: string, ordinal: number): string {
  return `${volume}-${name}-${ordinal}`
}

/** The only selector of Deployment and StatefulSet, as in the Go version, so that its objects can be adopted. */
export function appSelector(of: Identity): Labels {
  return { [label.app]: of.name }
}

/** Selector of Service objects, and of the pods of a workload. */
export function workloadSelector(of: Identity): Labels {
  return { [label.kind]: of.kind, [label.name]: of.name }
}

export function selectorText(of: Identity): string {
  return Object.entries(workloadSelector(of))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** Labels of pods and pod templates. The user's labels may replace app.kubernetes.io/name, nothing else of ours. */
export function templateLabels(of: Identity, added: Labels = {}): Labels {
  return {
    [label.commonName]: of.name,
    ...sortedCopy(added),
    [label.app]: of.name,
    [label.managedBy]: MANAGED_BY,
    [label.commonManagedBy]: COMMON_MANAGED_BY,
    ...workloadSelector(of),
  }
}

/** Labels of a native object. */
export function objectLabels(of: Identity, added: Labels = {}): Labels {
  return { ...templateLabels(of, added), [label.commonName]: of.name }
}

export function claimLabels(of: Identity, added: Labels = {}): Labels {
  return { ...sortedCopy(added), [label.app]: of.name, [label.managedBy]: MANAGED_BY, ...workloadSelector(of) }
}

/** Annotations of a native object: those of the user, then ours. */
export function objectAnnotations(revision: string, added: Labels = {}): Labels {
  return { ...sortedCopy(added), [annotation.builder]: revision }
}

/** Annotations of a pod template; undefined when there are none. */
export function podAnnotations(added: Labels = {}, restartedAt?: string): Labels | undefined {
  const all = { ...sortedCopy(added), ...restartAnnotation(restartedAt) }
  return Object.keys(all).length === 0 ? undefined : all
}

/** A new value in a pod template makes a new instance. */
export function restartAnnotation(restartedAt: string | undefined): Labels {
  return restartedAt === undefined ? {} : { [annotation.restartedAt]: restartedAt }
}

function sortedCopy(map: Labels): Labels {
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
