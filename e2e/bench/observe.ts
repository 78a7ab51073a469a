// The clock of the benchmark: its own watches on resources and pods, with the time at which each thing was first seen.
// The operator's log is never asked.
import { systemClock } from '#lib/clock.ts'
import { isAbort } from '#lib/errors.ts'
import { at, textAt, type Api, type Json } from '../support/api.ts'
import { CR_PATH } from './objects.ts'

export interface Observer extends AsyncDisposable {
  /** namespace/name → ms (monotonic) at which the native object was first seen. */
  readonly objects: ReadonlyMap<string, number>
  /** namespace/name of the resource → ms at which its first status was seen. */
  readonly statuses: ReadonlyMap<string, number>
  /** Resolves when `count` statuses were seen. */
  until(what: 'objects' | 'statuses', count: number, limitMs: number): Promise<void>
  forget(): void
}

export interface Watched {
  /** Path of the native objects, cluster-wide. */
  readonly objects: string
  /** Name of the native object → name of its workload. */
  readonly ownerOf: (name: string) => string
}

export function observe(api: Api, watched: Watched): Observer {
  const stop = new AbortController()
  const objects = new Map<string, number>()
  const statuses = new Map<string, number>()
  const follow = async (path: string, see: (object: Json) => void): Promise<void> => {
    while (!stop.signal.aborted) {
      const events = api.watch(`${path}?watch=1&resourceVersion=0`, stop.signal)
      await seeAll(events, see).catch((error: unknown) => {
        if (!stop.signal.aborted && !isAbort(error)) throw error
      })
    }
  }
  const note = (map: Map<string, number>, object: Json, name: string): void => {
    const key = `${textAt(object, 'metadata', 'namespace')}/${name}`
    if (!map.has(key)) map.set(key, systemClock.monotonicMs())
  }
  const ended = Promise.all([
    follow(watched.objects, (object) => note(objects, object, watched.ownerOf(textAt(object, 'metadata', 'name')))),
    follow(`${CR_PATH}/workloadprocesses`, (object) => {
      if (at(object, 'status', 'observedGeneration') === 1) note(statuses, object, textAt(object, 'metadata', 'name'))
    }),
  ])
  return {
    objects,
    statuses,
    until: async (what, count, limitMs) => {
      const map = what === 'objects' ? objects : statuses
      const deadline = systemClock.monotonicMs() + limitMs
      while (map.size < count) {
        if (systemClock.monotonicMs() > deadline)
          throw new Error(`saw ${map.size} of ${count} ${what} in ${limitMs / 1000} s`)
        await systemClock.sleep(5, stop.signal)
      }
    },
    forget: () => {
      objects.clear()
      statuses.clear()
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
    },
  }
}

async function seeAll(events: AsyncIterable<Json>, see: (object: Json) => void): Promise<void> {
  for await (const event of events) if (textAt(event, 'type') !== 'DELETED') see(at(event, 'object'))
}
