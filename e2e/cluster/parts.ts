// The command lines of the parts of a control plane. Pure.
import path from 'node:path'
import { SIMULATED_LABEL } from './simulation.ts'

export const PARTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const

export type Part = (typeof PARTS)[number]

export interface Layout {
  readonly runDir: string
  readonly dataDir: string
  readonly clientPort: number
  readonly peerPort: number
  readonly apiPort: number
  readonly controllers: boolean
  readonly caFile: string
  readonly serverCertificateFile: string
  readonly serverKeyFile: string
  readonly serviceAccountKeyFile: string
  /** Absent: no audit log. */
  readonly audit?: { readonly policyFile: string; readonly logFile: string }
}

export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
}

const STAGES_FILE = path.join(import.meta.dirname, 'stages.yaml')

export function etcdArguments(layout: Layout): readonly string[] {
  const client = `http://127.0.0.1:${layout.clientPort}`
  const peer = `http://127.0.0.1:${layout.peerPort}`
  return [
    '--name=only',
    `--data-dir=${layout.dataDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=only=${peer}`,
    '--unsafe-no-fsync', // the data lives as long as the test
    '--quota-backend-bytes=8589934592', // benches write more than the default 2 GiB allows
    '--log-level=warn',
  ]
}

export function apiServerArguments(layout: Layout): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${layout.clientPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${layout.apiPort}`,
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${layout.serverCertificateFile}`,
    `--tls-private-key-file=${layout.serverKeyFile}`,
    `--client-ca-file=${layout.caFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${layout.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${layout.serviceAccountKeyFile}`,
    '--service-cluster-ip-range=10.0.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--allow-privileged',
    '--kubelet-preferred-address-types=InternalIP',
    '--event-ttl=5m',
    '--profiling=false',
    // Without a controller manager nobody makes the service account that admission asks of each pod.
    ...(layout.controllers ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...auditArguments(layout),
  ]
}

export function controllerManagerArguments(layout: Layout, kubeconfig: string): readonly string[] {
  return [
    ...clientArguments(kubeconfig),
    '--secure-port=0',
    '--leader-elect=false',
    `--root-ca-file=${layout.caFile}`,
    `--service-account-private-key-file=${layout.serviceAccountKeyFile}`,
    // Of so few nodes one that falls silent is many: pods are evicted from it all the same, and at once.
    '--node-eviction-rate=100',
    '--secondary-node-eviction-rate=100',
    '--unhealthy-zone-threshold=1',
    // Each controller under its own name, as in installed clusters: admission policies see the same users.
    '--use-service-account-credentials=true',
    '--profiling=false',
  ]
}

export function schedulerArguments(kubeconfig: string): readonly string[] {
  return [...clientArguments(kubeconfig), '--secure-port=0', '--leader-elect=false', '--profiling=false']
}

export function kwokArguments(kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${STAGES_FILE}`,
    '--manage-all-nodes=false',
    `--manage-nodes-with-label-selector=${Object.entries(SIMULATED_LABEL)
      .map((pair) => pair.join('='))
      .join(',')}`,
    '--node-lease-duration-seconds=40', // renewed each 10 s, like a kubelet's
    '--cidr=10.244.0.0/16',
    '--node-ip=127.0.0.1',
  ]
}

function clientArguments(kubeconfig: string): readonly string[] {
  return [`--kubeconfig=${kubeconfig}`, '--kube-api-qps=1000', '--kube-api-burst=1000']
}

function auditArguments(layout: Layout): readonly string[] {
  if (layout.audit === undefined) return []
  const { policyFile, logFile } = layout.audit
  return [`--audit-policy-file=${policyFile}`, `--audit-log-path=${logFile}`]
}
