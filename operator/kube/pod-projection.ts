// Pod → PodFact.
import type { ContainerFact, PodFact, PodPhase } from '#api/facts.ts'
import { annotation, GRANT_GATE } from '#api/labels.ts'
import type { JsonObject } from '#lib/json.ts'
import { isObject, listAt, numberAt, objectAt, textAt } from '#lib/json.ts'
import {
  childBaseOf,
  conditionOf,
  intern,
  present,
  restartedAtOf,
  sentenceAt,
  timeAt,
  wordAt,
} from './projection-parts.ts'

const MAIN = 'main'
const PHASES: readonly PodPhase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']
/** What a container waits for in the ordinary course of a start. */
const ORDINARY_WAITS: ReadonlySet<string | undefined> = new Set([undefined, 'ContainerCreating', 'PodInitializing'])

export function projectPod(object: unknown): PodFact | undefined {
  const images = imagesOf(object)
  // Images count whoever wrote them: a pod that was adopted has none of ours, and they can be changed in place.
  const base = childBaseOf('Pod', object, images)
  if (base === undefined) return undefined
  const status = objectAt(object, 'status')
  const containers = statusesOf(status)
  const main = containers.find((container) => container['name'] === MAIN)
  return {
    ...base,
    phase: PHASES.find((phase) => phase === status['phase']) ?? 'Pending',
    ready: conditionOf(object, 'Ready')?.['status'] === 'True',
    gated: listAt(objectAt(object, 'spec'), 'schedulingGates').some((gate) => textAt(gate, 'name') === GRANT_GATE),
    token: textAt(objectAt(objectAt(object, 'metadata'), 'annotations'), annotation.token) ?? '',
    anyRunning: containers.some((container) => stateOf(container).state === 'running'),
    images,
    ...present({
      main: main === undefined ? undefined : containerOf(main),
      waiting: waitingOf(containers),
      restartedAt: restartedAtOf(object),
    }),
    ...placeOf(object),
    ...troubleOf(object),
  }
}

function placeOf(object: unknown): Pick<PodFact, 'node' | 'podIp' | 'hostIp'> {
  const status = objectAt(object, 'status')
  return present({
    node: wordAt(objectAt(object, 'spec'), 'nodeName'),
    podIp: textAt(status, 'podIP'),
    hostIp: wordAt(status, 'hostIP'),
  })
}

type Trouble = 'reason' | 'message' | 'unschedulable' | 'disruption' | 'deletionRequestedAtMs' | 'deletionGraceSeconds'

function troubleOf(object: unknown): Pick<PodFact, Trouble> {
  const metadata = objectAt(object, 'metadata')
  const status = objectAt(object, 'status')
  const scheduled = conditionOf(object, 'PodScheduled')
  const isRefused = scheduled?.['status'] === 'False' && scheduled['reason'] !== 'SchedulingGated'
  const disruption = conditionOf(object, 'DisruptionTarget')
  const graceSeconds = numberAt(metadata, 'deletionGracePeriodSeconds')
  const endsAtMs = timeAt(metadata, 'deletionTimestamp')
  return present({
    reason: wordAt(status, 'reason'),
    message: sentenceAt(status, 'message'),
    unschedulable: isRefused ? sentenceAt(scheduled, 'message') : undefined,
    disruption: disruption?.['status'] === 'True' ? wordAt(disruption, 'reason') : undefined,
    // deletionTimestamp is the end of the grace period.
    deletionRequestedAtMs: endsAtMs === undefined ? undefined : endsAtMs - (graceSeconds ?? 0) * 1000,
    deletionGraceSeconds: graceSeconds,
  })
}

/** Init, main and ephemeral containers alike. */
function statusesOf(status: JsonObject): readonly JsonObject[] {
  return [
    ...listAt(status, 'containerStatuses'),
    ...listAt(status, 'initContainerStatuses'),
    ...listAt(status, 'ephemeralContainerStatuses'),
  ].filter(isObject)
}

/** A container that says nothing waits: nothing was reported about it yet. */
function stateOf(container: unknown): { readonly state: ContainerFact['state']; readonly details: JsonObject } {
  const all = objectAt(container, 'state')
  if (isObject(all['running'])) return { state: 'running', details: all['running'] }
  if (isObject(all['terminated'])) return { state: 'terminated', details: all['terminated'] }
  return { state: 'waiting', details: objectAt(all, 'waiting') }
}

function containerOf(container: JsonObject): ContainerFact {
  const { state, details } = stateOf(container)
  const last = objectAt(objectAt(container, 'lastState'), 'terminated')
  return {
    state,
    ready: container['ready'] === true,
    restartCount: numberAt(container, 'restartCount') ?? 0,
    image: wordAt(container, 'image') ?? '',
    imageId: wordAt(container, 'imageID') ?? '',
    ...present({
      reason: wordAt(details, 'reason'),
      message: sentenceAt(details, 'message'),
      exitCode: numberAt(details, 'exitCode'),
      startedAtMs: timeAt(details, 'startedAt'),
      finishedAtMs: timeAt(details, 'finishedAt'),
      lastExitCode: numberAt(last, 'exitCode'),
      lastReason: wordAt(last, 'reason'),
    }),
  }
}

function waitingOf(containers: readonly JsonObject[]): PodFact['waiting'] {
  for (const container of containers) {
    const { state, details } = stateOf(container)
    const reason = wordAt(details, 'reason')
    if (state !== 'waiting' || reason === undefined || container['name'] === MAIN || ORDINARY_WAITS.has(reason))
      continue
    return {
      container: wordAt(container, 'name') ?? '',
      reason,
      ...present({ message: sentenceAt(details, 'message') }),
    }
  }
  return undefined
}

function imagesOf(object: unknown): Readonly<Record<string, string>> {
  const spec = objectAt(object, 'spec')
  const images: Record<string, string> = {}
  const containers = [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]
  for (const container of containers.toSorted((left, right) => Number(isMain(right)) - Number(isMain(left)))) {
    const name = wordAt(container, 'name')
    if (name !== undefined) images[name] = intern(textAt(container, 'image') ?? '')
  }
  return images
}

function isMain(container: unknown): boolean {
  return textAt(container, 'name') === MAIN
}
