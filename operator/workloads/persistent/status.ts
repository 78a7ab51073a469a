// The status of a WorkloadPersistent.
import type { ClaimFact, PodFact, StatefulSetFact } from '#api/facts.ts'
import type { PersistentVolume, ResourceRef, VolumeStatus, WorkloadPersistentStatus } from '#api/generated/kinds.ts'
import { parseDurationMs } from '#lib/time.ts'
import { acceptanceOf, quotaState } from '../parts/acceptance.ts'
import { DEFAULT_TIMEOUT_MS, type Verdict } from '../parts/conditions.ts'
import { keepsAddress } from '../parts/desired.ts'
import { exclusiveOf } from '../parts/exclusive.ts'
import { selectorText } from '../parts/names.ts'
import { ownerOf } from '../parts/owner.ts'
import { resumeStep } from '../parts/pause.ts'
import { ending } from '../parts/pod-state.ts'
import { unended } from '../parts/proof.ts'
import { countPods, serverState, stoppedState } from '../parts/server-state.ts'
import { hasReadinessProbe } from '../parts/probes.ts'
import { restartFields } from '../parts/restart.ts'
import { addressOf } from '../parts/service.ts'
import { runningHealth, stopOf, troubled, type State } from '../parts/state.ts'
import { buildHead, effectiveOf, newest, resourceRef } from '../parts/status.ts'
import { commonWarnings, headlessWarnings, probeWarnings } from '../parts/warnings.ts'
import type { Reported, Snapshot } from '../workload.ts'
import { frontOf, isStrict, isSuspended, serviceName } from './build.ts'
import { isRestarted } from './restart.ts'
import { claimsOf } from './claims.ts'

type Seen = Snapshot<'WorkloadPersistent'>

/** `waitsFor`: a pod that holds back the StatefulSet. */
export function report(seen: Seen, waitsFor: PodFact | undefined): Reported {
  const state = stateOf(seen, waitsFor)
  const verdict = verdictOf(seen, state)
  const { head, ...again } = buildHead({ verdict, pod: currentPod(seen), resources: resourcesOf(seen) }, seen)
  return { status: { ...head, ...ownFields(seen) }, ...again }
}

function stateOf(seen: Seen, waitsFor: PodFact | undefined): State {
  const stop = stopOf(seen, isSuspended(seen))
  if (stop !== undefined) return stoppedState(seen, stop)
  if (waitsFor !== undefined) return ending(waitsFor, seen)
  const state = lostClaim(seen) ?? quotaState(seen) ?? serverState(seen, seen.resource.spec.replicas)
  return state.healthy ? (stuckGrowth(seen) ?? state) : state
}

/** What runs goes on with the size it has. */
function stuckGrowth(seen: Seen): State | undefined {
  const found = refusedGrowth(seen) ?? failedGrowth(seen)
  if (found === undefined) return undefined
  const step = 'The instance runs on with the size it has.'
  return troubled('VolumePending', `Claim ${found.name} cannot be enlarged: ${found.sentence}. ${step}`)
}

interface Stuck {
  readonly name: string
  readonly sentence: string
}

function refusedGrowth({ findings }: Seen): Stuck | undefined {
  return findings.refused?.kind === 'PersistentVolumeClaim' ? findings.refused : undefined
}

function failedGrowth(seen: Seen): Stuck | undefined {
  const claims = (seen.resource.spec.persistentVolumes ?? []).flatMap((volume) => claimsOf(seen, volume))
  const failed = claims.find((claim) => claim.resizeProblem !== undefined && claim.requested !== claim.capacity)
  return failed && { name: failed.name, sentence: failed.resizeProblem ?? '' }
}

/** The volume behind a claim is gone: no pod can start with it. */
function lostClaim(seen: Seen): State | undefined {
  const lost = seen.others.find((fact) => fact.kind === 'PersistentVolumeClaim' && fact.phase === 'Lost')
  if (lost === undefined) return undefined
  return troubled('VolumePending', `Claim ${lost.name} has lost its volume. Restore the volume, or delete the claim.`)
}

/** The first of several; the one that may still run comes before those that have ended. */
function currentPod(seen: Seen): PodFact | undefined {
  const name = `${seen.resource.name}-0`
  const own = seen.pods.filter((pod) => pod.name === name)
  return newest(unended(own, seen.gone)) ?? newest(own) ?? newest(seen.pods)
}

function verdictOf(seen: Seen, state: State): Verdict {
  const { spec, name } = seen.resource
  const needs = [
    { kind: 'StatefulSet' as const, name },
    { kind: 'Service' as const, name: serviceName(seen) },
  ]
  const front = frontOf(seen)
  const warnings = [
    ...commonWarnings(spec),
    ...probeWarnings(spec),
    ...headlessWarnings(front.settings, front.ports, keepsAddress(front, seen)),
  ]
  const health = runningHealth(state, hasReadinessProbe(spec))
  return {
    state,
    acceptance: acceptanceOf(seen, ownerOf(seen.resource), needs, warnings),
    exclusive: exclusiveOf(
      { strict: isStrict(seen), state, because: `Only one pod can have the name ${name}-0.` },
      seen,
    ),
    suspended: isSuspended(seen),
    resume: resumeStep(spec),
    timeoutMs: parseDurationMs(spec.readinessTimeout) ?? DEFAULT_TIMEOUT_MS,
    ...(health === undefined ? {} : { health }),
  }
}

function resourcesOf(seen: Seen): readonly ResourceRef[] {
  return seen.children.flatMap((fact) => {
    if (fact.kind === 'StatefulSet') return [resourceRef(fact, isAsWanted(seen, fact))]
    return fact.kind === 'Service' ? [resourceRef(fact, true)] : []
  })
}

function isAsWanted(seen: Seen, fact: StatefulSetFact): boolean {
  const wanted = isSuspended(seen) ? 0 : seen.resource.spec.replicas
  return fact.readyReplicas === wanted && fact.observedGeneration === fact.generation
}

type OwnFields = Pick<
  WorkloadPersistentStatus,
  'replicas' | 'readyReplicas' | 'selector' | 'address' | 'volumes' | 'effective' | 'lastHandledRestartAt'
>

function ownFields(seen: Seen): OwnFields {
  const { spec, namespace } = seen.resource
  const { readinessTimeout, updateStrategy } = spec
  const volumes = (spec.persistentVolumes ?? []).flatMap((volume) => volumeStatus(volume, seen))
  const front = frontOf(seen)
  const address = addressOf({ ...front, namespace, keepsAddress: keepsAddress(front, seen) })
  return {
    ...countPods(seen),
    ...restartFields(seen, (asked) => isRestarted(seen, asked)),
    selector: selectorText(seen.resource),
    address,
    volumes,
    effective: { ...effectiveOf(spec), readinessTimeout, serviceName: serviceName(seen), updateStrategy },
  }
}

function volumeStatus(volume: PersistentVolume, seen: Seen): readonly VolumeStatus[] {
  if (volume.existingClaim !== undefined) return [{ name: volume.name, claim: volume.existingClaim }]
  return claimsOf(seen, volume).map((claim) => describeClaim(volume.name, claim))
}

function describeClaim(name: string, claim: ClaimFact): VolumeStatus {
  const { phase, capacity, requested } = claim
  return {
    name,
    claim: claim.name,
    phase,
    ...(capacity === undefined ? {} : { capacity }),
    ...(requested === undefined ? {} : { requested }),
  }
}
