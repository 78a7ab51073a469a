// Two of the four printed examples of the reference: what is written there is what is made.
import { describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import { given } from '#testing/given.ts'
import { workloads } from './registry.ts'

const instanceId = { name: 'HIGHLANDER_INSTANCE_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }
const fencing = [
  instanceId,
  {
    name: 'HIGHLANDER_TERM',
    valueFrom: { fieldRef: { fieldPath: "metadata.annotations['highlander.plexobject.io/epoch']" } },
  },
  {
    name: 'HIGHLANDER_FENCING_TOKEN',
    valueFrom: { fieldRef: { fieldPath: "metadata.annotations['highlander.plexobject.io/token']" } },
  },
]
const noEscalation = { allowPrivilegeEscalation: false }
const seccompProfile = { type: 'RuntimeDefault' }

const labels = given.labels

function specOf(kind: KindName, name: string, spec: object, child: ChildKind): unknown {
  return childOf(kind, name, spec, child).spec
}

function childOf(kind: KindName, name: string, spec: object, child: ChildKind) {
  const cr = given.cr({ kind, name, namespace: 'default', spec })
  const { desired } = workloads[kind].look(given.observed({ cr }))
  const found = desired?.children.find((one) => one.kind === child)
  if (found === undefined) throw new Error(`no ${child}`)
  return found.object
}

const process = {
  image: 'mycompany/data-processor:1.4.2',
  script: { commands: ['echo "Starting on $(hostname)"', 'exec /app/process-data.sh'], shell: '/bin/sh' },
  env: { DB_HOST: 'postgres.example.com', WORKERS: 4 },
  extraEnv: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
  configMaps: ['rules'],
  resources: { cpuRequest: '200m', memoryRequest: '256Mi', memoryLimit: '512Mi' },
  livenessProbe: { exec: { command: ['/app/alive'] }, periodSeconds: 20 },
  restartPolicy: 'OnFailure',
  maxRestarts: 5,
  gracePeriod: '15s',
}

describe('the example of a Process', () => {
  it('becomes the printed pod', () => {
    const pod = childOf('WorkloadProcess', 'data-processor', process, 'Pod')

    expect(pod).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'data-processor-pod',
        namespace: 'default',
        labels: labels('WorkloadProcess', 'data-processor'),
        annotations: { 'highlander.plexobject.io/builder': '1' },
        ownerReferences: [
          {
            apiVersion: 'highlander.plexobject.io/v1',
            kind: 'WorkloadProcess',
            name: 'data-processor',
            uid: 'uid-data-processor',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        restartPolicy: 'OnFailure',
        terminationGracePeriodSeconds: 15,
        automountServiceAccountToken: false,
        securityContext: { seccompProfile },
        volumes: [{ name: 'config-rules', configMap: { name: 'rules' } }],
        containers: [
          {
            name: 'main',
            image: 'mycompany/data-processor:1.4.2',
            imagePullPolicy: 'IfNotPresent',
            command: ['/bin/sh'],
            args: ['-c', '#!/bin/sh\nset -e\n\necho "Starting on $$(hostname)"\nexec /app/process-data.sh'],
            env: [
              ...fencing,
              { name: 'DB_HOST', value: 'postgres.example.com' },
              { name: 'WORKERS', value: '4' },
              { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
            ],
            resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '512Mi' } },
            livenessProbe: { exec: { command: ['/app/alive'] }, periodSeconds: 20 },
            securityContext: noEscalation,
            volumeMounts: [{ name: 'config-rules', mountPath: '/etc/config/rules', readOnly: true }],
          },
        ],
      },
    })
  })
})

const service = {
  image: 'mycompany/admin-api:2.0.1',
  replicas: 1,
  ports: [{ name: 'http', containerPort: 8080, servicePort: 80 }],
  service: { type: 'LoadBalancer', annotations: { 'example.com/internal': 'true' } },
  healthCheckPath: '/health',
  healthCheckPort: 8080,
  readinessTimeout: '2m',
  env: { LOG_LEVEL: 'info' },
  resources: { cpuRequest: '100m', memoryRequest: '128Mi' },
  serviceAccountName: 'admin-api',
  securityProfile: 'Restricted',
  podAnnotations: { 'prometheus.io/scrape': 'true' },
}

describe('the example of a Service', () => {
  it('becomes the printed Deployment', () => {
    const spec = specOf('WorkloadService', 'admin-api', service, 'Deployment')

    const httpGet = { path: '/health', port: 8080 }
    expect(spec).toEqual({
      replicas: 1,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 120,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: 'admin-api' } },
      template: {
        metadata: {
          labels: labels('WorkloadService', 'admin-api'),
          annotations: { 'prometheus.io/scrape': 'true' },
        },
        spec: {
          schedulingGates: [{ name: 'highlander.plexobject.io/grant' }],
          restartPolicy: 'Always',
          serviceAccountName: 'admin-api',
          automountServiceAccountToken: true,
          terminationGracePeriodSeconds: 30,
          securityContext: { runAsNonRoot: true, seccompProfile },
          containers: [
            {
              name: 'main',
              image: 'mycompany/admin-api:2.0.1',
              imagePullPolicy: 'IfNotPresent',
              env: [...fencing, { name: 'LOG_LEVEL', value: 'info' }],
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              readinessProbe: {
                httpGet,
                initialDelaySeconds: 10,
                periodSeconds: 10,
                timeoutSeconds: 5,
                failureThreshold: 3,
              },
              livenessProbe: {
                httpGet,
                initialDelaySeconds: 15,
                periodSeconds: 15,
                timeoutSeconds: 5,
                failureThreshold: 3,
              },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    })
  })

  it('becomes the printed Service', () => {
    const { metadata, spec } = childOf('WorkloadService', 'admin-api', service, 'Service')

    expect(metadata.annotations).toEqual({ 'example.com/internal': 'true', 'highlander.plexobject.io/builder': '1' })
    expect(spec).toEqual({
      type: 'LoadBalancer',
      selector: { 'highlander.plexobject.io/kind': 'WorkloadService', 'highlander.plexobject.io/name': 'admin-api' },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    })
  })
})
