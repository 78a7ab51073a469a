// WorkloadService: one server behind a Kubernetes Service, its volumes not kept.
import { columnsOf, instanceColumns, selectableFields, wide } from './fragments/columns.ts'
import { commonFields, commonRules } from './fragments/common.ts'
import { strictOrBestEffort } from './fragments/exclusivity.ts'
import { addressFormRule, addressRule, serviceField } from './fragments/network.ts'
import { serverFields, serverRules } from './fragments/server.ts'
import { grant, inUse, restartStatus, scaleStatus, statusOf } from './fragments/status.ts'
import { object } from './fragments/words.ts'
import type { KindModel } from './model.ts'

export const service: KindModel = {
  kind: 'WorkloadService',
  plural: 'workloadservices',
  singular: 'workloadservice',
  shortNames: ['wls', 'wsvc'],
  type: 'service',
  description: 'WorkloadService runs exactly one instance of a server behind a Service.',
  spec: object(
    'What should run.',
    {
      ...commonFields,
      ...serverFields,
      ...serviceField(false),
      // The mode is part of the pod template here: the scheduling gate.
      exclusivity: { ...strictOrBestEffort, change: 'restart' },
    },
    { required: ['image'] },
  ),
  status: statusOf({ ...scaleStatus, ...restartStatus, grant }, { readinessTimeout: inUse('readinessTimeout') }),
  rules: [...commonRules, ...serverRules, addressRule, addressFormRule],
  columns: columnsOf([...instanceColumns, wide('Address', 'string', '.status.address', 'Address of the Service.')]),
  selectableFields,
  scale: true,
  children: [
    { kind: 'Deployment', access: 'write' },
    { kind: 'Service', access: 'write' },
    { kind: 'Pod', access: 'write' },
  ],
}
