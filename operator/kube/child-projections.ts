// Native objects → the facts of children. Total over any JSON: what is missing or of another shape is left out.
import type {
  ChildFactOf,
  ClaimFact,
  CronJobFact,
  DeploymentFact,
  JobFact,
  ServiceFact,
  StatefulSetFact,
} from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import { listAt, numberAt, objectAt, textAt } from '#lib/json.ts'
import { projectPod } from './pod-projection.ts'
import { childBaseOf, conditionOf, present, restartedAtOf, sentenceAt, timeAt, wordAt } from './projection-parts.ts'

export type ChildProjections = { readonly [K in ChildKind]: (object: unknown) => ChildFactOf<K> | undefined }

export const childProjections: ChildProjections = {
  Pod: projectPod,
  Deployment: projectDeployment,
  StatefulSet: projectStatefulSet,
  CronJob: projectCronJob,
  Job: projectJob,
  Service: projectService,
  PersistentVolumeClaim: projectClaim,
}

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

function projectDeployment(object: unknown): DeploymentFact | undefined {
  const base = childBaseOf('Deployment', object)
  if (base === undefined) return undefined
  const status = objectAt(object, 'status')
  return {
    ...base,
    ...versionsOf(object),
    replicas: numberAt(status, 'replicas') ?? 0,
    readyReplicas: numberAt(status, 'readyReplicas') ?? 0,
    updatedReplicas: numberAt(status, 'updatedReplicas') ?? 0,
    availableReplicas: numberAt(status, 'availableReplicas') ?? 0,
    ...(isRolling(object) ? { rolling: true as const } : {}),
    ...present({ problem: problemOf(object), restartedAt: restartedAtOf(templateOf(object)) }),
  }
}

function isRolling(object: unknown): boolean {
  return textAt(objectAt(objectAt(object, 'spec'), 'strategy'), 'type') === 'RollingUpdate'
}

function problemOf(object: unknown): DeploymentFact['problem'] {
  const failure = conditionOf(object, 'ReplicaFailure')
  const progressing = conditionOf(object, 'Progressing')
  const found = failure?.['status'] === 'True' ? failure : progressing?.['status'] === 'False' ? progressing : undefined
  if (found === undefined) return undefined
  return { reason: wordAt(found, 'reason') ?? '', message: sentenceAt(found, 'message') ?? '' }
}

function projectStatefulSet(object: unknown): StatefulSetFact | undefined {
  const base = childBaseOf('StatefulSet', object)
  if (base === undefined) return undefined
  const status = objectAt(object, 'status')
  return {
    ...base,
    ...versionsOf(object),
    replicas: numberAt(status, 'replicas') ?? 0,
    readyReplicas: numberAt(status, 'readyReplicas') ?? 0,
    updatedReplicas: numberAt(status, 'updatedReplicas') ?? 0,
    currentRevision: textAt(status, 'currentRevision') ?? '',
    updateRevision: textAt(status, 'updateRevision') ?? '',
    ...present({ historyLimit: numberAt(objectAt(object, 'spec'), 'revisionHistoryLimit') }),
    claimTemplates: JSON.stringify(listAt(objectAt(object, 'spec'), 'volumeClaimTemplates')),
    ...present({ restartedAt: restartedAtOf(templateOf(object)) }),
  }
}

function projectCronJob(object: unknown): CronJobFact | undefined {
  const base = childBaseOf('CronJob', object)
  if (base === undefined) return undefined
  const [spec, status] = [objectAt(object, 'spec'), objectAt(object, 'status')]
  return {
    ...base,
    suspended: spec['suspend'] === true,
    schedule: textAt(spec, 'schedule') ?? '',
    activeJobs: listAt(status, 'active').flatMap((job) => textAt(job, 'name') ?? []),
    ...present({
      timeZone: textAt(spec, 'timeZone'),
      lastScheduleTime: textAt(status, 'lastScheduleTime'),
      lastSuccessfulTime: textAt(status, 'lastSuccessfulTime'),
    }),
  }
}

function projectJob(object: unknown): JobFact | undefined {
  const base = childBaseOf('Job', object)
  if (base === undefined) return undefined
  const status = objectAt(object, 'status')
  const complete = conditionOf(object, 'Complete')
  const failed = conditionOf(object, 'Failed')
  const isComplete = complete?.['status'] === 'True'
  const isFailed = failed?.['status'] === 'True'
  const final = isComplete ? complete : isFailed ? failed : undefined
  return {
    ...base,
    result: isComplete ? 'Succeeded' : isFailed ? 'Failed' : 'Running',
    ...present({
      startedAtMs: timeAt(status, 'startTime'),
      // A failed Job has no completionTime.
      finishedAtMs: timeAt(status, 'completionTime') ?? timeAt(final, 'lastTransitionTime'),
      scheduledAtMs: timeAt(objectAt(objectAt(object, 'metadata'), 'annotations'), SCHEDULED_AT),
      message: sentenceAt(final, 'message'),
    }),
  }
}

function projectService(object: unknown): ServiceFact | undefined {
  const base = childBaseOf('Service', object)
  if (base === undefined) return undefined
  const spec = objectAt(object, 'spec')
  return {
    ...base,
    clusterIp: textAt(spec, 'clusterIP') ?? '',
    type: wordAt(spec, 'type') ?? 'ClusterIP',
    ...present({ loadBalancerClass: wordAt(spec, 'loadBalancerClass') }),
  }
}

function projectClaim(object: unknown): ClaimFact | undefined {
  const base = childBaseOf('PersistentVolumeClaim', object)
  if (base === undefined) return undefined
  const status = objectAt(object, 'status')
  const requests = objectAt(objectAt(objectAt(object, 'spec'), 'resources'), 'requests')
  const sizes = { capacity: wordAt(objectAt(status, 'capacity'), 'storage'), requested: wordAt(requests, 'storage') }
  return { ...base, phase: wordAt(status, 'phase') ?? 'Pending', ...present(sizes), ...resizeOf(object) }
}

function resizeOf(object: unknown): Pick<ClaimFact, 'resizeProblem'> {
  const failed = ['ControllerResizeError', 'NodeResizeError'].map((type) => conditionOf(object, type))
  const found = failed.find((condition) => condition?.['status'] === 'True')
  return found === undefined ? {} : { resizeProblem: sentenceAt(found, 'message') ?? '' }
}

function templateOf(object: unknown): unknown {
  return objectAt(objectAt(object, 'spec'), 'template')
}

function versionsOf(object: unknown): { readonly generation: number; readonly observedGeneration: number } {
  return {
    generation: numberAt(objectAt(object, 'metadata'), 'generation') ?? 0,
    observedGeneration: numberAt(objectAt(object, 'status'), 'observedGeneration') ?? 0,
  }
}
