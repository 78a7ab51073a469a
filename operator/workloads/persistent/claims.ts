// Claim templates and claims of a WorkloadPersistent.
// Templates of a live StatefulSet cannot be changed, so later writes repeat them. A volume that was enlarged is not
// in the template: its claim is what grows.
import type { StatefulSetFact } from '#api/facts.ts'
import type { PersistentVolume } from '#api/generated/kinds.ts'
import { isFields, plain, present, texts, type Fields } from '../parts/json.ts'
import { claimLabels, type Identity } from '../parts/names.ts'

export function claimTemplates(
  volumes: readonly PersistentVolume[],
  of: Identity,
  live: StatefulSetFact | undefined,
): readonly unknown[] {
  const wanted = volumes.filter((volume) => volume.size !== undefined).map((volume) => template(volume, of))
  const existing = live === undefined ? undefined : parseList(live.claimTemplates)
  if (existing === undefined || isRepeated(wanted, existing)) return wanted
  return existing
}

function template(volume: PersistentVolume, of: Identity): Fields {
  return {
    metadata: present({
      name: volume.name,
      labels: claimLabels(of, volume.labels),
      annotations: texts(volume.annotations),
    }),
    spec: present({
      accessModes: [...volume.accessModes],
      storageClassName: volume.storageClassName,
      resources: { requests: { storage: volume.size } },
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
