// The `details` of one workload, per kind, under the names of the Go version. PURE.
import type { ChildFact, CrFact, PodFact } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import { keyOf } from '#api/key.ts'
import type { Stores } from '#api/ports.ts'
import { fieldsOf, storedOf, textOf } from '#api/view.ts'
import { formatTime } from '#lib/time.ts'

export function detailsOf(cr: CrFact, stores: Stores): object {
  const pod = currentPod(cr, stores)
  return { ...podDetails(pod), ...kindDetails(cr, stores, pod) }
}

/** The pod of `status.instance`, else the newest. */
function currentPod(cr: CrFact, stores: Stores): PodFact | undefined {
  const pods = stores.children.Pod.by('owner', keyOf(cr.kind, cr.namespace, cr.name))
  const uid = textOf(fieldsOf(storedOf(cr).status['instance'])['podUID'])
  return pods.find((pod) => pod.uid === uid) ?? pods.toSorted((a, b) => b.createdAtMs - a.createdAtMs)[0]
}

function podDetails(pod: PodFact | undefined): object {
  if (pod === undefined) return {}
  return {
    podName: pod.name,
    podPhase: pod.phase,
    podIP: pod.podIp ?? '',
    hostIP: pod.hostIp ?? '',
    node: pod.node ?? '',
    restarts: pod.main?.restartCount ?? 0,
  }
}

function kindDetails(cr: CrFact, stores: Stores, pod: PodFact | undefined): object {
  switch (cr.kind) {
    case 'WorkloadProcess':
      return processDetails(pod)
    case 'WorkloadCronJob':
      return cronJobDetails(cr, stores)
    case 'WorkloadService':
      return serviceDetails(cr, stores)
    case 'WorkloadPersistent':
      return persistentDetails(cr, stores)
    default:
      return cr.kind satisfies never
  }
}

function processDetails(pod: PodFact | undefined): object {
  const { startedAtMs, finishedAtMs } = pod?.main ?? {}
  return {
    ...(startedAtMs === undefined ? {} : { startedAt: formatTime(startedAtMs) }),
    ...(finishedAtMs === undefined ? {} : { stoppedAt: formatTime(finishedAtMs) }),
  }
}

function cronJobDetails(cr: CrFact, stores: Stores): object {
  const { spec, status } = storedOf(cr)
  const child = childOf('CronJob', cr, stores)
  const activeJobNames = child?.activeJobs ?? []
  return {
    suspend: spec['suspend'] === true,
    schedule: textOf(spec['schedule']),
    lastScheduleTime: child?.lastScheduleTime ?? (textOf(status['lastScheduleTime']) || null),
    activeJobs: activeJobNames.length,
    activeJobNames,
  }
}

function serviceDetails(cr: CrFact, stores: Stores): object {
  const { replicas, availableReplicas, readyReplicas, updatedReplicas } = childOf('Deployment', cr, stores) ?? {}
  return counts({ replicas, availableReplicas, readyReplicas, updatedReplicas })
}

function persistentDetails(cr: CrFact, stores: Stores): object {
  const child = childOf('StatefulSet', cr, stores)
  if (child === undefined) return counts({ replicas: 0, readyReplicas: 0, currentReplicas: 0, updatedReplicas: 0 })
  const { replicas, readyReplicas, updatedReplicas } = child
  const isRolling = child.currentRevision !== child.updateRevision
  return {
    replicas,
    readyReplicas,
    currentReplicas: isRolling ? replicas - updatedReplicas : replicas,
    updatedReplicas,
  }
}

function counts(of: Readonly<Record<string, number | undefined>>): object {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, value ?? 0]))
}

/** The child that carries the workload's name. */
function childOf<K extends ChildKind>(
  kind: K,
  cr: CrFact,
  stores: Stores,
): Extract<ChildFact, { kind: K }> | undefined {
  return stores.children[kind].get(cr.namespace, cr.name)
}
