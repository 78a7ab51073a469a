// Identity, security and placement of the pod.
import type { Fields, Schema } from '../model.ts'
import { choice, count, flag, int64, keyedList, list, map, object, objectName, text, untyped } from './words.ts'

const userId = (description: string): Schema => int64(description, 0, 2_147_483_647, { example: 1000 })

const seccompProfile = object(
  'Filter for the system calls of the process. Default: by `securityProfile`.',
  {
    type: choice('Which filter applies.', ['RuntimeDefault', 'Unconfined', 'Localhost']),
    localhostProfile: text('File below the profile folder of the node; only with type Localhost.', {
      maxLength: 1024,
      example: 'profiles/app.json',
    }),
  },
  { required: ['type'], title: 'SeccompProfile' },
)

const identity: Fields = {
  runAsUser: userId('User id of the process. Default: that of the image.'),
  runAsGroup: userId('Group id of the process. Default: that of the image.'),
  runAsNonRoot: flag('Refuses to run as user 0. Default: by `securityProfile`.'),
}

const podSecurityContext = object(
  'Security settings of the whole pod. Default: by `securityProfile`.',
  {
    ...identity,
    fsGroup: userId('Group that owns the mounted volumes. Default: none.'),
    fsGroupChangePolicy: choice('When the owner of volumes is changed. Default: Always.', ['Always', 'OnRootMismatch']),
    supplementalGroups: list('Further groups of the processes. Default: none.', userId('Group id.'), {
      maxItems: 32,
      example: [2000],
    }),
    seccompProfile,
    sysctls: list(
      'Kernel settings of the pod. Default: none.',
      object(
        'One setting.',
        {
          name: text('Name of the setting.', { minLength: 1, maxLength: 253, example: 'net.core.somaxconn' }),
          value: text('Value of the setting.', { maxLength: 253, example: '1024' }),
        },
        { required: ['name', 'value'] },
      ),
      { maxItems: 32, example: [{ name: 'net.core.somaxconn', value: '1024' }] },
    ),
  },
  { title: 'PodSecurityContext' },
)

const capabilities = (description: string): Schema =>
  list(description, text('Name of a capability, or ALL.', { maxLength: 64, example: 'NET_BIND_SERVICE' }), {
    maxItems: 64,
    example: ['NET_BIND_SERVICE'],
  })

const securityContext = object(
  'Security settings of the main container. Default: by `securityProfile`.',
  {
    ...identity,
    readOnlyRootFilesystem: flag('Makes the root file system read-only. Default: false.'),
    allowPrivilegeEscalation: flag('Lets set-user-id programs gain rights. Default: by `securityProfile`.'),
    privileged: flag('Runs with all rights on the node. Default: false.'),
    capabilities: object('Linux capabilities. Default: by `securityProfile`.', {
      add: capabilities('Capabilities to add. Default: none.'),
      drop: capabilities('Capabilities to drop. Default: by `securityProfile`.'),
    }),
    seccompProfile,
  },
  { title: 'SecurityContext' },
)

export const securityFields: Fields = {
  serviceAccountName: text('Service account of the pod. Default: the account `default` of the namespace.', {
    ...objectName,
    example: 'report',
  }),
  automountServiceAccountToken: flag(
    'Mounts the token of the service account. Default: true if `serviceAccountName` is set, else false.',
  ),
  securityProfile: choice(
    'Starting point of the security settings; fields you set win. Baseline forbids privilege escalation and filters system calls. Restricted also refuses user 0 and drops all capabilities. Unset sets nothing.',
    ['Restricted', 'Baseline', 'Unset'],
    { default: 'Baseline' },
  ),
  podSecurityContext,
  securityContext,
}

const toleration = object(
  'One toleration.',
  {
    key: text('Key of the taint. Default: all keys, with operator Exists.', { maxLength: 316, example: 'dedicated' }),
    operator: choice('How the value is compared. Default: Equal.', ['Equal', 'Exists']),
    value: text('Value of the taint. Default: empty.', { maxLength: 63, example: 'batch' }),
    effect: choice('Effect of the taint. Default: all effects.', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    tolerationSeconds: {
      ...count('Seconds to stay after a NoExecute taint appeared. Default: for ever.'),
      format: 'int64',
    },
  },
  { title: 'Toleration' },
)

const dnsConfig = object(
  'DNS settings merged with those of `dnsPolicy`. Default: none.',
  {
    nameservers: list('Name servers. Default: none.', text('IP address.', { maxLength: 64, example: '1.1.1.1' }), {
      maxItems: 3,
      example: ['1.1.1.1'],
    }),
    searches: list('Search domains. Default: none.', text('Domain.', { maxLength: 253, example: 'example.com' }), {
      maxItems: 32,
      example: ['example.com'],
    }),
    options: list(
      'Options of the resolver. Default: none.',
      object('One option.', {
        name: text('Name of the option.', { maxLength: 63, example: 'ndots' }),
        value: text('Value of the option. Default: none.', { maxLength: 63, example: '2' }),
      }),
      { maxItems: 16, example: [{ name: 'ndots', value: '2' }] },
    ),
  },
  { title: 'DnsConfig' },
)

const hostAlias = object(
  'One line: an address and its names.',
  {
    ip: text('IP address.', { minLength: 1, maxLength: 64, example: '10.1.2.3' }),
    hostnames: list('Names of the address.', text('Host name.', { maxLength: 253, example: 'db.local' }), {
      minItems: 1,
      maxItems: 32,
      example: ['db.local'],
    }),
  },
  { required: ['ip', 'hostnames'], title: 'HostAlias' },
)

export const placementFields: Fields = {
  nodeSelector: map('Labels a node must have to run the pod. Default: none.', text('Label value.', { maxLength: 63 }), {
    maxProperties: 32,
    example: { disk: 'ssd' },
  }),
  tolerations: list('Node taints that the pod accepts. Default: none.', toleration, {
    maxItems: 32,
    example: [{ key: 'dedicated', operator: 'Equal', value: 'batch', effect: 'NoSchedule' }],
  }),
  affinity: untyped('Affinity in the Kubernetes form; checked when the pod is created. Default: none.'),
  priorityClassName: text('Priority class of the pod. Default: none.', { ...objectName, example: 'important' }),
  runtimeClassName: text('Runtime class of the pod. Default: none.', { ...objectName, example: 'gvisor' }),
  schedulerName: text('Scheduler that places the pod. Default: default-scheduler.', objectName),
  hostAliases: keyedList('Extra lines of /etc/hosts. Default: none.', 'ip', hostAlias, {
    maxItems: 32,
    example: [{ ip: '10.1.2.3', hostnames: ['db.local'] }],
  }),
  dnsPolicy: choice('How host names are resolved. Default: ClusterFirst.', [
    'ClusterFirst',
    'ClusterFirstWithHostNet',
    'Default',
    'None',
  ]),
  dnsConfig,
}
