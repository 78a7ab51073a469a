// WorkloadPersistent: one server with volumes that outlive its pod.
import { columnsOf, instanceColumns, selectableFields, wide } from './fragments/columns.ts'
import { commonFields, commonRules } from './fragments/common.ts'
import { strictOrBestEffort } from './fragments/exclusivity.ts'
import { addressFormRule, headlessRule, serviceField } from './fragments/network.ts'
import { serverFields, serverRules } from './fragments/server.ts'
import { inUse, restartStatus, scaleStatus, statusOf, volumeStatus } from './fragments/status.ts'
import { storageFields, storageRules } from './fragments/storage.ts'
import { object } from './fragments/words.ts'
import type { KindModel } from './model.ts'

export const persistent: KindModel = {
  kind: 'WorkloadPersistent',
  plural: 'workloadpersistents',
  singular: 'workloadpersistent',
  shortNames: ['wlper', 'wpers'],
  type: 'persistent',
  description: 'WorkloadPersistent runs exactly one instance of a server with volumes of its own.',
  spec: object(
    'What should run.',
    {
      ...commonFields,
      ...serverFields,
      ...serviceField(true),
      ...storageFields,
      exclusivity: strictOrBestEffort,
    },
    { required: ['image'] },
  ),
  status: statusOf(
    { ...scaleStatus, ...restartStatus, volumes: volumeStatus },
    {
      readinessTimeout: inUse('readinessTimeout'),
      serviceName: inUse('serviceName'),
      updateStrategy: inUse('updateStrategy'),
    },
  ),
  rules: [...commonRules, ...serverRules, headlessRule, addressFormRule, ...storageRules],
  columns: columnsOf([
    ...instanceColumns,
    wide('Capacity', 'string', '.status.volumes[0].capacity', 'Size of the first volume.'),
  ]),
  selectableFields,
  scale: true,
  children: [
    { kind: 'StatefulSet', access: 'write' },
    { kind: 'Service', access: 'write' },
    { kind: 'PersistentVolumeClaim', access: 'patch' },
    { kind: 'Pod', access: 'write' },
  ],
}
