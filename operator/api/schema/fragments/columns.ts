// The columns of `kubectl get` and the fields that `--field-selector` may use.
import type { Column } from '../model.ts'

/** `kubectl get` prints exactly NAME ACTIVE HEALTHY AGE. */
const always: readonly Column[] = [
  { name: 'Active', type: 'boolean', jsonPath: '.status.active', description: 'The one instance exists.' },
  { name: 'Healthy', type: 'boolean', jsonPath: '.status.healthy', description: 'What exists is as it should be.' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since creation.' },
]

const reason = wide('Reason', 'string', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is ready or not.')

const last: readonly Column[] = [
  wide('Suspended', 'boolean', '.spec.suspend', 'Whether it is suspended.'),
  wide('Cluster', 'string', '.status.leader.cluster', 'Cluster of the operator.'),
  wide('Image', 'string', '.spec.image', 'Image of the workload.'),
]

/** Of kinds with one instance that stays. */
export const instanceColumns: readonly Column[] = [
  wide('Pod', 'string', '.status.instance.pod', 'Pod of the instance.'),
  wide('Node', 'string', '.status.instance.node', 'Node of the instance.'),
  wide('Restarts', 'integer', '.status.instance.restarts', 'Restarts of the main container.'),
]

export const selectableFields: readonly string[] = [
  '.status.active',
  '.status.healthy',
  '.spec.suspend',
  '.spec.image',
  '.status.instance.node',
  '.status.leader.cluster',
]

export function columnsOf(own: readonly Column[]): readonly Column[] {
  return [...always, reason, ...own, ...last]
}

export function wide(name: string, type: Column['type'], jsonPath: string, description: string): Column {
  return { name, type, jsonPath, description, priority: 1 }
}
