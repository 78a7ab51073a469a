// What a simulated cluster has beside its processes: one node with room for everything, and a storage class whose
// claims get a volume at once. The volumes are names only; nothing is written anywhere.
import { systemClock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'
import type { Api } from './api.ts'
import { at, listAt, parseJson, textAt } from './json.ts'

/** Of the nodes that kwok serves. */
export const SIMULATED_LABEL = { 'simulation.highlander.plexobject.io/served': 'true' }
const SIMULATED_NODE = 'sim-0'
const STORAGE_CLASS = 'standard'
const PROVISIONER = 'simulation.highlander.plexobject.io/volumes'
/** Says on a claim whom the controller manager has asked for a volume. */
const ASKED = 'volume.kubernetes.io/storage-provisioner'
const CLAIMS = '/api/v1/persistentvolumeclaims'
const VOLUMES = '/api/v1/persistentvolumes'
const RETRY_MS = 500

const ROOM = { cpu: '100k', memory: '100Ti', pods: '1M', 'ephemeral-storage': '100Ti' }

export async function createNode(api: Api, signal: AbortSignal): Promise<void> {
  const labels = { 'kubernetes.io/hostname': SIMULATED_NODE, 'kubernetes.io/os': 'linux', ...SIMULATED_LABEL }
  const body = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: SIMULATED_NODE, labels },
    status: { allocatable: ROOM, capacity: ROOM },
  }
  await api.request({ method: 'POST', path: '/api/v1/nodes', body }, signal)
}

export async function createStorageClass(api: Api, signal: AbortSignal): Promise<void> {
  const body = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: STORAGE_CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: PROVISIONER,
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
  }
  await api.request({ method: 'POST', path: '/apis/storage.k8s.io/v1/storageclasses', body }, signal)
}

export async function isNodeReady(api: Api, signal: AbortSignal): Promise<boolean> {
  const node = await api.request({ method: 'GET', path: `/api/v1/nodes/${SIMULATED_NODE}` }, signal)
  const ready = listAt(node, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready')
  // The taint goes a moment after the condition turned; until then nothing can be scheduled.
  return textAt(ready, 'status') === 'True' && listAt(node, 'spec', 'taints').length === 0
}

/** Gives each claim of the class that asks for it a volume and takes it away with the claim. Runs until the signal fires. */
export async function provisionVolumes(api: Api, report: (line: string) => void, signal: AbortSignal): Promise<void> {
  let told = false
  while (!signal.aborted) {
    try {
      await followClaims(api, signal)
      told = false
    } catch (error) {
      if (signal.aborted) return
      // The API server may be down on purpose: one line per outage is enough.
      if (!told) report(`simulated volumes: ${messageOf(error)}; trying again`)
      told = true
    }
    await systemClock.sleep(RETRY_MS, signal).catch(() => undefined)
  }
}

async function followClaims(api: Api, signal: AbortSignal): Promise<void> {
  const list = await api.request({ method: 'GET', path: CLAIMS }, signal)
  for (const claim of listAt(list, 'items')) await provide(api, claim, signal)
  const version = textAt(list, 'metadata', 'resourceVersion')
  for await (const line of api.lines(`${CLAIMS}?watch=1&resourceVersion=${version}`, signal)) {
    const event = parseJson(line)
    if (textAt(event, 'type') === 'ERROR') return // history is gone: list again
    if (textAt(event, 'type') === 'DELETED') await withdraw(api, at(event, 'object'), signal)
    else await provide(api, at(event, 'object'), signal)
  }
}

async function provide(api: Api, claim: unknown, signal: AbortSignal): Promise<void> {
  if (textAt(claim, 'spec', 'storageClassName') !== STORAGE_CLASS) return
  if (textAt(claim, 'metadata', 'deletionTimestamp') !== '') return
  if (isWaiting(claim)) await api.request({ method: 'POST', path: VOLUMES, body: buildVolume(claim) }, signal)
  else if (textAt(claim, 'status', 'phase') === 'Bound' && requestedSize(claim) !== sizeOf(claim))
    await api.request({ method: 'PATCH', path: `${pathOf(claim)}/status`, body: grownTo(requestedSize(claim)) }, signal)
}

/**
 * Not before the controller manager has asked, as with every provisioner: it binds a volume that is there already without
 * its annotations on the claim, so that claims would differ by who was faster.
 */
function isWaiting(claim: unknown): boolean {
  return textAt(claim, 'spec', 'volumeName') === '' && textAt(claim, 'metadata', 'annotations', ASKED) === PROVISIONER
}

function requestedSize(claim: unknown): string {
  return textAt(claim, 'spec', 'resources', 'requests', 'storage')
}

function sizeOf(claim: unknown): string {
  return textAt(claim, 'status', 'capacity', 'storage')
}

function grownTo(storage: string): object {
  return { status: { capacity: { storage } } }
}

function pathOf(claim: unknown): string {
  const namespace = textAt(claim, 'metadata', 'namespace')
  return `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${textAt(claim, 'metadata', 'name')}`
}

async function withdraw(api: Api, claim: unknown, signal: AbortSignal): Promise<void> {
  if (textAt(claim, 'spec', 'storageClassName') !== STORAGE_CLASS) return
  await api.request({ method: 'DELETE', path: `${VOLUMES}/${volumeName(claim)}` }, signal)
}

function buildVolume(claim: unknown): object {
  const name = volumeName(claim)
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER } },
    spec: {
      capacity: { storage: requestedSize(claim) },
      accessModes: listAt(claim, 'spec', 'accessModes'),
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: STORAGE_CLASS,
      volumeMode: 'Filesystem',
      hostPath: { path: `/nonexistent/${name}` },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: textAt(claim, 'metadata', 'namespace'),
        name: textAt(claim, 'metadata', 'name'),
        uid: textAt(claim, 'metadata', 'uid'),
      },
    },
  }
}

function volumeName(claim: unknown): string {
  return `pvc-${textAt(claim, 'metadata', 'uid')}`
}
