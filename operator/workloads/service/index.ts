// WorkloadService: a Deployment. In mode Strict its pods are gated, and the grant says which one may start.
import { place, placeService, together } from '../parts/desired.ts'
import { grantStep, type GrantInput, type GrantStep } from '../parts/grant.ts'
import { ownerOf } from '../parts/owner.ts'
import { stopOf } from '../parts/state.ts'
import type { Desired, Snapshot, WorkloadDefinition } from '../workload.ts'
import { buildDeployment, frontOf, isStrict, isSuspended } from './build.ts'
import { report } from './status.ts'

type Seen = Snapshot<'WorkloadService'>

export const service: WorkloadDefinition<'WorkloadService'> = {
  kind: 'WorkloadService',
  desired,
  status: (seen) => report(seen, nextStep(seen)),
}

function desired(seen: Seen): Desired {
  const grant = nextStep(seen)
  return {
    ...together(place(buildDeployment(seen), seen, ownerOf(seen.resource)), placeService(frontOf(seen), seen)),
    ...(grant === undefined ? {} : { grant }),
  }
}

function nextStep(seen: Seen): GrantStep | undefined {
  return isStrict(seen) ? grantStep(grantInput(seen)) : undefined
}

function grantInput(seen: Seen): GrantInput {
  const { namespace, name } = seen.resource
  const deployment = seen.children.find((fact) => fact.kind === 'Deployment' && fact.name === name)
  const grant = 'grant' in seen.stored ? seen.stored.grant : undefined
  return {
    namespace,
    name,
    ...(grant === undefined ? {} : { grant }),
    ...(deployment?.kind === 'Deployment' ? { deployment } : {}),
    pods: seen.pods,
    gone: seen.gone,
    nodes: seen.nodes,
    nowMs: seen.nowMs,
    wanted: stopOf(seen, isSuspended(seen)) === undefined,
  }
}
