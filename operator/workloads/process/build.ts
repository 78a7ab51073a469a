// The native objects of a WorkloadProcess: one pod, and a Service when it has ports.
import type { Child } from '#api/ports.ts'
import { nativeObject } from '../parts/child.ts'
import type { FrontInput } from '../parts/desired.ts'
import { objectAnnotations, podName, templateLabels } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import { podSpec } from '../parts/pod.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadProcess'>

/** Created under a fixed name: a name exists once, so a second instance cannot. */
export function buildPod(seen: Seen): Child {
  const { resource } = seen
  const { spec } = resource
  const owner = ownerOf(resource)
  return nativeObject('Pod', owner, {
    name: podName(resource.name),
    labels: templateLabels(owner, spec.podLabels),
    annotations: objectAnnotations(spec.podAnnotations),
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

export function frontOf({ resource }: Seen): FrontInput {
  const { service, ports } = resource.spec
  return { owner: ownerOf(resource), name: resource.name, settings: service, ports: ports ?? [], governing: false }
}
