// What the projections of all kinds share: metadata, labels, conditions, and strings kept once.
import type { ChildFact, ControllerRef } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import type { Key } from '#api/key.ts'
import { isKindName } from '#api/key.ts'
import { annotation, label } from '#api/labels.ts'
import { parseTime } from '#lib/time.ts'
import type { JsonObject } from '#lib/json.ts'
import { isObject, listAt, objectAt, textAt } from '#lib/json.ts'
import { liveHashOf } from './live-hash.ts'

/** What every child fact starts with; `liveHash` covers `also` beside what is ours. Undefined: not an object of the API. */
export function childBaseOf<K extends ChildKind>(kind: K, object: unknown, also?: unknown) {
  const metadata = objectAt(object, 'metadata')
  const identity = identityOf(metadata)
  if (identity === undefined) return undefined
  const annotations = objectAt(metadata, 'annotations')
  const labels = labelsOf(metadata)
  const base = {
    kind,
    ...identity,
    createdAtMs: timeAt(metadata, 'creationTimestamp') ?? 0,
    labels,
    deleting: textAt(metadata, 'deletionTimestamp') !== undefined,
    epoch: bigAt(annotations, annotation.epoch),
    applied: textAt(annotations, annotation.applied) ?? '',
    builder: intern(textAt(annotations, annotation.builder) ?? ''),
    liveHash: liveHashOf(metadata, also),
  }
  return { ...base, ...present({ owner: ownerOf(labels, identity.namespace), controller: controllerOf(metadata) }) }
}

export function identityOf(
  metadata: JsonObject,
): Pick<ChildFact, 'namespace' | 'name' | 'uid' | 'resourceVersion'> | undefined {
  const { namespace, name, uid, resourceVersion } = metadata
  if (typeof name !== 'string' || typeof uid !== 'string' || typeof resourceVersion !== 'string') return undefined
  return { namespace: typeof namespace === 'string' ? intern(namespace) : '', name, uid, resourceVersion }
}

/** All labels, each value kept once. */
export function labelsOf(metadata: JsonObject): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  for (const [key, value] of Object.entries(objectAt(metadata, 'labels'))) {
    if (typeof value === 'string') labels[key] = intern(value)
  }
  return labels
}

function ownerOf(labels: Readonly<Record<string, string>>, namespace: string): Key | undefined {
  const kind = labels[label.kind]
  const name = labels[label.name]
  if (!isKindName(kind) || name === undefined) return undefined
  // Joined, since what a template puts together keeps its parts alive: 110 bytes more for each fact.
  const key = [kind, namespace, name].join('/')
  return isKey(key) ? key : undefined
}

function isKey(text: string): text is Key {
  return isKindName(text.slice(0, text.indexOf('/')))
}

function controllerOf(metadata: JsonObject): ControllerRef | undefined {
  const reference = listAt(metadata, 'ownerReferences').find((owner) => isObject(owner) && owner['controller'] === true)
  const [kind, name, uid] = [textAt(reference, 'kind'), textAt(reference, 'name'), textAt(reference, 'uid')]
  return kind === undefined || name === undefined || uid === undefined ? undefined : { kind: intern(kind), name, uid }
}

export function conditionOf(object: unknown, type: string): JsonObject | undefined {
  return listAt(objectAt(object, 'status'), 'conditions')
    .filter(isObject)
    .find((condition) => condition['type'] === type)
}

/** Annotation restarted-at of a pod, or of the template of pods in `object.spec`. */
export function restartedAtOf(object: unknown): string | undefined {
  return wordAt(objectAt(objectAt(object, 'metadata'), 'annotations'), annotation.restartedAt)
}

/** RFC 3339 text as ms since 1970. */
export function timeAt(value: unknown, name: string): number | undefined {
  return parseTime(textAt(value, name))
}

/** A whole number, as text or as a number; 0n for anything else. */
export function bigAt(value: unknown, name: string): bigint {
  const found = isObject(value) ? value[name] : undefined
  if (typeof found === 'number') return Number.isSafeInteger(found) && found >= 0 ? BigInt(found) : 0n
  return typeof found === 'string' && /^[0-9]{1,19}$/.test(found) ? BigInt(found) : 0n
}

/** A sentence for people, at most 1024 characters: facts are kept by the thousand. */
export function sentenceAt(value: unknown, name: string): string | undefined {
  return textAt(value, name)?.slice(0, 1024)
}

/** A word that many objects share: kept once. */
export function wordAt(value: unknown, name: string): string | undefined {
  const word = textAt(value, name)
  return word === undefined ? undefined : intern(word)
}

// JSON.parse makes a new string for each value; namespaces, nodes, images and reasons repeat by the thousand. Emptied
// when full, so that names which come and go cannot pile up in it.
const POOL_LIMIT = 4096
const pool = new Map<string, string>()

export function intern(text: string): string {
  const known = pool.get(text)
  if (known !== undefined) return known
  if (pool.size >= POOL_LIMIT) pool.clear()
  pool.set(text, text)
  return text
}

/** The properties that have a value; the others are absent, not undefined. */
export type Present<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> }

export function present<T extends object>(properties: T): Present<T>
export function present(properties: object): object {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(properties)) if (value !== undefined) kept[name] = value
  return kept
}
