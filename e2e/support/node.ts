// Nodes of a story's own. One that is served is simulated like sim-0. Nobody serves a quiet one: the story is its
// kubelet, so it can let the node fall silent with a pod on it, as a cut network cable does, and answer again.
import { systemClock } from '#lib/clock.ts'
import { formatTime } from '#lib/time.ts'
import { SIMULATED_LABEL } from '../cluster/simulation.ts'
import type { Json } from './api.ts'
import { itemsOf, textAt } from './api.ts'
import type { World } from './world.ts'

export interface QuietNode extends AsyncDisposable {
  readonly name: string
  /** What its kubelet does for a pod that was scheduled here: it runs and is ready. */
  run(pod: string): Promise<void>
  /** Nothing else is scheduled here from now on. */
  cordon(): Promise<void>
  /** The kubelet has ended the pod and says so by taking its object away. */
  end(pod: Json): Promise<void>
  /** The node controller's verdict on a node that does not answer any more. */
  fallSilent(): Promise<void>
  answer(): Promise<void>
  /** As a cloud provider does when the machine is gone. */
  remove(): Promise<void>
}

const ROOM = { cpu: '1k', memory: '1Ti', pods: '1k' }
const HOSTNAME = 'kubernetes.io/hostname'

export async function openQuietNode(world: World, name: string, labels: object): Promise<QuietNode> {
  await createNode(world, name, labels)
  const setReady = async (status: 'True' | 'Unknown'): Promise<void> => {
    const time = formatTime(systemClock.now())
    const reason = status === 'True' ? 'KubeletReady' : 'NodeStatusUnknown'
    const ready = { type: 'Ready', status, reason, message: '', lastHeartbeatTime: time, lastTransitionTime: time }
    await patchStatus(world, `/api/v1/nodes/${name}`, { conditions: [ready] })
  }
  const podsPath = `/api/v1/namespaces/${world.namespace}/pods`
  const remove = async (): Promise<void> => {
    await world.api.request('DELETE', `/api/v1/nodes/${name}`)
  }
  await setReady('True')
  return {
    name,
    run: async (pod) => {
      const startedAt = formatTime(systemClock.now())
      const container = { name: 'main', image: 'busybox:1', imageID: '', restartCount: 0, ready: true, started: true }
      const conditions = ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' }))
      await patchStatus(world, `${podsPath}/${pod}`, {
        phase: 'Running',
        startTime: startedAt,
        conditions,
        containerStatuses: [{ ...container, state: { running: { startedAt } } }],
      })
    },
    cordon: async () => {
      const contentType = 'application/merge-patch+json'
      await world.api.must('PATCH', `/api/v1/nodes/${name}`, { body: { spec: { unschedulable: true } }, contentType })
    },
    end: async (pod) => {
      const path = `${podsPath}/${textAt(pod, 'metadata', 'name')}`
      const body = { gracePeriodSeconds: 0, preconditions: { uid: textAt(pod, 'metadata', 'uid') } }
      await world.api.must('DELETE', path, { body })
    },
    fallSilent: async () => {
      await setReady('Unknown')
      // The node controller does this at the moment in which it finds out, and here somebody else told it.
      const pods = await world.api.must('GET', `${podsPath}?fieldSelector=spec.nodeName=${name}`)
      for (const pod of itemsOf(pods, 'items'))
        await patchStatus(world, `${podsPath}/${textAt(pod, 'metadata', 'name')}`, {
          conditions: [{ type: 'Ready', status: 'False' }],
        })
    },
    answer: () => setReady('True'),
    remove,
    [Symbol.asyncDispose]: remove,
  }
}

/** Simulated from now on. Whoever opens it lets it go. */
export async function openServedNode(world: World, name: string, labels: object): Promise<AsyncDisposable> {
  await createNode(world, name, { ...labels, ...SIMULATED_LABEL })
  return {
    [Symbol.asyncDispose]: async () => {
      await world.api.request('DELETE', `/api/v1/nodes/${name}`)
    },
  }
}

async function createNode(world: World, name: string, labels: object): Promise<void> {
  await world.api.must('POST', '/api/v1/nodes', {
    body: {
      metadata: { name, labels: { [HOSTNAME]: name, 'kubernetes.io/os': 'linux', ...labels } },
      status: { allocatable: ROOM, capacity: ROOM },
    },
  })
}

async function patchStatus(world: World, path: string, status: object): Promise<void> {
  const contentType = 'application/strategic-merge-patch+json'
  await world.api.must('PATCH', `${path}/status`, { body: { status }, contentType })
}
