// What a case of the table is, and the valid specs that cases change.
import type { KindName, RuleId } from '#api/generated/kinds.ts'

export type Spec = Readonly<Record<string, unknown>>

export interface RuleCase {
  readonly kind: KindName
  readonly accepted: Spec
  readonly refused: Spec
  /** The spec before the edit, for rules about edits. */
  readonly old?: Spec
  /** Names of the two resources, for rules about names. */
  readonly names?: { readonly accepted: string; readonly refused: string }
  readonly path: string
  readonly message: string
}

const process = { image: 'busybox:1' }
export const server = { image: 'nginx:1', ports: [{ name: 'http', containerPort: 80 }] }
export const cron = { image: 'busybox:1', schedule: '@daily' }
export const data = { name: 'data', mountPath: '/data', size: '10Gi' }
export const old = { name: 'old', mountPath: '/old', existingClaim: 'old' }
export const BEST_EFFORT = { mode: 'BestEffort' }
export const KEEP = 'delete the workload (volumes are kept) and create it again'
export const SAME_VOLUMES = `volumes may not be added, removed or renamed after creation; ${KEEP}`
export const ONE_PROBE = 'must set exactly one of `httpGet`, `tcpSocket`, `exec`, `grpc`'
export const FIRST_LETTER = 'name must start with a letter: it becomes the name of a Service'

export const ofProcess = (accepted: Spec, refused: Spec, path: string, message: string): RuleCase => ({
  kind: 'WorkloadProcess',
  accepted: { ...process, ...accepted },
  refused: { ...process, ...refused },
  path,
  message,
})

export const ofServer = (accepted: Spec, refused: Spec, path: string, message: string): RuleCase => ({
  kind: 'WorkloadService',
  accepted: { ...server, ...accepted },
  refused: { ...server, ...refused },
  path,
  message,
})

export const ofCron = (accepted: Spec, refused: Spec, path: string, message: string): RuleCase => ({
  kind: 'WorkloadCronJob',
  accepted: { ...cron, ...accepted },
  refused: { ...cron, ...refused },
  path,
  message,
})

export const ofVolumes = (
  accepted: readonly Spec[],
  refused: readonly Spec[],
  path: string,
  message: string,
): RuleCase => ({
  kind: 'WorkloadPersistent',
  accepted: { image: 'redis:8', persistentVolumes: accepted },
  refused: { image: 'redis:8', persistentVolumes: refused },
  path: `spec.persistentVolumes${path}`,
  message,
})

/** An edit of the volumes. */
export const edited = (before: readonly Spec[], expected: RuleCase): RuleCase => ({
  ...expected,
  old: { image: 'redis:8', persistentVolumes: before },
})

export const named = (
  accepted: string,
  refused: string,
  expected: Pick<RuleCase, 'kind' | 'accepted' | 'message'>,
): RuleCase => ({
  ...expected,
  refused: expected.accepted,
  names: { accepted, refused },
  path: 'metadata.name',
})

export type Cases = Partial<Readonly<Record<RuleId, readonly RuleCase[]>>>
