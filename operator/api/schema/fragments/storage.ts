// Volumes that outlive the pod, and the rules that protect them.
import type { Fields, Rule } from '../model.ts'
import { changing, choice, dnsLabel, filePath, flag, keyedList, map, object, objectName, set, text } from './words.ts'

const persistentVolume = object(
  'One volume: a claim made from `size`, or an existing claim.',
  {
    name: text('Name of the volume; part of the name of its claim.', {
      ...dnsLabel,
      change: 'refused',
      example: 'data',
    }),
    mountPath: text('Absolute path in the container.', { ...filePath, example: '/var/lib/data' }),
    size: text('Size of the volume; it can only grow. Default: none, with `existingClaim`.', {
      minLength: 1,
      maxLength: 32,
      change: 'live',
      example: '10Gi',
    }),
    ...changing('refused', {
      storageClassName: text('Storage class of the claim. Default: that of the cluster.', {
        ...objectName,
        example: 'fast',
      }),
      accessModes: set(
        'How many nodes and pods may mount the volume.',
        choice('One access mode.', ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany', 'ReadOnlyMany']),
        { minItems: 1, maxItems: 4, default: ['ReadWriteOnce'] },
      ),
      labels: map('Labels of the claim. Default: none.', text('Label value.', { maxLength: 63 }), {
        maxProperties: 32,
        example: { backup: 'daily' },
      }),
      annotations: map('Annotations of the claim. Default: none.', text('Annotation value.', { maxLength: 4096 }), {
        maxProperties: 32,
        example: { 'example.com/snapshot': 'daily' },
      }),
    }),
    existingClaim: text('Name of a claim to use instead of making one. Default: none.', {
      ...objectName,
      example: 'data-old',
    }),
    subPath: text('Folder inside the volume. Default: its root.', { maxLength: 1024, example: 'data' }),
    readOnly: flag('Mounts the volume read-only. Default: false.'),
  },
  { required: ['name', 'mountPath'], title: 'PersistentVolume' },
)

export const storageFields: Fields = {
  ...changing('refused', {
    serviceName: text('Service that gives the instance its host name. Default: the name of the workload.', {
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
      example: 'mq',
    }),
    persistentVolumes: keyedList(
      'Volumes that outlive the pod. Those with `size` cannot be added or removed later. Default: none.',
      'name',
      persistentVolume,
      { maxItems: 16, example: [{ name: 'data', mountPath: '/var/lib/data', size: '10Gi' }] },
    ),
  }),
  ...changing('live', {
    pvcRetentionPolicy: object(
      'What happens to the claims that were made from `size`.',
      {
        whenDeleted: choice('When the workload is deleted.', ['Retain', 'Delete'], { default: 'Retain' }),
        whenScaled: choice('When the number of instances is reduced.', ['Retain', 'Delete'], { default: 'Retain' }),
      },
      { default: {}, title: 'PvcRetentionPolicy' },
    ),
    updateStrategy: choice(
      'How a change reaches the running instance. OnDelete: only after its pod was deleted by hand.',
      ['RollingUpdate', 'OnDelete'],
      { default: 'RollingUpdate' },
    ),
  }),
}

const claimFields = ['storageClassName', 'accessModes', 'labels', 'annotations'] as const
const keepWorkload = 'delete the workload (volumes are kept) and create it again'
const sameVolumes = `volumes may not be added, removed or renamed after creation; ${keepWorkload}`

const same = (field: string): string =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`

const onlyExisting = (self: string): string => `${self}.persistentVolumes.all(v, has(v.existingClaim))`

const volumeRules: readonly Rule[] = [
  {
    id: 'V1',
    path: 'spec.persistentVolumes[]',
    cel: 'has(self.size) != has(self.existingClaim)',
    message: 'must set exactly one of `size` and `existingClaim`',
  },
  {
    id: 'V2',
    path: 'spec.persistentVolumes[]',
    cel: `!has(self.existingClaim) || !(${claimFields.map((field) => `has(self.${field})`).join(' || ')})`,
    message: '`storageClassName`, `accessModes`, `labels` and `annotations` may not be set with `existingClaim`',
  },
  {
    id: 'V3',
    path: 'spec.persistentVolumes[].mountPath',
    cel: "self.startsWith('/') && !self.contains(':')",
    message: "must be an absolute path without ':'",
  },
  {
    id: 'V4',
    path: 'spec.persistentVolumes',
    cel: 'self.all(v, self.exists_one(w, w.mountPath == v.mountPath))',
    message: '`mountPath` must be unique',
  },
  {
    id: 'V5',
    path: 'spec.persistentVolumes[].size',
    cel: "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
    message: "must be a quantity greater than zero, such as '10Gi'",
  },
]

/** These compare with the stored value: claims cannot shrink, and claim templates cannot change. */
const transitionRules: readonly Rule[] = [
  {
    id: 'V6',
    path: 'spec.persistentVolumes[].size',
    cel: '!isQuantity(self) || !isQuantity(oldSelf) || quantity(self).compareTo(quantity(oldSelf)) >= 0',
    message: 'may not be reduced; volumes can only grow',
    messageExpression: `"may not be reduced from '" + oldSelf + "' to '" + self + "'; volumes can only grow"`,
  },
  {
    id: 'V7',
    path: 'spec.persistentVolumes[]',
    cel: ['has(self.existingClaim) == has(oldSelf.existingClaim)', ...claimFields.map((field) => same(field))].join(
      ' && ',
    ),
    message: `\`storageClassName\`, \`accessModes\`, \`labels\`, \`annotations\` and the kind of volume may not be changed after creation; ${keepWorkload}`,
  },
  {
    id: 'V8',
    path: 'spec.persistentVolumes',
    cel: 'self.filter(v, !has(v.existingClaim)).all(v, oldSelf.exists(o, o.name == v.name)) && oldSelf.filter(o, !has(o.existingClaim)).all(o, self.exists(v, v.name == o.name))',
    message: sameVolumes,
  },
  {
    id: 'V9',
    path: 'spec',
    fieldPath: '.persistentVolumes',
    cel: `(has(self.persistentVolumes) || !has(oldSelf.persistentVolumes) || ${onlyExisting('oldSelf')}) && (has(oldSelf.persistentVolumes) || !has(self.persistentVolumes) || ${onlyExisting('self')})`,
    message: sameVolumes,
  },
  {
    id: 'V10',
    path: 'spec',
    fieldPath: '.serviceName',
    cel: same('serviceName'),
    message: `may not be changed after creation; ${keepWorkload}`,
  },
]

export const storageRules: readonly Rule[] = [...volumeRules, ...transitionRules]
