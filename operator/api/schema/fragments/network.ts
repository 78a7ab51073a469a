// Ports, the Kubernetes Service in front of the instance, and its health check.
import type { Fields, Rule, Schema } from '../model.ts'
import { changing, choice, duration, flag, int32, keyedList, list, map, object, text } from './words.ts'

const portNumber = (description: string, example: number): Schema => int32(description, 1, 65_535, { example })

const port = object(
  'One port.',
  {
    name: text('Name of the port.', {
      minLength: 1,
      maxLength: 15,
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
      example: 'http',
    }),
    containerPort: portNumber('Port the process listens on.', 8080),
    protocol: choice('Protocol of the port.', ['TCP', 'UDP', 'SCTP'], { default: 'TCP' }),
    // Of the Service alone: the container never sees them.
    ...changing('live', {
      servicePort: portNumber('Port of the Service. Default: the value of `containerPort`.', 80),
      appProtocol: text('Protocol spoken by the application. Default: none.', {
        maxLength: 316,
        example: 'kubernetes.io/h2c',
      }),
      nodePort: portNumber(
        'Port on every node, for the types NodePort and LoadBalancer. Default: chosen by Kubernetes.',
        30_080,
      ),
    }),
  },
  { required: ['name', 'containerPort'], title: 'Port' },
)

export const portFields: Fields = {
  ports: keyedList('Ports of the main container and of the Service in front of it. Default: none.', 'name', port, {
    maxItems: 32,
    example: [{ name: 'http', containerPort: 8080, servicePort: 80 }],
  }),
}

/** The Service; a headless one has no address of its own and its name resolves to the pod. */
export const serviceField = (headless: boolean): Fields =>
  changing('live', {
    service: object(
      'Settings of the Kubernetes Service in front of the instance; needs `ports`.',
      {
        type: choice('Type of the Service.', ['ClusterIP', 'NodePort', 'LoadBalancer'], { default: 'ClusterIP' }),
        headless: flag('Gives the Service no address, so that its name resolves to the pod.', { default: headless }),
        annotations: map('Annotations of the Service. Default: none.', text('Annotation value.', { maxLength: 4096 }), {
          maxProperties: 64,
          example: { 'example.com/internal': 'true' },
        }),
        labels: map('Labels of the Service. Default: none.', text('Label value.', { maxLength: 63 }), {
          maxProperties: 32,
          example: { team: 'billing' },
        }),
        clusterIP: text('Fixed address in the cluster. Default: chosen by Kubernetes.', {
          maxLength: 64,
          example: '10.96.0.20',
        }),
        sessionAffinity: choice('Keeps a client on one pod. Default: None.', ['None', 'ClientIP']),
        externalTrafficPolicy: choice('Where traffic from outside may go. Default: Cluster.', ['Cluster', 'Local']),
        internalTrafficPolicy: choice('Where traffic from inside may go. Default: Cluster.', ['Cluster', 'Local']),
        loadBalancerClass: text('Implementation of the load balancer. Default: that of the cluster.', {
          maxLength: 316,
          example: 'example.com/internal',
        }),
        loadBalancerSourceRanges: list(
          'Client networks that the load balancer lets in. Default: all.',
          text('Network in CIDR form.', { maxLength: 64, example: '10.0.0.0/8' }),
          { maxItems: 64, example: ['10.0.0.0/8'] },
        ),
        publishNotReadyAddresses: flag('Sends traffic also to a pod that is not ready. Default: false.'),
      },
      { default: {}, title: 'ServiceSettings' },
    ),
  })

export const healthFields: Fields = {
  healthCheckPath: text('Path of an HTTP health check; makes a readiness and a liveness probe. Default: none.', {
    minLength: 1,
    maxLength: 1024,
    example: '/health',
  }),
  healthCheckPort: portNumber('Port of the HTTP health check. Default: the first entry of `ports`.', 8080),
  ...changing('live', {
    readinessTimeout: duration('Time a new instance may take to become ready; then it is reported as stalled.', {
      default: '5m',
    }),
    minReadySeconds: int32('Seconds an instance must stay ready before it counts as available.', 0, 86_400, {
      default: 0,
    }),
  }),
}

const protocol = (item: string): string => `(has(${item}.protocol) ? ${item}.protocol : 'TCP')`
const servicePort = (item: string): string => `(has(${item}.servicePort) ? ${item}.servicePort : ${item}.containerPort)`

export const portRules: readonly Rule[] = [
  {
    id: 'T1',
    path: 'spec.ports',
    cel: `self.all(p, self.exists_one(q, q.containerPort == p.containerPort && ${protocol('q')} == ${protocol('p')}))`,
    message: '`containerPort` must be unique per protocol',
  },
  {
    id: 'T2',
    path: 'spec.ports',
    cel: `self.all(p, self.exists_one(q, ${servicePort('q')} == ${servicePort('p')} && ${protocol('q')} == ${protocol('p')}))`,
    message: '`servicePort` must be unique per protocol',
  },
  {
    id: 'T3',
    path: 'spec',
    fieldPath: '.service',
    cel: '!has(self.service) || (has(self.ports) && size(self.ports) > 0)',
    message: '`service` needs at least one entry in `ports`',
  },
]

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const group = '[0-9a-fA-F]{0,4}'

/** Kubernetes itself says which IPv6 addresses are well formed. */
export const addressPattern = `^(${octet}([.]${octet}){3}|${group}(:${group}){2,7})$`

/** 'None' would ask for a headless Service beside `headless: false`. */
export const addressFormRule: Rule = {
  id: 'T6',
  path: 'spec.service.clusterIP',
  cel: `self.matches('${addressPattern}')`,
  message: 'must be an IP address; `headless: true` gives the Service none',
}

const needsAddress = "((has(self.type) && self.type != 'ClusterIP') || has(self.clusterIP))"

/** Kinds whose Service has an address unless `headless` is set. */
export const addressRule: Rule = {
  id: 'T4',
  path: 'spec.service',
  cel: `!(has(self.headless) && self.headless && ${needsAddress})`,
  message: "`headless` may not be combined with `clusterIP` or with a `type` other than 'ClusterIP'",
}

/** Kinds whose Service is headless unless told otherwise. */
export const headlessRule: Rule = {
  id: 'T5',
  path: 'spec.service',
  cel: `(has(self.headless) && !self.headless) || !${needsAddress}`,
  message: "`clusterIP` and a `type` other than 'ClusterIP' need `headless: false`",
}

export const healthRules: readonly Rule[] = [
  {
    id: 'S2',
    path: 'spec',
    fieldPath: '.healthCheckPort',
    cel: '!has(self.healthCheckPort) || has(self.healthCheckPath)',
    message: '`healthCheckPort` needs `healthCheckPath`',
  },
  {
    id: 'S3',
    path: 'spec',
    fieldPath: '.healthCheckPath',
    cel: '!has(self.healthCheckPath) || has(self.healthCheckPort) || (has(self.ports) && size(self.ports) > 0)',
    message: '`healthCheckPath` needs `healthCheckPort` or an entry in `ports`',
  },
]
