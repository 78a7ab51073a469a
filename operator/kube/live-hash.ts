// Fingerprint of what the operator has written into an object, as the server has it now: it changes when somebody
// takes away or overwrites what is ours, and stays when others add or change what is theirs.
//
// The server itself keeps the books: metadata.managedFields lists, for field manager `highlander`, the fields whose
// last word was ours. Whoever changes or removes one of them, by whatever verb, takes it out of that list; labels,
// annotations and spec fields of others never enter it; neither do defaults and what controllers allocate (clusterIP,
// volumeName, nodeName, tolerations). So the list is the fingerprint, and no table of foreign fields per kind has to be
// kept right. The values need no reading: whoever else writes under our name is another Highlander, which stamps
// `applied`. Our own stamps (epoch, tenant, replica) are fields with changing values; they change no list.
//
// It does not see a change made by an apply that claims to be field manager `highlander` and lists the same fields.
import { annotation, fieldManager, label } from '#api/labels.ts'
import { hash16 } from '#lib/hash.ts'
import type { JsonObject } from '#lib/json.ts'
import { isObject, listAt, objectAt, textAt } from '#lib/json.ts'

/** `also`: further parts that count whoever wrote them. */
export function liveHashOf(metadata: JsonObject, also?: unknown): string {
  const entries = ourEntries(metadata)
  const owned = entries.map((entry) => [entry['operation'], entry['fieldsV1']])
  const labels = valuesOf(objectAt(metadata, 'labels'), [...IDENTIFYING, ...keysIn(entries, 'labels')])
  const annotations = valuesOf(objectAt(metadata, 'annotations'), keysIn(entries, 'annotations'))
  return hash16(JSON.stringify([owned, labels, annotations, also]))
}

/** Labels by which objects are found and told apart; also watched on objects that we have adopted and not written. */
const IDENTIFYING: readonly string[] = [label.app, label.managedBy, label.kind, label.name]

/** Their values change with each term or with each write: only that they are there counts. */
const PASSING: ReadonlySet<string> = new Set([
  label.tenant,
  label.clusterName,
  label.controllerId,
  annotation.epoch,
  annotation.token,
  annotation.applied,
])

function valuesOf(texts: JsonObject, keys: readonly string[]): readonly unknown[] {
  return keys.flatMap((key) => (PASSING.has(key) ? [] : [texts[key]]))
}

/** The keys of the labels or annotations whose last word was ours. */
export function ownedKeys(object: unknown, part: MetadataPart): readonly string[] {
  return keysIn(ourEntries(objectAt(object, 'metadata')), part)
}

type MetadataPart = 'labels' | 'annotations'

function keysIn(entries: readonly JsonObject[], part: MetadataPart): readonly string[] {
  return entries.flatMap((entry) => {
    const fields = objectAt(objectAt(objectAt(entry, 'fieldsV1'), 'f:metadata'), `f:${part}`)
    return Object.keys(fields).flatMap((field) => (field.startsWith('f:') ? [field.slice(2)] : []))
  })
}

function ourEntries(metadata: JsonObject): readonly JsonObject[] {
  return listAt(metadata, 'managedFields')
    .filter(isObject)
    .filter((entry) => textAt(entry, 'manager') === fieldManager.children && entry['subresource'] === undefined)
}
