// The native objects of a WorkloadService: a Deployment, and a Service when it has ports.
import type { DeploymentFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { parseDurationMs } from '#lib/time.ts'
import { nativeObject } from '../parts/child.ts'
import type { FrontInput } from '../parts/desired.ts'
import { present } from '../parts/json.ts'
import { appSelector, objectAnnotations, objectLabels, podAnnotations, templateLabels } from '../parts/names.ts'
import { ownerOf, sameName } from '../parts/owner.ts'
import { podSpec } from '../parts/pod.ts'
import { ofItsRevision } from '../parts/revision.ts'
import { templateRestart } from '../parts/restart.ts'
import { stopOf } from '../parts/state.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadService'>

export function isStrict({ resource }: Seen): boolean {
  return resource.spec.exclusivity.mode === 'Strict'
}

/** 0 replicas is another way to say suspended. */
export function isSuspended({ resource }: Seen): boolean {
  return resource.spec.suspend || resource.spec.replicas === 0
}

export function liveDeployment(seen: Seen): DeploymentFact | undefined {
  const wanted = { kind: 'Deployment' as const, name: seen.resource.name }
  const live = sameName(wanted, seen.children) ?? sameName(wanted, seen.others)
  return live?.kind === 'Deployment' ? live : undefined
}

/** Strict: its pods wait behind a gate until one of them has the grant, so the Deployment may exist at any time. */
export function buildDeployment(seen: Seen): Child {
  return ofItsRevision(liveDeployment(seen), (revision) => deploymentOf(seen, revision))
}

function deploymentOf(seen: Seen, revision: string): Child {
  const { resource } = seen
  const { spec } = resource
  const owner = ownerOf(resource)
  return nativeObject('Deployment', owner, {
    name: resource.name,
    labels: objectLabels(owner),
    annotations: objectAnnotations(revision),
    spec: present({
      replicas: stopOf(seen, isSuspended(seen)) === undefined ? spec.replicas : 0,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: Math.max(readinessSeconds(spec.readinessTimeout), spec.minReadySeconds + 1),
      minReadySeconds: spec.minReadySeconds === 0 ? undefined : spec.minReadySeconds,
      // A surge would be a second instance.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: appSelector(owner) },
      template: {
        metadata: present({
          labels: templateLabels(owner, spec.podLabels),
          annotations: podAnnotations(spec.podAnnotations, templateRestart(seen, liveDeployment(seen))),
        }),
        spec: podSpec({
          spec,
          restartPolicy: 'Always',
          probes: spec,
          volumes: spec,
          ports: spec.ports ?? [],
          fenced: isStrict(seen),
          gated: isStrict(seen),
        }),
      },
    }),
  })
}

/** At least one second: the API server wants the deadline above minReadySeconds. */
function readinessSeconds(timeout: string): number {
  return Math.max(1, Math.ceil((parseDurationMs(timeout) ?? 300_000) / 1000))
}

export function frontOf({ resource }: Seen): FrontInput {
  const { service, ports } = resource.spec
  return { owner: ownerOf(resource), name: resource.name, settings: service, ports: ports ?? [], governing: false }
}
