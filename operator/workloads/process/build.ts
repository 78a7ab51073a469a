// The native objects of a WorkloadProcess: one pod, and a Service when it has ports.
import type { PodFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { nativeObject } from '../parts/child.ts'
import type { FrontInput } from '../parts/desired.ts'
import { objectAnnotations, podName, restartAnnotation, templateLabels } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import { podSpec } from '../parts/pod.ts'
import { ofItsRevision } from '../parts/revision.ts'
import { handledRestart, pendingRestart } from '../parts/restart.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadProcess'>

/** Created under a fixed name: a name exists once, so a second instance cannot. */
export function buildPod(seen: Seen): Child {
  return ofItsRevision(livePod(seen), (revision) => podOf(seen, revision))
}

export function podOf(seen: Seen, revision: string): Child {
  const { resource } = seen
  const { spec } = resource
  const owner = ownerOf(resource)
  return nativeObject('Pod', owner, {
    name: podName(resource.name),
    labels: templateLabels(owner, spec.podLabels),
    annotations: { ...objectAnnotations(revision, spec.podAnnotations), ...restartAnnotation(podRestart(seen)) },
    takesToken: true,
    spec: podSpec({
      spec,
      restartPolicy: spec.restartPolicy,
      probes: spec,
      volumes: spec,
      ports: spec.ports ?? [],
      fenced: true,
      gated: false,
    }),
  })
}

/** What its pod has; a new pod gets what is asked for, or was handled last. */
function podRestart(seen: Seen): string | undefined {
  const live = livePod(seen)
  if (live !== undefined && !isRestartDue(seen, live)) return live.restartedAt
  return pendingRestart(seen) ?? handledRestart(seen)
}

export function livePod(seen: Seen): PodFact | undefined {
  const name = podName(seen.resource.name)
  return seen.pods.find((found) => found.name === name && !seen.gone.has(found.uid))
}

/** Asked for, and this pod is not the answer yet. */
export function isRestartDue(seen: Seen, pod: PodFact): boolean {
  const asked = pendingRestart(seen)
  return asked !== undefined && pod.restartedAt !== asked
}

export function frontOf({ resource }: Seen): FrontInput {
  const { service, ports } = resource.spec
  return { owner: ownerOf(resource), name: resource.name, settings: service, ports: ports ?? [], governing: false }
}
