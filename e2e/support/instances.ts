// Every pod of a workload from the first to the last, as the API server tells of them: whether two ever ran at once, and
// the fencing tokens in the order in which their pods began to run.
import { annotation } from '#api/labels.ts'
import { itemsOf, at, textAt, type Json } from './api.ts'
import type { World } from './world.ts'
import { uidOf } from './world.ts'

export interface Instances extends AsyncDisposable {
  /** One line for each moment at which more than one container ran. */
  readonly overlaps: readonly string[]
  /** Of pods that ran; a pod without one counts as 0. */
  readonly tokens: readonly number[]
}

export function watchInstances(world: World, name: string): Instances {
  const stop = new AbortController()
  const running = new Map<string, string>()
  const overlaps: string[] = []
  const tokens = new Map<string, number>()
  const see = (type: string, pod: Json): void => {
    const uid = uidOf(pod)
    if (type === 'DELETED' || !runs(pod)) running.delete(uid)
    else running.set(uid, textAt(pod, 'metadata', 'name'))
    if (!running.has(uid)) return
    if (!tokens.has(uid)) tokens.set(uid, Number(textAt(pod, 'metadata', 'annotations', annotation.token)))
    if (running.size > 1) overlaps.push([...running].map(([id, pod]) => `${pod} (${id})`).join(' beside '))
  }
  const selector = encodeURIComponent(`highlander.plexobject.io/name=${name}`)
  const path = `/api/v1/namespaces/${world.namespace}/pods?watch=1&resourceVersion=0&labelSelector=${selector}`
  const follow = async (): Promise<void> => {
    for await (const event of world.api.watch(path, stop.signal)) see(textAt(event, 'type'), at(event, 'object'))
  }
  const ended = follow().catch((error: unknown) => {
    // A watch that broke in the middle has not seen everything.
    if (!stop.signal.aborted) overlaps.push(`the watch ended early: ${String(error)}`)
  })
  return {
    overlaps,
    get tokens() {
      return [...tokens.values()]
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
    },
  }
}

function runs(pod: Json): boolean {
  return itemsOf(pod, 'status', 'containerStatuses').some((status) => at(status, 'state', 'running') !== undefined)
}
