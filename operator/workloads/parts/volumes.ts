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
    ...files('config', input.configMaps).map(({ volume, name }) => ({ name: volume, configMap: { name } })),
    ...files('secret', input.secrets).map(({ volume, name }) => ({ name: volume, secret: { secretName: name } })),
    ...(input.volumes ?? []).map(userVolume),
  ]
}

export function mainMounts(input: VolumesInput): readonly unknown[] {
  return [
    ...(input.persistentVolumes ?? []).map(persistentMount),
    ...files('config', input.configMaps).map(({ volume, name }) => fileMount(volume, `/etc/config/${name}`)),
    ...files('secret', input.secrets).map(({ volume, name }) => fileMount(volume, `/etc/secrets/${name}`)),
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

function fileMount(volume: string, mountPath: string): Fields {
  return { name: volume, mountPath, readOnly: true }
}

/** The name first, as everywhere; the source as the user wrote it. */
function userVolume(volume: Volume): unknown {
  const { name, ...source } = volume
  const copy = plain(source)
  return typeof copy === 'object' ? { name, ...copy } : { name }
}

// Names of objects may have dots and 253 characters; names of volumes may not.
const LONGEST_NAME = 63

/** ConfigMaps or Secrets, each with the name of its volume. Of names that become alike, those with a dot are hashed. */
function files(
  prefix: string,
  names: readonly string[] = [],
): readonly { readonly name: string; readonly volume: string }[] {
  const whole = (name: string): string => `${prefix}-${name.replaceAll('.', '-')}`
  const isAlike = (name: string): boolean =>
    name.includes('.') && names.some((other) => other !== name && whole(other) === whole(name))
  return names.map((name) => {
    const isHashed = whole(name).length > LONGEST_NAME || isAlike(name)
    return { name, volume: isHashed ? hashed(whole(name), name) : whole(name) }
  })
}

function hashed(whole: string, name: string): string {
  const hash = hash16(name).slice(0, 8)
  return `${whole.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}`
}
