// Before the stories: one control plane for all of them, with our resource definitions and rights installed.
import path from 'node:path'
import { shareControlPlane } from './cluster/fixture.ts'
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from './support/identity.ts'
import { kubectlFor } from './support/kubectl.ts'

const MANIFESTS = path.resolve(import.meta.dirname, '../manifests')
const START_LIMIT_MS = 20 * 60_000 // Building the binaries takes about seven minutes, once.

const NAME = 'story-tenants'

/** The shipped role names the Lease of tenant `default`; each story is a tenant of its own. */
const tenantRights = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: NAME, namespace: OPERATOR_NAMESPACE },
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list', 'watch', 'update'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: NAME, namespace: OPERATOR_NAMESPACE },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
    subjects: [{ kind: 'User', name: SERVICE_ACCOUNT, apiGroup: 'rbac.authorization.k8s.io' }],
  },
]

export async function setup(): Promise<() => Promise<void>> {
  const options = { nodes: 'simulated', controllers: true, audit: true } as const
  const plane = await shareControlPlane(options, AbortSignal.timeout(START_LIMIT_MS))
  if (plane === undefined) return () => Promise.resolve()
  const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
  const definitions = path.join(MANIFESTS, 'crds.yaml')
  await kubectl.run(['apply', '-f', definitions, '-f', path.join(MANIFESTS, 'rbac.yaml')])
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', definitions])
  await kubectl.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: tenantRights }))
  return async () => {
    await plane[Symbol.asyncDispose]()
  }
}
