// The bar: a loop that sends the same two writes per workload as the operator, with the same bytes and as many at once,
// and decides nothing.
import { systemClock } from '#lib/clock.ts'
import { at, textAt, type Api, type Json } from '../support/api.ts'
import { inFlight, nameOf, namespaceOf, podPath, resourcePath } from './objects.ts'

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
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: Object.fromEntries(kept), spec: at(pod, 'spec') },
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
  const podText = JSON.stringify(templates.pod)
  const original = textAt(templates.pod, 'metadata', 'labels', 'app')
  const originalUid = textAt(templates.pod, 'metadata', 'ownerReferences', 0, 'uid')
  const originalNamespace = textAt(templates.pod, 'metadata', 'namespace')
  const startedMs = systemClock.monotonicMs()
  await inFlight(subjects.length, IN_FLIGHT, async (index) => {
    const namespace = namespaceOf(index)
    const name = nameOf(prefix, index)
    const { uid = '', resourceVersion = '' } = subjects[index] ?? {}
    const body = podText
      .replaceAll(original, name)
      .replaceAll(originalUid, uid)
      .replaceAll(`"namespace":"${originalNamespace}"`, `"namespace":"${namespace}"`)
    await api.must('POST', podPath(namespace), { body: JSON.parse(body) })
    await api.must('PATCH', `${resourcePath(namespace, name)}/status`, {
      body: { metadata: { uid, resourceVersion }, status: templates.status },
      contentType: 'application/merge-patch+json',
    })
  })
  return (subjects.length * 1000) / (systemClock.monotonicMs() - startedMs)
}
