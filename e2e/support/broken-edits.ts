// For each rule another spec that breaks it, in the part it sits on: an edit of a stored resource that must be refused
// although it was broken before.
import { ruleCases, type RuleCase } from '#api/rule-cases/index.ts'

type Spec = Readonly<Record<string, unknown>>

const fields: Readonly<Record<string, Spec>> = {
  K1: { script: { commands: ['b'] } },
  K2: { script: { commands: ['a', ' '] } },
  K4: { gracePeriod: '998ms' },
  K3: { gracePeriod: '16s' },
  K5: { initContainers: [{ name: 'main', image: 'b' }] },
  K6: { sidecars: [{ name: 'a', image: 'b' }] },
  K7: { volumeMounts: [{ name: 'a', mountPath: '/b:c' }] },
  K8: { livenessProbe: { periodSeconds: 7 } },
  K9: { lifecycle: { preStop: { sleep: { seconds: 6 }, exec: { command: ['a'] } } } },
  E1: { env: { '1A': 'y' } },
  E2: { env: { HIGHLANDER_TERM: 'y' } },
  'E2-extraEnv': { extraEnv: [{ name: 'A' }, { name: 'HIGHLANDER_ID' }] },
  E3: { extraEnv: [{ name: 'A', value: 'y' }] },
  E4: { extraEnv: [{ name: 'A', value: 'y', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
  'E4-valueFrom': {
    extraEnv: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'a' }, secretKeyRef: { name: 'a', key: 'b' } } }],
  },
  'E4-envFrom': { envFrom: [{ configMapRef: { name: 'b' }, secretRef: { name: 'a' } }] },
  E5: { podLabels: { app: 'y' } },
  E6: { podAnnotations: { 'highlander.plexobject.io/epoch': '2' } },
  Q1: { resources: { cpuRequest: '2 cores' } },
  Q2: { resources: { cpuLimit: -2 } },
  'Q3-cpu': { resources: { cpuRequest: '1002m', cpuLimit: 1 } },
  'Q3-memory': { resources: { memoryRequest: '2Gi', memoryLimit: '1G' } },
  Q4: { resources: { cpuRequest: 2, requests: { cpu: 1 } } },
  G1: { exclusivity: { mode: 'Strict', nodeUnreachable: 'ForceAfter' } },
  G2: { exclusivity: { forceAfter: '11m' } },
  G3: { exclusivity: { nodeUnreachable: 'ForceAfter', forceAfter: '58s' } },
  B1: { backoff: { initial: '62s', max: '1m' } },
  T1: {
    ports: [
      { name: 'a', containerPort: 54, protocol: 'TCP' },
      { name: 'b', containerPort: 54, servicePort: 55 },
    ],
  },
  T2: {
    ports: [
      { name: 'a', containerPort: 80 },
      { name: 'b', containerPort: 82, servicePort: 80 },
    ],
  },
  T3: { service: { headless: true } },
  T4: { service: { headless: true, type: 'LoadBalancer' } },
  T5: { service: { type: 'NodePort' } },
  T6: { service: { clusterIP: 'none' } },
  S1: { replicas: 3 },
  S2: { healthCheckPort: 81 },
  S3: { healthCheckPath: '/live' },
  J1: { schedule: '0 1 * *' },
  J2: { schedule: 'CRON_TZ=UTC 0 1 * * *' },
  J3: { concurrencyPolicy: 'Allow' },
  V1: {
    persistentVolumes: [
      { name: 'data', mountPath: '/data', size: '10Gi' },
      { name: 'b', mountPath: '/c' },
    ],
  },
  V2: { persistentVolumes: [{ name: 'old', mountPath: '/b', existingClaim: 'old', storageClassName: 'fast' }] },
  V3: { persistentVolumes: [{ name: 'data', mountPath: 'data2', size: '10Gi' }] },
  V4: {
    persistentVolumes: [
      { name: 'data', mountPath: '/b', size: '10Gi' },
      { name: 'b', mountPath: '/b', size: '10Gi' },
    ],
  },
  V5: { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '00' }] },
}

interface Stored extends RuleCase {
  readonly id: string
  /** The edit of the broken part. */
  readonly edited: Spec
}

/**
 * One case for each rule that a stored resource can break. Rules about names and edits judge what is new. Each has
 * parts without a type too: Kubernetes takes what holds them for changed always.
 */
export const storedCases: readonly Stored[] = Object.entries(ruleCases).flatMap(([id, [one]]) => {
  if (one === undefined || one.names !== undefined || one.old !== undefined) return []
  const edit = fields[id]
  if (edit === undefined) throw new Error(`rule ${id} needs an entry in e2e/support/broken-edits.ts`)
  const [accepted, refused] = [withUntyped(one.accepted), withUntyped(one.refused)]
  return [{ ...one, id, accepted, refused, edited: { ...refused, ...edit } }]
})

function withUntyped(spec: Spec): Spec {
  return {
    affinity: { nodeAffinity: {} },
    ...spec,
    volumes: [{ name: 'a', emptyDir: {} }],
  }
}
