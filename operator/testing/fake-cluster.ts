// The objects of the fake API server and their history. It has what clients rely on: one counter for versions, names
// that are unique, preconditions, events in order, a history that can be forgotten. It applies nothing: the body of an
// apply is stored as it came.
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '#lib/json.ts'
import { isObject, objectAt, textAt, textsAt } from '#lib/json.ts'

export interface Target {
  /** `/api/v1/pods`, `/apis/apps/v1/deployments`. */
  readonly collection: string
  /** '' for all. */
  readonly namespace: string
  /** '' for the collection. */
  readonly name: string
}

export interface ClusterEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly target: Target
  readonly object: JsonObject
}

export type Outcome =
  | { readonly type: 'ok'; readonly object: JsonObject; readonly code: 200 | 201 }
  | { readonly type: 'exists' | 'conflict' | 'missing' }

export interface FakeCluster {
  version(): number
  /** Creates or changes: what somebody else did. */
  put(collection: string, object: JsonObject): JsonObject
  remove(collection: string, namespace: string, name: string): void
  get(target: Target): JsonObject | undefined
  list(target: Target, selector: Selector): readonly JsonObject[]
  create(target: Target, object: JsonObject): Outcome
  update(target: Target, object: JsonObject, isPatch: boolean): Outcome
  delete(target: Target, preconditions: unknown): Outcome
  /** Events after a version; undefined when that part of the history is forgotten. */
  since(version: number): readonly ClusterEvent[] | undefined
  /** Forgets the history: older versions are answered with 410. */
  compact(): void
  subscribe(onEvent: (event: ClusterEvent) => void): Disposable
  /** Lists that are read in pages, by their version: later pages show what the first one saw. */
  readonly snapshots: Map<string, readonly JsonObject[]>
}

export interface Selector {
  readonly labels: string
  readonly fields: string
}

export function createFakeCluster(): FakeCluster {
  return new MemoryCluster()
}

/** The collection of an object's path: `/api/v1/namespaces/a/pods/b/status` → pods, a, b. */
export function targetOf(path: string): Target {
  const parts = path.split('/').filter((part) => part !== '')
  const rootLength = parts[0] === 'api' ? 2 : 3
  const root = `/${parts.slice(0, rootLength).join('/')}`
  const rest = parts.slice(rootLength)
  const isScoped = rest[0] === 'namespaces' && rest.length > 2
  const [plural = '', name = ''] = isScoped ? rest.slice(2) : rest
  return { collection: `${root}/${plural}`, namespace: isScoped ? (rest[1] ?? '') : '', name }
}

class MemoryCluster implements FakeCluster {
  readonly snapshots = new Map<string, readonly JsonObject[]>()
  readonly #objects = new Map<string, JsonObject>()
  readonly #subscribers = new Set<(event: ClusterEvent) => void>()
  #history: ClusterEvent[] = []
  #forgotten = 0
  #version = 1000

  version(): number {
    return this.#version
  }

  put(collection: string, object: JsonObject): JsonObject {
    const metadata = objectAt(object, 'metadata')
    const target = { collection, namespace: textAt(metadata, 'namespace') ?? '', name: textAt(metadata, 'name') ?? '' }
    return this.#store(target, object, this.get(target))
  }

  remove(collection: string, namespace: string, name: string): void {
    this.delete({ collection, namespace, name }, undefined)
  }

  get(target: Target): JsonObject | undefined {
    return this.#objects.get(keyOf(target))
  }

  list(target: Target, selector: Selector): readonly JsonObject[] {
    return [...this.#objects]
      .filter(
        ([key, object]) => key.startsWith(`${target.collection}|`) && isIn(target, object) && matches(selector, object),
      )
      .map(([, object]) => object)
  }

  create(target: Target, object: JsonObject): Outcome {
    const named = { ...target, name: textAt(objectAt(object, 'metadata'), 'name') ?? '' }
    if (this.get(named) !== undefined) return { type: 'exists' }
    return { type: 'ok', object: this.#store(named, object, undefined), code: 201 }
  }

  update(target: Target, object: JsonObject, isPatch: boolean): Outcome {
    const before = this.get(target)
    const wanted = objectAt(object, 'metadata')
    if (before === undefined) return textAt(wanted, 'uid') === undefined ? { type: 'missing' } : { type: 'conflict' }
    if (!agrees(wanted, before)) return { type: 'conflict' }
    const merged = isPatch ? merge(before, object) : object
    return { type: 'ok', object: this.#store(target, merged, before), code: 200 }
  }

  delete(target: Target, preconditions: unknown): Outcome {
    const before = this.get(target)
    if (before === undefined) return { type: 'missing' }
    if (!agrees(objectAt(preconditions, 'preconditions'), before)) return { type: 'conflict' }
    this.#objects.delete(keyOf(target))
    const object = this.#stamped(before, objectAt(before, 'metadata'))
    this.#tell({ type: 'DELETED', version: this.#version, target, object })
    return { type: 'ok', object, code: 200 }
  }

  since(version: number): readonly ClusterEvent[] | undefined {
    if (version < this.#forgotten) return undefined
    return this.#history.filter((event) => event.version > version)
  }

  compact(): void {
    this.#history = []
    this.snapshots.clear()
    // Also the current version counts as too old: whoever resumes gets 410.
    this.#version += 1
    this.#forgotten = this.#version
  }

  subscribe(onEvent: (event: ClusterEvent) => void): Disposable {
    this.#subscribers.add(onEvent)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(onEvent) }
  }

  #store(target: Target, object: JsonObject, before: JsonObject | undefined): JsonObject {
    const known = objectAt(before, 'metadata')
    const uid = textAt(known, 'uid') ?? textAt(objectAt(object, 'metadata'), 'uid') ?? randomUUID()
    const stored = this.#stamped(object, { ...objectAt(object, 'metadata'), uid })
    this.#objects.set(keyOf(target), stored)
    const type = before === undefined ? 'ADDED' : 'MODIFIED'
    this.#tell({ type, version: this.#version, target, object: stored })
    return stored
  }

  #stamped(object: JsonObject, metadata: JsonObject): JsonObject {
    this.#version += 1
    return { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) } }
  }

  #tell(event: ClusterEvent): void {
    this.#history.push(event)
    for (const subscriber of this.#subscribers) subscriber(event)
  }
}

export function isIn(target: Target, object: JsonObject): boolean {
  return target.namespace === '' || textAt(objectAt(object, 'metadata'), 'namespace') === target.namespace
}

/** Equality selectors only. */
export function matches(selector: Selector, object: JsonObject): boolean {
  const metadata = objectAt(object, 'metadata')
  const labels = textsAt(metadata, 'labels') ?? {}
  const hasLabels = termsOf(selector.labels).every(([name, value]) => labels[name] === value)
  return (
    hasLabels &&
    termsOf(selector.fields).every(([path, value]) => textAt(metadata, path.replace('metadata.', '')) === value)
  )
}

function termsOf(selector: string): readonly (readonly [string, string])[] {
  return selector
    .split(',')
    .filter((term) => term !== '')
    .map((term) => [term.slice(0, term.indexOf('=')), term.slice(term.indexOf('=') + 1)])
}

function agrees(wanted: unknown, object: JsonObject): boolean {
  const metadata = objectAt(object, 'metadata')
  return ['uid', 'resourceVersion'].every((name) => {
    const value = textAt(wanted, name)
    return value === undefined || value === textAt(metadata, name)
  })
}

/** JSON merge patch. */
function merge(before: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(merged, name)
    else merged[name] = isObject(value) ? merge(objectAt(before, name), value) : value
  }
  return merged
}

function keyOf(target: Target): string {
  return `${target.collection}|${target.namespace}/${target.name}`
}
