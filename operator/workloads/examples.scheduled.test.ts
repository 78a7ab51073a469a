// Two of the four printed examples of the reference: what is written there is what is made.
import { describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import { given } from '#testing/given.ts'
import { workloads } from './registry.ts'

const instanceId = { name: 'HIGHLANDER_INSTANCE_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }
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

describe('the example of a CronJob', () => {
  it('becomes the printed CronJob', () => {
    const spec = specOf(
      'WorkloadCronJob',
      'daily-report',
      {
        image: 'mycompany/report-generator:3.2.0',
        schedule: '0 0 * * *',
        timeZone: 'Europe/Berlin',
        script: { commands: ["echo 'Generating daily report'", '/app/generate-report.sh'] },
        env: { REPORT_TYPE: 'daily' },
        restartPolicy: 'OnFailure',
        backoffLimit: 2,
        activeDeadlineSeconds: 3600,
        sidecars: [{ name: 'proxy', image: 'example/proxy:1' }],
      },
      'CronJob',
    )

    const imagePullPolicy = 'IfNotPresent'
    const proxy = { name: 'proxy', image: 'example/proxy:1', imagePullPolicy, restartPolicy: 'Always' }
    expect(spec).toEqual({
      schedule: '0 0 * * *',
      timeZone: 'Europe/Berlin',
      suspend: false,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 300,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: labels('WorkloadCronJob', 'daily-report') },
        spec: {
          parallelism: 1,
          completions: 1,
          backoffLimit: 2,
          activeDeadlineSeconds: 3600,
          podReplacementPolicy: 'Failed',
          template: {
            metadata: { labels: labels('WorkloadCronJob', 'daily-report') },
            spec: {
              restartPolicy: 'OnFailure',
              terminationGracePeriodSeconds: 30,
              automountServiceAccountToken: false,
              securityContext: { seccompProfile },
              initContainers: [{ ...proxy, securityContext: noEscalation }],
              containers: [
                {
                  name: 'main',
                  image: 'mycompany/report-generator:3.2.0',
                  imagePullPolicy,
                  command: ['/bin/sh'],
                  args: ['-c', "#!/bin/sh\nset -e\n\necho 'Generating daily report'\n/app/generate-report.sh"],
                  env: [instanceId, { name: 'REPORT_TYPE', value: 'daily' }],
                  securityContext: noEscalation,
                },
              ],
            },
          },
        },
      },
    })
  })
})

const persistent = {
  image: 'ibmcom/mqadvanced-server:9.2',
  replicas: 1,
  serviceName: 'mq',
  ports: [{ name: 'mq', containerPort: 1414, servicePort: 1414 }],
  persistentVolumes: [{ name: 'data', mountPath: '/var/mqm', size: '10Gi', storageClassName: 'fast' }],
  env: { LICENSE: 'accept', MQ_QMGR_NAME: 'QM1' },
  resources: { cpuRequest: '500m', memoryRequest: '1Gi' },
  readinessProbe: { tcpSocket: { port: 'mq' } },
  podSecurityContext: { fsGroup: 1001 },
}

describe('the example of a Persistent', () => {
  it('becomes the printed StatefulSet', () => {
    const spec = specOf('WorkloadPersistent', 'message-queue', persistent, 'StatefulSet')

    const {
      'app.kubernetes.io/name': _name,
      'app.kubernetes.io/managed-by': _by,
      ...claimLabels
    } = labels('WorkloadPersistent', 'message-queue')
    expect(spec).toEqual({
      serviceName: 'mq',
      replicas: 1,
      revisionHistoryLimit: 2,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: { app: 'message-queue' } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data', labels: claimLabels },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'fast',
            resources: { requests: { storage: '10Gi' } },
          },
        },
      ],
      template: {
        metadata: { labels: labels('WorkloadPersistent', 'message-queue') },
        spec: {
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          automountServiceAccountToken: false,
          securityContext: { fsGroup: 1001, seccompProfile },
          containers: [
            {
              name: 'main',
              image: 'ibmcom/mqadvanced-server:9.2',
              imagePullPolicy: 'IfNotPresent',
              env: [instanceId, { name: 'LICENSE', value: 'accept' }, { name: 'MQ_QMGR_NAME', value: 'QM1' }],
              ports: [{ name: 'mq', containerPort: 1414, protocol: 'TCP' }],
              resources: { requests: { cpu: '500m', memory: '1Gi' } },
              readinessProbe: { tcpSocket: { port: 'mq' } },
              securityContext: noEscalation,
              volumeMounts: [{ name: 'data', mountPath: '/var/mqm' }],
            },
          ],
        },
      },
    })
  })

  it('becomes the printed governing Service', () => {
    const { metadata, spec } = childOf('WorkloadPersistent', 'message-queue', persistent, 'Service')

    expect(metadata.name).toBe('mq')
    expect(spec).toEqual({
      clusterIP: 'None',
      selector: {
        'highlander.plexobject.io/kind': 'WorkloadPersistent',
        'highlander.plexobject.io/name': 'message-queue',
      },
      ports: [{ name: 'mq', port: 1414, targetPort: 1414, protocol: 'TCP' }],
    })
  })
})
