// WorkloadProcess: one process in one pod.
import { columnsOf, instanceColumns, selectableFields } from './fragments/columns.ts'
import { commonFields, commonRules } from './fragments/common.ts'
import { strictOnly } from './fragments/exclusivity.ts'
import { addressFormRule, addressRule, portFields, portRules, serviceField } from './fragments/network.ts'
import { probeFields, probeRules } from './fragments/probes.ts'
import { podLabelFields } from './fragments/volumes.ts'
import { address, completion, inUse, restartStatus, statusOf } from './fragments/status.ts'
import { changing, choice, count, duration, int32, object } from './fragments/words.ts'
import type { Fields, KindModel } from './model.ts'

const restartFields: Fields = {
  restartPolicy: choice(
    'When the container is started again after it ended. A process that ends with code 0 is completed, except with Always. A failed or lost pod is replaced whatever the value.',
    ['Always', 'OnFailure', 'Never'],
    { default: 'OnFailure' },
  ),
  ...changing('live', {
    maxRestarts: int32(
      'Restarts in a row after which the workload is given up until its next change. Default: no limit.',
      0,
      1_000_000,
      { example: 5 },
    ),
    restartWindow: duration('Healthy time after which the count of restarts begins again at 0.', { default: '10m' }),
    backoff: object(
      'Waiting time before a failed pod is replaced. A deleted or evicted pod is replaced at once.',
      {
        initial: duration('Waiting time after the first failure; doubled each time.', { default: '1s' }),
        max: duration('Longest waiting time.', { default: '5m' }),
      },
      { default: {}, title: 'Backoff' },
    ),
  }),
}

export const process: KindModel = {
  kind: 'WorkloadProcess',
  plural: 'workloadprocesses',
  singular: 'workloadprocess',
  shortNames: ['wlp', 'wproc'],
  type: 'process',
  description: 'WorkloadProcess runs exactly one instance of a process, as a pod.',
  spec: object(
    'What should run.',
    {
      ...commonFields,
      ...probeFields,
      ...changing('live', podLabelFields),
      ...restartFields,
      ...portFields,
      ...serviceField(false),
      exclusivity: strictOnly,
    },
    { required: ['image'] },
  ),
  status: statusOf(
    {
      recentRestarts: count('Restarts in a row, as counted against `maxRestarts`.'),
      completion,
      ...address,
      ...restartStatus,
    },
    {
      restartPolicy: inUse('restartPolicy'),
      restartWindow: inUse('restartWindow'),
      backoff: inUse('backoff'),
    },
  ),
  rules: [
    ...commonRules,
    {
      id: 'N3-ports',
      path: '',
      fieldPath: '.metadata.name',
      optionalOldSelf: true,
      cel: "oldSelf.hasValue() || !has(self.spec.ports) || self.metadata.name.matches('^[a-z]')",
      message: 'name must start with a letter: it becomes the name of a Service',
    },
    ...probeRules,
    ...portRules,
    addressRule,
    addressFormRule,
    {
      id: 'B1',
      path: 'spec.backoff',
      cel: '!has(self.initial) || !has(self.max) || duration(self.initial) <= duration(self.max)',
      message: '`initial` must be less than or equal to `max`',
    },
  ],
  columns: columnsOf(instanceColumns),
  selectableFields,
  scale: false,
  children: [
    { kind: 'Pod', access: 'write' },
    { kind: 'Service', access: 'write' },
  ],
}
