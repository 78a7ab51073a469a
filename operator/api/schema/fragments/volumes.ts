// Volumes, further containers, and the labels and annotations of the pod.
import type { Fields, Rule, Schema } from '../model.ts'
import { choice, dnsLabel, filePath, flag, keyedList, map, object, text, untyped } from './words.ts'

const volume = untyped(
  'One volume: its name and its source, which is checked when the pod is created.',
  { name: text('Name of the volume.', { ...dnsLabel, example: 'cache' }) },
  { required: ['name'], title: 'Volume' },
)

const volumeMount = object(
  'One mount.',
  {
    name: text('Name of an entry in `volumes` or `persistentVolumes`.', { ...dnsLabel, example: 'cache' }),
    mountPath: text('Absolute path in the container.', { ...filePath, example: '/cache' }),
    subPath: text('Folder inside the volume. Default: its root.', { maxLength: 1024, example: 'data' }),
    subPathExpr: text('As `subPath`, with environment variables expanded. Default: none.', {
      maxLength: 1024,
      example: '$(REGION)',
    }),
    readOnly: flag('Mounts the volume read-only. Default: false.'),
    mountPropagation: choice('How mounts are shared with the node. Default: None.', [
      'None',
      'HostToContainer',
      'Bidirectional',
    ]),
  },
  { required: ['name', 'mountPath'], title: 'VolumeMount' },
)

const furtherContainer = (description: string): Schema =>
  untyped(
    description,
    {
      name: text('Name of the container; unique in the pod and not `main`.', { ...dnsLabel, example: 'proxy' }),
      image: text('Image of the container.', { minLength: 1, maxLength: 1024, example: 'example/proxy:1' }),
    },
    { required: ['name', 'image'], title: 'FurtherContainer' },
  )

export const volumeFields: Fields = {
  volumes: keyedList('Volumes of the pod in the Kubernetes form. Default: none.', 'name', volume, {
    maxItems: 64,
    example: [{ name: 'cache', emptyDir: {} }],
  }),
  volumeMounts: keyedList('Where volumes appear in the main container. Default: nowhere.', 'mountPath', volumeMount, {
    maxItems: 64,
    example: [{ name: 'cache', mountPath: '/cache' }],
  }),
  initContainers: keyedList(
    'Containers that run to their end before the main container, in order. Default: none.',
    'name',
    furtherContainer('One container in the Kubernetes form; checked when the pod is created.'),
    { maxItems: 16, example: [{ name: 'migrate', image: 'example/migrate:1' }] },
  ),
  sidecars: keyedList(
    'Containers that start before and stop after the main one. They do not keep a finished workload alive. Default: none.',
    'name',
    furtherContainer(
      'One sidecar in the Kubernetes form; checked when the pod is created. `env` may be a map, and `resources` may have the four short fields.',
    ),
    { maxItems: 16, example: [{ name: 'proxy', image: 'example/proxy:1' }] },
  ),
}

export const podLabelFields: Fields = {
  podLabels: map('Labels to add to the pod. Default: none.', text('Label value.', { maxLength: 63 }), {
    maxProperties: 32,
    example: { team: 'billing' },
  }),
  podAnnotations: map(
    'Annotations to add to the pod. Default: none.',
    text('Annotation value.', { maxLength: 16_384 }),
    { maxProperties: 64, example: { 'prometheus.io/scrape': 'true' } },
  ),
}

export const overlayFields: Fields = {
  podTemplate: object(
    'Overlay of the pod, merged last, for what no field offers. Default: none.',
    {
      metadata: object('Labels and annotations to add to the pod.', {
        labels: map('Labels to add to the pod. Default: none.', text('Label value.', { maxLength: 63 }), {
          maxProperties: 32,
          example: { team: 'billing' },
        }),
        annotations: map(
          'Annotations to add to the pod. Default: none.',
          text('Annotation value.', { maxLength: 16_384 }),
          { maxProperties: 64, example: { 'prometheus.io/scrape': 'true' } },
        ),
      }),
      spec: untyped(
        'Fields of a pod in the Kubernetes form; checked when the pod is created. Maps merge; containers, volumes, env and imagePullSecrets merge by `name`, volumeMounts by `mountPath`, ports by `containerPort` and `protocol`; other lists are replaced. A list item with `$patch: delete` is removed.',
      ),
    },
    {
      title: 'PodTemplate',
      example: { spec: { hostNetwork: true, containers: [{ name: 'main', stdin: true }] } },
    },
  ),
}

const prefix = 'highlander.plexobject.io/'

export const volumeRules: readonly Rule[] = [
  {
    id: 'K5',
    path: 'spec',
    fieldPath: '.initContainers',
    cel: "!has(self.initContainers) || self.initContainers.all(c, c.name != 'main')",
    message: "the name 'main' is reserved for the workload's own container",
  },
  {
    id: 'K6',
    path: 'spec',
    fieldPath: '.sidecars',
    cel: "!has(self.sidecars) || self.sidecars.all(c, c.name != 'main' && (!has(self.initContainers) || self.initContainers.all(i, i.name != c.name)))",
    message: "names must be unique in the pod and not 'main'",
  },
  {
    id: 'K7',
    path: 'spec',
    fieldPath: '.volumeMounts',
    cel: "!has(self.volumeMounts) || self.volumeMounts.all(m, m.mountPath.startsWith('/') && !m.mountPath.contains(':'))",
    message: "`mountPath` must be an absolute path without ':'",
  },
  {
    id: 'E5',
    path: 'spec.podLabels',
    cel: `self.all(k, !k.startsWith('${prefix}') && k != 'app' && k != 'managed-by' && k != 'app.kubernetes.io/managed-by')`,
    message: `may not set the labels 'app', 'managed-by', 'app.kubernetes.io/managed-by' or any label that starts with '${prefix}'`,
  },
  {
    id: 'E6',
    path: 'spec.podAnnotations',
    cel: `self.all(k, !k.startsWith('${prefix}'))`,
    message: `may not set annotations that start with '${prefix}'`,
  },
]
