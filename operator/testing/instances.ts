// The one instance of a workload of each kind, running or in trouble, as the stores show it.
import type { ContainerFact, PodFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { given, NAME } from './given.ts'
import type { Found } from './seen.ts'

const deployment = given.deployment()
const set = given.statefulSet()
const job = given.job()
export const silent = { nodes: new Map([['n1', given.node({ ready: false })]]) }

export const podNames: Readonly<Record<KindName, string>> = {
  WorkloadProcess: 'report-pod',
  WorkloadService: 'a',
  WorkloadPersistent: 'report-0',
  WorkloadCronJob: 'run',
}

const controllers: Readonly<Record<KindName, PodFact['controller'] & object>> = {
  WorkloadProcess: { kind: 'WorkloadProcess', name: NAME, uid: `uid-${NAME}` },
  WorkloadService: { kind: 'ReplicaSet', name: `${NAME}-7c9d`, uid: 'uid-rs' },
  WorkloadPersistent: { kind: 'StatefulSet', name: NAME, uid: set.uid },
  WorkloadCronJob: { kind: 'Job', name: job.name, uid: job.uid },
}

export const around: Readonly<Record<KindName, Pick<Found, 'facts' | 'stored'>>> = {
  WorkloadProcess: {},
  WorkloadService: { facts: [deployment], stored: { grant: { pod: 'a', uid: 'uid-instance', epoch: 1, token: 1 } } },
  WorkloadPersistent: { facts: [set] },
  WorkloadCronJob: { facts: [given.cronJob(), job] },
}

/** The one instance of a workload of this kind, in trouble or not. */
export function instance(kind: KindName, over: Partial<PodFact>, more: Found = {}): Found {
  const pod = given.pod({
    name: podNames[kind],
    uid: 'uid-instance',
    labels: { ...given.labels(kind), 'pod-template-hash': '7c9d', 'controller-revision-hash': 'report-1' },
    controller: controllers[kind],
    ...over,
  })
  const { node, ...unplaced } = pod
  const { facts = [], stored } = around[kind]
  return { ...more, facts: [...facts, node === '' ? unplaced : pod], stored: { ...stored, ...more.stored } }
}

export function waiting(reason: string, message?: string): Partial<PodFact> {
  const main: Partial<ContainerFact> = {
    state: 'waiting',
    ready: false,
    reason,
    ...(message === undefined ? {} : { message }),
  }
  return { phase: 'Pending', ready: false, anyRunning: false, main: given.container(main) }
}

/** Without a node. */
export const unbound: Partial<PodFact> = { phase: 'Pending', ready: false, anyRunning: false, node: '' }
export const looping = {
  ready: false,
  anyRunning: false,
  main: given.container({
    state: 'waiting',
    reason: 'CrashLoopBackOff',
    ready: false,
    lastExitCode: 137,
    lastReason: 'OOMKilled',
    restartCount: 4,
  }),
}
export const was = (reason: string) => ({
  instance: { pod: 'x', podUID: 'uid-instance' },
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason,
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    },
  ],
})
