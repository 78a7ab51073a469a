// What the operator reports. It writes only what it knows; the three defaults are what a resource shows
// before the first look.
import type { Fields, ObjectSchema, Schema } from '../model.ts'
import { bigCount, choice, count, flag, keyedList, list, object, text, time } from './words.ts'

const name = (description: string): Schema => text(description, { maxLength: 253 })
const uid = (description: string): Schema => text(description, { maxLength: 64 })

const condition = object(
  'One condition.',
  {
    type: text('Type of the condition.', { minLength: 1, maxLength: 316, example: 'Ready' }),
    status: choice('Whether the condition holds.', ['True', 'False', 'Unknown']),
    reason: text('Why, as one word for programs.', { minLength: 1, maxLength: 1024, example: 'Running' }),
    message: text('Why, as a sentence for people, with the next step.', { maxLength: 32_768 }),
    lastTransitionTime: time('When `status` last changed.'),
    observedGeneration: bigCount('Generation of the spec that the condition was computed from.'),
  },
  { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'], title: 'Condition' },
)

const instance = object(
  'The pod that runs now, or the one that ran last.',
  {
    pod: name('Name of the pod.'),
    podUID: uid('UID of the pod.'),
    node: name('Node of the pod; absent until it has one.'),
    startedAt: time('When the main container started.'),
    restarts: count('Restarts of the main container in this pod.'),
    image: text('Image that was asked for.', { maxLength: 1024 }),
    imageID: text('Image that runs, with its digest.', { maxLength: 1024 }),
    exitCode: count('Exit code of the last end of the main container.'),
    lastTerminationReason: text('Reason of that end.', { maxLength: 256, example: 'OOMKilled' }),
  },
  { required: ['pod', 'podUID'], title: 'Instance' },
)

const leader = object(
  'The operator that last changed this status.',
  {
    holder: name('Identity of the operator replica.'),
    cluster: name('Name of its cluster.'),
    tenant: name('Tenant it works for; absent when the tenant has let go of the workload.'),
    term: bigCount('Number of its term, also called epoch; it grows with each term.'),
    since: time('When its term began.'),
  },
  { required: ['holder', 'cluster', 'term'], title: 'Leader' },
)

const resource = object(
  'One object.',
  {
    apiVersion: name('API version of the object.'),
    kind: text('Kind of the object.', { maxLength: 63 }),
    name: name('Name of the object.'),
    ready: flag('Whether the object is as it should be.'),
  },
  { required: ['apiVersion', 'kind', 'name', 'ready'], title: 'ResourceRef' },
)

const head: Fields = {
  observedGeneration: bigCount('Generation of the spec that this status describes; -1 before the first look.', {
    default: -1,
  }),
  active: flag('The one instance exists; of a CronJob: its schedule is in force.', { default: false }),
  healthy: flag('What exists is as it should be; of a CronJob: its last finished run succeeded.', { default: false }),
  conditions: keyedList('What is known about the workload, one entry per type.', 'type', condition, { maxItems: 16 }),
  instance,
  leader,
  resources: list('Objects made for this workload.', resource, { maxItems: 16 }),
  lastHandledConfirmDead: uid('The last value of the annotation `confirm-dead` that was answered.'),
}

const endReason = choice('Why it ended, or is about to.', [
  'Completed',
  'Failed',
  'SpecChanged',
  'Restarted',
  'Deleted',
  'Evicted',
  'Preempted',
  'Suspended',
  'Moved',
  'NodeLost',
  'ObjectGone',
  'ConfirmedDead',
  'Forced',
])

const tenure = object(
  'One instance.',
  {
    pod: name('Name of the pod.'),
    podUID: uid('UID of the pod.'),
    node: name('Node of the pod; absent when it had none.'),
    cluster: name('Name of the cluster.'),
    term: bigCount('Term of the operator that let it start.'),
    from: time('When its main container first started, as the kubelet said.'),
    to: time('When it ended, as the kubelet said, else when the end was noticed.'),
    endReason,
  },
  { required: ['pod', 'podUID', 'cluster'], title: 'Tenure' },
)

const failover = object(
  'The last move of the instance that nobody asked for. Until the new instance has started there is no `to`.',
  {
    at: time('When the new instance started.'),
    from: text('Pod and node of the old instance.', { maxLength: 512, example: 'report-pod@worker-1' }),
    to: text('Pod and node of the new instance.', { maxLength: 512, example: 'report-pod@worker-2' }),
    reason: { ...endReason, description: 'Why the old instance ended.' },
    detection: text('Time from the end of the old instance, as the kubelet said, until it was noticed.', {
      maxLength: 32,
      example: '250ms',
    }),
    takeover: text('Time from the end of the old instance to the start of the new one.', {
      maxLength: 32,
      example: '4s',
    }),
  },
  { required: ['from', 'reason'], title: 'Failover' },
)

/** Of the kinds that have one instance at a time. */
export const restartStatus: Fields = {
  lastHandledRestartAt: name('The last value of the annotation `restart-requested-at` that was handled.'),
  history: list('The last instances, newest first; of workloads in mode Strict.', tenure, { maxItems: 10 }),
  lastFailover: failover,
}

/** Values in use, given or default, that every kind has. */
const commonEffective: Fields = {
  imagePullPolicy: text('Value in use for `imagePullPolicy`.', { maxLength: 63 }),
  terminationGracePeriodSeconds: bigCount('Grace period in use, in seconds.'),
  automountServiceAccountToken: flag('Value in use for `automountServiceAccountToken`.'),
  securityProfile: text('Value in use for `securityProfile`.', { maxLength: 63 }),
  exclusivityMode: text('Value in use for `exclusivity.mode`.', { maxLength: 63 }),
  nodeUnreachable: text('Value in use for `exclusivity.nodeUnreachable`.', { maxLength: 63 }),
  forceAfter: text('Value in use for `exclusivity.forceAfter`.', { maxLength: 32 }),
}

/** A text in `effective` that shows the field of the same name. */
export const inUse = (field: string): Schema => text(`Value in use for \`${field}\`.`, { maxLength: 64 })

export function statusOf(fields: Fields, effective: Fields): ObjectSchema {
  return object(
    'What the operator sees. Written by the operator alone, and only when something changed.',
    {
      ...head,
      ...fields,
      effective: object('Values in use, given or default.', { ...commonEffective, ...effective }),
    },
    { default: { observedGeneration: -1, active: false, healthy: false } },
  )
}

export const address: Fields = {
  address: text('Host name and port of the Service in front of the instance.', {
    maxLength: 512,
    example: 'admin-api.default.svc:80',
  }),
}

/** What the subresource `scale` reads. */
export const scaleStatus: Fields = {
  replicas: count('Pods that exist.'),
  readyReplicas: count('Pods that are ready.'),
  selector: text('Label selector of the pods.', { maxLength: 1024 }),
  ...address,
}

export const completion: Schema = object(
  'Set when the process ended by itself with code 0; it then does not run again.',
  {
    at: time('When it ended.'),
    applied: uid('Hash of the pod that ran.'),
  },
  { required: ['at', 'applied'], title: 'Completion' },
)

export const grant: Schema = object(
  'The pod that may run. Written before its scheduling gate is opened.',
  {
    pod: name('Name of the pod.'),
    uid: uid('UID of the pod.'),
    epoch: bigCount('Term in which the grant was given.'),
    token: bigCount('Fencing token of the instance; it grows with every instance.'),
  },
  { required: ['pod', 'uid', 'epoch', 'token'], title: 'Grant' },
)

export const runs: Schema = list(
  'The last runs, newest first.',
  object(
    'One run.',
    {
      job: name('Name of the Job.'),
      trigger: choice('What started the run.', ['Schedule', 'Manual']),
      scheduledAt: time('When the run was due.'),
      startedAt: time('When the run started.'),
      finishedAt: time('When the run ended.'),
      result: choice('How the run ended, if it has.', ['Running', 'Succeeded', 'Failed']),
      message: text('Why the run failed.', { maxLength: 1024 }),
    },
    { required: ['job', 'trigger', 'result'], title: 'Run' },
  ),
  { maxItems: 10 },
)

export const volumeStatus: Schema = list(
  'The claims of the instance.',
  object(
    'One claim.',
    {
      name: text('Name of the entry in `persistentVolumes`.', { maxLength: 63 }),
      claim: name('Name of the claim.'),
      phase: text('Phase of the claim.', { maxLength: 63, example: 'Bound' }),
      capacity: text('Size that the claim has.', { maxLength: 32, example: '10Gi' }),
      requested: text('Size that was asked for.', { maxLength: 32, example: '10Gi' }),
    },
    { required: ['name', 'claim'], title: 'VolumeStatus' },
  ),
  { maxItems: 64 },
)
