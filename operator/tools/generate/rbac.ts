// Writes the rights of the operator: what its informers, its writer, its leases and its events need, and no more.
import type { ChildName, KindModel } from '#api/schema/model.ts'
import { stringify } from 'yaml'
import { NOTICE } from './text.ts'

const NAME = 'k8-highlander'
const GROUP = 'highlander.plexobject.io'
const RBAC = 'rbac.authorization.k8s.io'

/** Lease of the tenant `default`. */
const FENCE = 'highlander-fence-default'

const READ = ['get', 'list', 'watch'] as const
const PATCH = [...READ, 'patch'] as const
const WRITE = [...READ, 'create', 'patch', 'delete'] as const

const childResources: Readonly<Record<ChildName, { readonly group: string; readonly plural: string }>> = {
  Pod: { group: '', plural: 'pods' },
  Service: { group: '', plural: 'services' },
  PersistentVolumeClaim: { group: '', plural: 'persistentvolumeclaims' },
  Deployment: { group: 'apps', plural: 'deployments' },
  StatefulSet: { group: 'apps', plural: 'statefulsets' },
  CronJob: { group: 'batch', plural: 'cronjobs' },
  Job: { group: 'batch', plural: 'jobs' },
}

interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export function writeRbac(models: readonly KindModel[]): string {
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAME } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAME } },
    ...role('ClusterRole', [...workloadRules(models), ...childRules(models), eventRule, nodeRule]),
    ...role('Role', leaseRules),
  ]
  const texts = objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
  return `# ${NOTICE}\n${texts.join('---\n')}`
}

/** The role and its binding to the operator's account. */
function role(kind: 'Role' | 'ClusterRole', rules: readonly PolicyRule[]): readonly object[] {
  const metadata = kind === 'Role' ? { name: NAME, namespace: NAME } : { name: NAME }
  return [
    { apiVersion: `${RBAC}/v1`, kind, metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind, name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAME }],
    },
  ]
}

/** The operator never writes the spec or the metadata of a workload. */
function workloadRules(models: readonly KindModel[]): readonly PolicyRule[] {
  const plurals = models.map((model) => model.plural)
  return [
    { apiGroups: [GROUP], resources: plurals, verbs: READ },
    { apiGroups: [GROUP], resources: plurals.map((plural) => `${plural}/status`), verbs: ['patch'] },
    // For owner references with blockOwnerDeletion, where that admission plugin is on.
    { apiGroups: [GROUP], resources: plurals.map((plural) => `${plural}/finalizers`), verbs: ['update'] },
  ]
}

/** One rule per API group and set of verbs. */
function childRules(models: readonly KindModel[]): readonly PolicyRule[] {
  const children = models.flatMap((model) => model.children)
  const having = (access: Access) =>
    new Set(children.filter((child) => child.access === access).map(({ kind }) => kind))
  const written = having('write')
  const patched = having('patch').difference(written)
  const read = having('read').difference(written).difference(patched)
  return [...byGroup(written, WRITE), ...byGroup(patched, PATCH), ...byGroup(read, READ)]
}

type Access = KindModel['children'][number]['access']

function byGroup(kinds: ReadonlySet<ChildName>, verbs: readonly string[]): readonly PolicyRule[] {
  const groups = Map.groupBy(kinds, (kind) => childResources[kind].group)
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, members]) => ({
      apiGroups: [group],
      resources: members.map((kind) => childResources[kind].plural).sort(),
      verbs,
    }))
}

const eventRule: PolicyRule = { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] }

/** Without it a node counts as unreachable only by its pods. */
const nodeRule: PolicyRule = { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] }

const leaseRules: readonly PolicyRule[] = [
  // A create cannot be limited by name.
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [FENCE], verbs: [...READ, 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: READ },
]
