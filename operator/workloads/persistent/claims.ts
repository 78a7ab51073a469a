// Claim templates and claims of a WorkloadPersistent.
// Templates of a live StatefulSet cannot be changed, so later writes repeat them. A volume that was enlarged is not
// in the template: its claim is what grows.
import type { ClaimFact, StatefulSetFact } from '#api/facts.ts'
import type { PersistentVolume } from '#api/generated/kinds.ts'
import { label } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { parseQuantity } from '#api/quantity.ts'
import { unownedObject } from '../parts/child.ts'
import { fieldAt, isFields, plain, present, texts, type Fields } from '../parts/json.ts'
import { claimLabels, claimName, type Identity } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadPersistent'>

export function claimTemplates(
  volumes: readonly PersistentVolume[],
  of: Identity,
  live: StatefulSetFact | undefined,
): readonly unknown[] {
  const made = volumes.filter((volume) => volume.size !== undefined)
  const existing = live === undefined ? undefined : parseList(live.claimTemplates)
  if (existing === undefined) return made.map((volume) => template(volume, of, volume.size))
  const compared = made.map((volume) => template(volume, of, liveSize(volume, existing)))
  if (!isRepeated(compared, existing)) return existing
  return made.map((volume) => template(volume, of, sizeAsWritten(volume, existing)))
}

/** Another spelling of the same size is no other wish; another size is not for the template. */
function sizeAsWritten(volume: PersistentVolume, existing: readonly unknown[]): string | undefined {
  const live = liveSize(volume, existing)
  return isSameSize(live, volume.size) ? volume.size : live
}

function liveSize(volume: PersistentVolume, existing: readonly unknown[]): string | undefined {
  const live = existing.find((item) => fieldAt(item, 'metadata', 'name') === volume.name)
  const size = fieldAt(live, 'spec', 'resources', 'requests', 'storage')
  return typeof size === 'string' ? size : undefined
}

function isSameSize(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && parseQuantity(one) === parseQuantity(other)
}

/** The claims of one volume of ours, one per instance: those that are there. */
export function claimsOf(seen: Seen, volume: PersistentVolume): readonly ClaimFact[] {
  return claimNames(seen, volume).flatMap((name) => claimOf(seen, name) ?? [])
}

function claimNames(seen: Seen, volume: PersistentVolume): readonly string[] {
  const { name, spec } = seen.resource
  if (volume.size === undefined) return []
  return Array.from({ length: Math.max(1, spec.replicas) }, (_none, ordinal) => claimName(volume.name, name, ordinal))
}

function claimOf(seen: Seen, name: string): ClaimFact | undefined {
  const found = [...seen.others, ...seen.children].find(
    (fact) => fact.kind === 'PersistentVolumeClaim' && fact.name === name,
  )
  return found?.kind === 'PersistentVolumeClaim' ? found : undefined
}

/** Claims to enlarge, and those of an adopted StatefulSet, whose templates cannot give them our labels. */
export function claimsToChange(seen: Seen, live: StatefulSetFact | undefined): readonly Child[] {
  return (seen.resource.spec.persistentVolumes ?? []).flatMap((volume) => [
    ...claimsOf(seen, volume)
      .filter((claim) => mayGrow(claim, volume))
      .map((claim) => claimWish(seen, claim.name, { resources: { requests: { storage: volume.size } } })),
    ...unlabelled(seen, volume, live).map((name) => claimWish(seen, name, {})),
  ])
}

/** The API server enlarges bound claims only; one that was made larger by hand stays so. */
function mayGrow(claim: ClaimFact, volume: PersistentVolume): boolean {
  const wanted = parseQuantity(volume.size ?? '')
  const requested = parseQuantity(claim.requested ?? '')
  return (
    claim.phase === 'Bound' && !claim.deleting && wanted !== undefined && requested !== undefined && requested < wanted
  )
}

/** The claim of a pod exists before the pod. Without our labels it is in no store, so that its name is all we know. */
function unlabelled(seen: Seen, volume: PersistentVolume, live: StatefulSetFact | undefined): readonly string[] {
  if (live === undefined || live.deleting || givesLabels(live, volume)) return []
  return claimNames(seen, volume).filter((name, ordinal) => {
    const hasPod = seen.pods.some((pod) => pod.name === `${seen.resource.name}-${ordinal}` && !pod.deleting)
    return hasPod && claimOf(seen, name) === undefined
  })
}

function givesLabels(live: StatefulSetFact, volume: PersistentVolume): boolean {
  const templates = parseList(live.claimTemplates) ?? []
  const found = templates.find((item) => fieldAt(item, 'metadata', 'name') === volume.name)
  return found === undefined || fieldAt(found, 'metadata', 'labels', label.name) !== undefined
}

function claimWish(seen: Seen, name: string, spec: object): Child {
  const owner = ownerOf(seen.resource)
  return unownedObject('PersistentVolumeClaim', owner, { name, labels: claimLabels(owner), annotations: {}, spec })
}

function template(volume: PersistentVolume, of: Identity, size: string | undefined): Fields {
  return {
    metadata: present({
      name: volume.name,
      labels: claimLabels(of, volume.labels),
      annotations: texts(volume.annotations),
    }),
    spec: present({
      accessModes: [...volume.accessModes],
      storageClassName: volume.storageClassName,
      resources: { requests: { storage: size } },
    }),
  }
}

/** The server's form says everything ours says, and more: repeating ours is then no change. */
function isRepeated(wanted: readonly unknown[], existing: readonly unknown[]): boolean {
  return wanted.length === existing.length && wanted.every((item, index) => isPartOf(item, existing[index]))
}

function isPartOf(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part))
    return (
      Array.isArray(whole) && part.length === whole.length && part.every((item, index) => isPartOf(item, whole[index]))
    )
  if (!isFields(part)) return part === whole
  return isFields(whole) && Object.entries(part).every(([key, item]) => isPartOf(item, whole[key]))
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = plain(JSON.parse(text))
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
