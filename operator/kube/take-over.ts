// What must be changed in an object before it can be applied: server-side apply adds to fields of others and cannot
// take away what they wrote.
// An object that was never ours (of the Go version): the spec that others wrote becomes ours in the server's books, so
// that the apply removes what is not wished: a second container, labels of the template, old annotations. Controllers
// of Kubernetes and subresources keep what is theirs, so does everybody else's metadata.
// A Deployment that rolls: `strategy.rollingUpdate` is forbidden beside Recreate, whoever wrote it.
import type { ChildFact } from '#api/facts.ts'
import { fieldManager } from '#api/labels.ts'
import type { JsonObject } from '#lib/json.ts'
import { isObject, listAt, objectAt, textAt } from '#lib/json.ts'

/** It has never borne our stamp. Pods and claims are patched, not applied. */
export function isForeignForm(over: ChildFact): boolean {
  return over.applied === '' && over.kind !== 'Pod' && over.kind !== 'PersistentVolumeClaim'
}

/** An apply would be refused. */
export function isRolling(over: ChildFact): boolean {
  return over.kind === 'Deployment' && over.rolling === true
}

const RECREATE = { strategy: { type: 'Recreate', rollingUpdate: null } }

/** The merge patch, without the version it is bound to. */
export function takeOverPatch(over: ChildFact, managedFields: readonly unknown[] | undefined) {
  return {
    ...(managedFields === undefined ? {} : { metadata: { managedFields } }),
    ...(isRolling(over) ? { spec: RECREATE } : {}),
  }
}

/** The books as they should be; undefined when nothing in them is to be taken over. */
export function takenOver(object: unknown): readonly unknown[] | undefined {
  const entries = listAt(objectAt(object, 'metadata'), 'managedFields').filter(isObject)
  const [first] = entries.filter(isTakeable)
  if (first === undefined) return undefined
  const isOurs = (entry: JsonObject) => isTakeable(entry) || isApplied(entry)
  const taken = entries.filter(isOurs).map((entry) => (isApplied(entry) ? fieldsOf(entry) : split(entry).taken))
  const left = entries
    .filter((entry) => !isApplied(entry))
    .flatMap((entry) => (isTakeable(entry) ? rest(entry) : [entry]))
  const ours = {
    manager: fieldManager.children,
    operation: 'Apply',
    apiVersion: first['apiVersion'],
    fieldsType: 'FieldsV1',
    fieldsV1: taken.reduce<JsonObject>(union, {}),
  }
  return [ours, ...left]
}

const controllers: ReadonlySet<string | undefined> = new Set(['kube-controller-manager', 'kube-scheduler', 'kubelet'])

function isTakeable(entry: JsonObject): boolean {
  const isPlain = entry['operation'] === 'Update' && entry['subresource'] === undefined
  return isPlain && !controllers.has(textAt(entry, 'manager'))
}

function isApplied(entry: JsonObject): boolean {
  return textAt(entry, 'manager') === fieldManager.children && entry['operation'] === 'Apply'
}

function fieldsOf(entry: JsonObject): JsonObject {
  return objectAt(entry, 'fieldsV1')
}

function rest(entry: JsonObject): readonly JsonObject[] {
  const { left } = split(entry)
  return Object.keys(left).length === 0 ? [] : [{ ...entry, fieldsV1: left }]
}

interface Split {
  readonly taken: JsonObject
  readonly left: JsonObject
}

/** The spec, and labels and annotations that only the Go version uses. */
function split(entry: JsonObject): Split {
  const { 'f:spec': spec, 'f:metadata': metadata, ...others } = fieldsOf(entry)
  const old = splitMetadata(isObject(metadata) ? metadata : {})
  return {
    taken: { ...(isObject(spec) ? { 'f:spec': spec } : {}), ...named('f:metadata', old.taken) },
    left: { ...others, ...named('f:metadata', old.left) },
  }
}

function splitMetadata(metadata: JsonObject): Split {
  const { 'f:labels': labels, 'f:annotations': annotations, ...others } = metadata
  const [oldLabels, oldAnnotations] = [splitKeys(labels), splitKeys(annotations)]
  return {
    taken: { ...named('f:labels', oldLabels.taken), ...named('f:annotations', oldAnnotations.taken) },
    left: { ...others, ...named('f:labels', oldLabels.left), ...named('f:annotations', oldAnnotations.left) },
  }
}

const OLD_KEY = /^f:(is-leader$|k8-highlander(\.io)?\/)/

function splitKeys(map: unknown): Split {
  const entries = Object.entries(isObject(map) ? map : {})
  return {
    taken: Object.fromEntries(entries.filter(([key]) => OLD_KEY.test(key))),
    left: Object.fromEntries(entries.filter(([key]) => !OLD_KEY.test(key))),
  }
}

function named(name: string, fields: JsonObject): JsonObject {
  return Object.keys(fields).length === 0 ? {} : { [name]: fields }
}

function union(one: JsonObject, other: JsonObject): JsonObject {
  const merged = Object.entries(other).map(([key, value]) => {
    const before = one[key]
    return [key, isObject(before) && isObject(value) ? union(before, value) : value]
  })
  return { ...one, ...Object.fromEntries(merged) }
}
