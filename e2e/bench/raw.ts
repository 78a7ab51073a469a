// The bar: a loop that sends the same two writes per workload as the operator, with the same bytes and as many at once,
// and decides nothing.
import { systemClock } from '#lib/clock.ts'
import { at, textAt, type Api, type Json } from '../support/api.ts'
import { CR_PATH, inFlight, nameOf, namespaceOf, podPath, resourcePath } from './objects.ts'

/** Taken from what the operator made of one resource, so that the bytes are the same. */
export interface Templates {
  readonly pod: Json
  readonly status: Json
}

const IN_FLIGHT = 16
const SERVER_FIELDS = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'managedFields',
  'selfLink',
])

export async function templatesFrom(api: Api, namespace: string, name: string): Promise<Templates> {
  const pod = await api.must('GET', podPath(namespace, `${name}-pod`))
  const resource = await api.must('GET', resourcePath(namespace, name))
  const kept = Object.entries(Object(at(pod, 'metadata'))).filter(([key]) => !SERVER_FIELDS.has(key))
  return {
    // Where there is a scheduler, the pattern has a node by now.
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: Object.fromEntries(kept),
      spec: { ...Object(at(pod, 'spec')), nodeName: undefined },
    },
    status: at(resource, 'status'),
  }
}

export interface Subject {
  readonly uid: string
  readonly resourceVersion: string
}

/** Workloads per second. `subjects`: the resources, already there, by index. */
export async function rawLoop(
  api: Api,
  prefix: string,
  templates: Templates,
  subjects: readonly Subject[],
): Promise<number> {
  const write = rawWrites(api, templates)
  const startedMs = systemClock.monotonicMs()
  await inFlight(subjects.length, IN_FLIGHT, async (index) => {
    await write(namespaceOf(index), nameOf(prefix, index), subjects[index] ?? { uid: '', resourceVersion: '' })
  })
  return (subjects.length * 1000) / (systemClock.monotonicMs() - startedMs)
}

/** Answers each new resource with the two writes as soon as a watch shows it, until the signal fires. */
export async function rawReactor(api: Api, templates: Templates, signal: AbortSignal): Promise<void> {
  const write = rawWrites(api, templates)
  const pending: Promise<void>[] = []
  for await (const event of api.watch(`${CR_PATH}/workloadprocesses?watch=1&resourceVersion=0`, signal)) {
    const metadata = at(event, 'object', 'metadata')
    if (textAt(event, 'type') !== 'ADDED' || at(event, 'object', 'status', 'observedGeneration') === 1) continue
    const subject = { uid: textAt(metadata, 'uid'), resourceVersion: textAt(metadata, 'resourceVersion') }
    pending.push(write(textAt(metadata, 'namespace'), textAt(metadata, 'name'), subject))
  }
  await Promise.all(pending)
}

function rawWrites(api: Api, templates: Templates) {
  const podText = JSON.stringify(templates.pod)
  const original = textAt(templates.pod, 'metadata', 'labels', 'app')
  const originalUid = textAt(templates.pod, 'metadata', 'ownerReferences', 0, 'uid')
  const originalNamespace = textAt(templates.pod, 'metadata', 'namespace')
  return async (namespace: string, name: string, { uid, resourceVersion }: Subject): Promise<void> => {
    const body = podText
      .replaceAll(original, name)
      .replaceAll(originalUid, uid)
      .replaceAll(`"namespace":"${originalNamespace}"`, `"namespace":"${namespace}"`)
    await api.must('POST', podPath(namespace), { body: JSON.parse(body) })
    await api.must('PATCH', `${resourcePath(namespace, name)}/status`, {
      body: { metadata: { uid, resourceVersion }, status: templates.status },
      contentType: 'application/merge-patch+json',
    })
  }
}
