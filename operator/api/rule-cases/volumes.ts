// Rules about volumes that outlive the pod.
import { KEEP, SAME_VOLUMES, data, edited, ofVolumes, old } from './rule-case.ts'
import type { Cases } from './rule-case.ts'

export const volumeCases = {
  V1: [
    ofVolumes(
      [data, old],
      [data, { name: 'b', mountPath: '/b' }],
      '[1]',
      'must set exactly one of `size` and `existingClaim`',
    ),
  ],
  V2: [
    ofVolumes(
      [old],
      [{ ...old, storageClassName: 'fast' }],
      '[0]',
      '`storageClassName`, `accessModes`, `labels` and `annotations` may not be set with `existingClaim`',
    ),
  ],
  V3: [ofVolumes([data], [{ ...data, mountPath: 'data' }], '[0].mountPath', "must be an absolute path without ':'")],
  V4: [ofVolumes([data, old], [data, { ...data, name: 'b' }], '', '`mountPath` must be unique')],
  V5: [
    ofVolumes(
      [{ ...data, size: '1.5Ti' }],
      [{ ...data, size: '0' }],
      '[0].size',
      "must be a quantity greater than zero, such as '10Gi'",
    ),
  ],
  V6: [
    edited(
      [data],
      ofVolumes(
        [{ ...data, size: '10.5Gi' }],
        [{ ...data, size: '10G' }],
        '[0].size',
        "may not be reduced from '10Gi' to '10G'; volumes can only grow",
      ),
    ),
  ],
  V7: [
    edited(
      [{ ...data, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], labels: { a: 'x', b: 'y' } }],
      ofVolumes(
        [{ ...data, accessModes: ['ReadOnlyMany', 'ReadWriteOnce'], labels: { b: 'y', a: 'x' }, subPath: 'a' }],
        [{ ...data, accessModes: ['ReadOnlyMany'], labels: { a: 'x', b: 'y' } }],
        '[0]',
        `\`storageClassName\`, \`accessModes\`, \`labels\`, \`annotations\` and the kind of volume may not be changed after creation; ${KEEP}`,
      ),
    ),
  ],
  V8: [
    edited([data], ofVolumes([data, old], [data, { ...data, name: 'b', mountPath: '/b' }], '', SAME_VOLUMES)),
    edited([data, old], ofVolumes([data], [old], '', SAME_VOLUMES)),
  ],
  V9: [
    {
      kind: 'WorkloadPersistent',
      old: { image: 'redis:8' },
      accepted: { image: 'redis:8', persistentVolumes: [old] },
      refused: { image: 'redis:8', persistentVolumes: [data] },
      path: 'spec.persistentVolumes',
      message: SAME_VOLUMES,
    },
    {
      kind: 'WorkloadPersistent',
      old: { image: 'redis:8', persistentVolumes: [data] },
      accepted: { image: 'redis:9', persistentVolumes: [data] },
      refused: { image: 'redis:8' },
      path: 'spec.persistentVolumes',
      message: SAME_VOLUMES,
    },
  ],
  V10: [
    {
      kind: 'WorkloadPersistent',
      old: { image: 'redis:8', serviceName: 'a' },
      accepted: { image: 'redis:9', serviceName: 'a' },
      refused: { image: 'redis:8', serviceName: 'b' },
      path: 'spec.serviceName',
      message: `may not be changed after creation; ${KEEP}`,
    },
  ],
} satisfies Cases
