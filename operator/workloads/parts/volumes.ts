// Volumes of the pod and mounts of the main container.
// Order of both: volumes that outlive the pod, ConfigMaps, Secrets, then what the user wrote.
import type { PersistentVolume, Volume, VolumeMount } from '#api/generated/kinds.ts'
import { hash16 } from '#lib/hash.ts'
import { plain, present, type Fields } from './json.ts'

export interface VolumesInput {
  readonly persistentVolumes?: readonly PersistentVolume[]
  readonly configMaps?: readonly string[]
  readonly secrets?: readonly string[]
  readonly volumes?: readonly Volume[]
  readonly volumeMounts?: readonly VolumeMount[]
}

export function podVolumes(input: VolumesInput): readonly unknown[] {
  return [
    ...(input.persistentVolumes ?? []).flatMap(existingClaim),
    ...(input.configMaps ?? []).map((name) => ({ name: volumeName('config', name), configMap: { name } })),
    ...(input.secrets ?? []).map((name) => ({ name: volumeName('secret', name), secret: { secretName: name } })),
    ...(input.volumes ?? []).map(userVolume),
  ]
}

export function mainMounts(input: VolumesInput): readonly unknown[] {
  return [
    ...(input.persistentVolumes ?? []).map(persistentMount),
    ...(input.configMaps ?? []).map((name) => fileMount('config', name)),
    ...(input.secrets ?? []).map((name) => fileMount('secret', name)),
    ...(input.volumeMounts ?? []).map(plain),
  ]
}

/** Claims with a size come from the template of the StatefulSet, which adds their volumes by itself. */
function existingClaim(volume: PersistentVolume): readonly Fields[] {
  if (volume.existingClaim === undefined) return []
  const source = present({ claimName: volume.existingClaim, readOnly: volume.readOnly === true ? true : undefined })
  return [{ name: volume.name, persistentVolumeClaim: source }]
}

function persistentMount(volume: PersistentVolume): Fields {
  const { name, mountPath, subPath, readOnly } = volume
  return present({ name, mountPath, subPath, readOnly: readOnly === true ? true : undefined })
}

function fileMount(prefix: 'config' | 'secret', name: string): Fields {
  const folder = prefix === 'config' ? 'config' : 'secrets'
  return { name: volumeName(prefix, name), mountPath: `/etc/${folder}/${name}`, readOnly: true }
}

/** The name first, as everywhere; the source as the user wrote it. */
function userVolume(volume: Volume): unknown {
  const { name, ...source } = volume
  const copy = plain(source)
  return typeof copy === 'object' ? { name, ...copy } : { name }
}

// Names of objects may have dots and 253 characters; names of volumes may not.
const LONGEST_NAME = 63

function volumeName(prefix: string, name: string): string {
  const whole = `${prefix}-${name.replaceAll('.', '-')}`
  if (whole.length <= LONGEST_NAME) return whole
  const hash = hash16(name).slice(0, 8)
  return `${whole.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}`
}
