// What the API server says to a resource, cut down to what validation of ours says: path and sentence.
import type { KindName } from '#api/generated/kinds.ts'
import { apiVersionOf, pathOf, resourceOf } from '#api/resource.ts'
import type { Problem } from '#api/validate.ts'
import { itemsOf, textAt, type Api, type Json } from './api.ts'

/** Where resources are put: a world is one. */
export interface Place {
  readonly api: Api
  readonly namespace: string
}

export interface Verdict {
  readonly ok: boolean
  /** One per cause, in the order of the paths. */
  readonly problems: readonly Problem[]
  /** The server's message as a whole. */
  readonly text: string
}

export interface Attempt {
  readonly kind: KindName
  readonly name: string
  readonly spec: unknown
}

/** Judged as a new resource and not stored. */
export function tryCreate(place: Place, attempt: Attempt): Promise<Verdict> {
  return send(place, attempt, { method: 'POST', query: '&dryRun=All' })
}

/** Throws when it is refused. */
export async function store(place: Place, attempt: Attempt): Promise<void> {
  const verdict = await send(place, attempt, { method: 'POST', query: '' })
  if (!verdict.ok) throw new Error(`${attempt.kind} ${attempt.name} is not stored: ${verdict.text}`)
}

/** Judged as an edit of the stored resource to this spec, and not stored. */
export async function tryReplace(place: Place, attempt: Attempt): Promise<Verdict> {
  const stored = await place.api.must('GET', pathTo(place, attempt))
  const resourceVersion = textAt(stored, 'metadata', 'resourceVersion')
  return await send(place, attempt, { method: 'PUT', query: '&dryRun=All', resourceVersion })
}

/** A merge patch, stored; to the status as its subresource. */
export async function tryPatch(place: Place, attempt: Attempt, patch: object): Promise<Verdict> {
  const path = pathTo(place, attempt, 'status' in patch ? { subresource: 'status' } : {})
  const options = { body: patch, contentType: 'application/merge-patch+json' }
  return verdictOf(await place.api.request('PATCH', path, options))
}

interface Sending {
  readonly method: 'POST' | 'PUT'
  readonly query: string
  readonly resourceVersion?: string
}

async function send(place: Place, attempt: Attempt, sending: Sending): Promise<Verdict> {
  const { kind, name, spec } = attempt
  const { method, query, resourceVersion } = sending
  const metadata = { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
  const body = { apiVersion: apiVersionOf(resourceOf(kind)), kind, metadata, spec }
  const path = method === 'PUT' ? pathTo(place, attempt) : pathOf(resourceOf(kind), { namespace: place.namespace })
  return verdictOf(await place.api.request(method, `${path}?fieldValidation=Strict${query}`, { body }))
}

function pathTo(place: Place, attempt: Attempt, more: { readonly subresource?: 'status' } = {}): string {
  return pathOf(resourceOf(attempt.kind), { namespace: place.namespace, name: attempt.name, ...more })
}

function verdictOf({ status, body }: { readonly status: number; readonly body: Json }): Verdict {
  const problems = itemsOf(body, 'details', 'causes')
    .map((cause) => ({ path: textAt(cause, 'field'), message: sentenceOf(textAt(cause, 'message')) }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return { ok: status < 300, problems, text: textAt(body, 'message') }
}

/** Newer servers print the value of a scalar before the sentence, older ones the name of its type. */
function sentenceOf(message: string): string {
  return message.replace(/^Invalid value: (?:(?:"(?:[^"\\]|\\.)*"|-?[0-9]+): )?/, '')
}
