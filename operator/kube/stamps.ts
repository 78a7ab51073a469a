// What the writer adds to a child as the workload built it: who wrote it, in which term, from which wish. Pure.
// Stamps stay outside the hashes: a new leader alone changes no object.
import { annotation, label, labelValue } from '#api/labels.ts'
import type { Child, DesiredObject } from '#api/ports.ts'

export interface StampSettings {
  readonly tenant: string
  readonly clusterName: string
  readonly controllerId: string
}

/** The labels that say who wrote last. Never part of a pod template. */
export function replicaLabels(settings: StampSettings): Readonly<Record<string, string>> {
  return {
    [label.tenant]: labelValue(settings.tenant),
    [label.clusterName]: labelValue(settings.clusterName),
    [label.controllerId]: labelValue(settings.controllerId),
  }
}

export interface Stamps {
  readonly labels: Readonly<Record<string, string>>
  readonly epoch: bigint
  /** Hash of the wish: api/child.ts. */
  readonly applied: string
  /** Fencing token of a new instance. */
  readonly token?: bigint
}

/** Absent, or the version that the write is bound to. */
export interface Precondition {
  readonly uid?: string
  readonly resourceVersion?: string
}

/** The whole object as it is sent. */
export function stamped(child: Child, stamps: Stamps, precondition: Precondition): DesiredObject {
  const { metadata } = child.object
  return {
    ...child.object,
    metadata: {
      ...metadata,
      ...precondition,
      labels: { ...metadata.labels, ...stamps.labels },
      annotations: { ...metadata.annotations, ...annotationsOf(stamps) },
    },
  }
}

export function annotationsOf(stamps: Stamps): Readonly<Record<string, string>> {
  return {
    [annotation.epoch]: String(stamps.epoch),
    [annotation.applied]: stamps.applied,
    ...(stamps.token === undefined ? {} : { [annotation.token]: String(stamps.token) }),
  }
}

const stampKeys: ReadonlySet<string> = new Set([
  annotation.epoch,
  annotation.applied,
  annotation.builder,
  annotation.token,
])

export function isStamp(key: string): boolean {
  return stampKeys.has(key)
}
