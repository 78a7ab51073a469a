// Every label, annotation, gate and field manager the operator uses, in one place: selectors and labels must agree.

const PREFIX = 'highlander.plexobject.io'

export const API_GROUP = PREFIX
export const API_VERSION = `${PREFIX}/v1`

export const label = {
  /** `<name>`; selector of Deployment and StatefulSet, as in the Go version. */
  app: 'app',
  /** Always MANAGED_BY; the informers of native objects select by it. */
  managedBy: 'managed-by',
  /** Tenant cluster name and replica that wrote last; outside all hashes. */
  clusterName: 'cluster-name',
  controllerId: 'controller-id',
  commonName: 'app.kubernetes.io/name',
  commonManagedBy: 'app.kubernetes.io/managed-by',
  kind: `${PREFIX}/kind`,
  name: `${PREFIX}/name`,
  tenant: `${PREFIX}/tenant`,
  source: `${PREFIX}/source`,
} as const

export const MANAGED_BY = 'k8-highlander'
export const COMMON_MANAGED_BY = 'highlander'

export const annotation = {
  /** Epoch of the term that wrote last. */
  epoch: `${PREFIX}/epoch`,
  /** Hash of what was asked for: whole object, for Pods the spec only. */
  applied: `${PREFIX}/applied`,
  /** Revision of the builder that made the object. */
  builder: `${PREFIX}/builder`,
  /** Fencing token of the instance. */
  token: `${PREFIX}/token`,
  /** `disabled` on a resource: children are no longer written. */
  reconcile: `${PREFIX}/reconcile`,
  /** On a resource, any new text: one new instance. */
  restartRequestedAt: `${PREFIX}/restart-requested-at`,
  /** On a resource, uid of a pod: a person vouches that it has ended. */
  confirmDead: `${PREFIX}/confirm-dead`,
  /** On a WorkloadCronJob, any new text: one run. */
  runNow: `${PREFIX}/run-now`,
  /** On a pod template and its pods: the last restart request that was handled. */
  restartedAt: `${PREFIX}/restarted-at`,
} as const

/** As `kubectl create job --from` writes it. */
export const MANUAL_RUN = { 'cronjob.kubernetes.io/instantiate': 'manual' } as const

/** Scheduling gate of Strict services; opened only for the pod that holds the grant. */
export const GRANT_GATE = `${PREFIX}/grant`

export const fieldManager = {
  children: 'highlander',
  grant: 'highlander-grant',
} as const

/** Cuts a text to a valid label value (63 characters, ends with a letter or digit). */
export function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/[^A-Za-z0-9]+$/, '')
}
