// The native objects of a WorkloadPersistent: a StatefulSet and its governing Service.
import type { StatefulSetFact } from '#api/facts.ts'
import type { Child } from '#api/ports.ts'
import { nativeObject } from '../parts/child.ts'
import type { FrontInput } from '../parts/desired.ts'
import { nonEmpty, present } from '../parts/json.ts'
import { appSelector, objectAnnotations, objectLabels, podAnnotations, templateLabels } from '../parts/names.ts'
import { ownerOf, sameName } from '../parts/owner.ts'
import { podSpec } from '../parts/pod.ts'
import { ofItsRevision } from '../parts/revision.ts'
import { templateRestart } from '../parts/restart.ts'
import type { Snapshot } from '../workload.ts'
import { claimTemplates } from './claims.ts'

type Seen = Snapshot<'WorkloadPersistent'>

export function isStrict({ resource }: Seen): boolean {
  return resource.spec.exclusivity.mode === 'Strict'
}

/** 0 replicas is another way to say suspended. */
export function isSuspended({ resource }: Seen): boolean {
  return resource.spec.suspend || resource.spec.replicas === 0
}

export function serviceName({ resource }: Seen): string {
  return resource.spec.serviceName ?? resource.name
}

export function liveSet(seen: Seen): StatefulSetFact | undefined {
  const wanted = { kind: 'StatefulSet' as const, name: seen.resource.name }
  const live = sameName(wanted, seen.children) ?? sameName(wanted, seen.others)
  return live?.kind === 'StatefulSet' ? live : undefined
}

export function buildStatefulSet(seen: Seen, replicas: number): Child {
  return ofItsRevision(liveSet(seen), (revision) => statefulSetOf(seen, replicas, revision))
}

function statefulSetOf(seen: Seen, replicas: number, revision: string): Child {
  const { resource } = seen
  const { spec } = resource
  const owner = ownerOf(resource)
  const { whenDeleted, whenScaled } = spec.pvcRetentionPolicy
  return nativeObject('StatefulSet', owner, {
    name: resource.name,
    labels: objectLabels(owner),
    annotations: objectAnnotations(revision),
    spec: present({
      serviceName: serviceName(seen),
      replicas,
      // Kubernetes before 1.33 refuses another number in an adopted one.
      revisionHistoryLimit: liveSet(seen)?.historyLimit ?? 2,
      minReadySeconds: spec.minReadySeconds === 0 ? undefined : spec.minReadySeconds,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: spec.updateStrategy },
      selector: { matchLabels: appSelector(owner) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
      volumeClaimTemplates: nonEmpty(claimTemplates(spec.persistentVolumes ?? [], owner, liveSet(seen))),
      template: {
        metadata: present({
          labels: templateLabels(owner, spec.podLabels),
          annotations: podAnnotations(spec.podAnnotations, templateRestart(seen, liveSet(seen))),
        }),
        spec: podSpec({
          spec,
          restartPolicy: 'Always',
          probes: spec,
          volumes: spec,
          ports: spec.ports ?? [],
          fenced: false,
          gated: false,
        }),
      },
    }),
  })
}

export function frontOf(seen: Seen): FrontInput {
  const { service, ports } = seen.resource.spec
  return {
    owner: ownerOf(seen.resource),
    name: serviceName(seen),
    settings: service,
    ports: ports ?? [],
    governing: true,
  }
}
