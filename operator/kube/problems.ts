// What people are told when a kind cannot be watched, and what to do about it.
import type { InformerState } from '#api/ports.ts'
import { API_GROUP } from '#api/labels.ts'
import type { ResourceType } from '#api/resource.ts'
import { TerminalError, messageOf } from '#lib/errors.ts'

export function problemOf(
  error: unknown,
  resource: ResourceType,
  namespace: string,
): NonNullable<InformerState['problem']> {
  if (error instanceof TerminalError && error.reason === 'forbidden') {
    return { type: 'forbidden', sentence: forbidden(error.message, resource, namespace) }
  }
  if (error instanceof TerminalError && (error.reason === 'not_found' || error.reason === 'unknown')) {
    return { type: 'missing', sentence: missing(resource) }
  }
  return { type: 'failing', sentence: messageOf(error) }
}

function forbidden(message: string, resource: ResourceType, namespace: string): string {
  const verb = /cannot (list|watch|get) /.exec(message)?.[1] ?? 'list'
  const place = namespace === '' ? '' : ` in namespace ${namespace}`
  const role = namespace === '' ? 'ClusterRole' : 'Role'
  const rule = `{apiGroups: ["${resource.group}"], resources: ["${resource.plural}"], verbs: ["get", "list", "watch"]}`
  return `may not ${verb} ${nameOf(resource)}${place}: add the rule ${rule} to the ${role} of the operator's service account`
}

function missing(resource: ResourceType): string {
  return resource.group === API_GROUP
    ? `the CRD ${nameOf(resource)} is not installed: kubectl apply -f manifests/crds.yaml`
    : `the API server does not serve ${nameOf(resource)} in version ${resource.version}`
}

function nameOf(resource: ResourceType): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}
