// Turns a definition of a kind into what the engine holds: the spec is parsed and checked here, once per look, and the
// kind is hidden. What holds for every kind whatever its spec says is decided here too: an invalid spec, a pause and a
// resource on its way out change no child.
import type { PodFact } from '#api/facts.ts'
import type { KindName } from '#api/generated/kinds.ts'
import type { StatusPatch } from '#api/ports.ts'
import type { RefusedReason } from '#api/reasons.ts'
import { validateSpec, type Problem, type Validated } from '#api/validate.ts'
import type { Acceptance, Statement } from './parts/conditions.ts'
import { answerTo, confirmedDead, type ConfirmedDead } from './parts/declared-dead.ts'
import { soonest } from './parts/conditions.ts'
import { forcedDead, forceRequeueMs, type Policied } from './parts/force.ts'
import { refOf } from './parts/grant.ts'
import { withHistory } from './parts/history.ts'
import { overlayProblems, withOverlaidMetadata } from './parts/overlay.ts'
import { isPaused, wasSuspended } from './parts/pause.ts'
import { unended } from './parts/proof.ts'
import type { State } from './parts/state.ts'
import { buildHead, newest, resourceRef } from './parts/status.ts'
import type { Desired, Look, Observed, Reported, Snapshot, Workload, WorkloadDefinition } from './workload.ts'

export function defineWorkload<K extends KindName>(definition: WorkloadDefinition<K>): Workload {
  const validate = remembered((text) => validateSpec(definition.kind, parse(text)))
  return { kind: definition.kind, look: (seen) => look(definition, validate(seen.cr.spec), seen) }
}

function look<K extends KindName>(definition: WorkloadDefinition<K>, checked: Validated<K>, seen: Observed): Look {
  const asked = confirmedDead(seen)
  if (checked.type === 'invalid') return refused(seen, 'InvalidSpec', checked.problems)
  const problems = overlayProblems(checked.spec.podTemplate)
  if (problems.length > 0) return refused(seen, 'InvalidPodTemplate', problems)
  const spec = withOverlaidMetadata(checked.spec)
  const snapshot = (observed: Observed): Snapshot<K> => ({
    ...observed,
    resource: {
      kind: definition.kind,
      namespace: observed.cr.namespace,
      name: observed.cr.name,
      uid: observed.cr.uid,
      generation: observed.cr.generation,
      spec,
    },
  })
  const desired = isHandsOff(seen) ? undefined : withDeaths(definition.desired(snapshot(seen)), asked, snapshot(seen))
  const status = (after: Observed): Reported => {
    const patient = withPatience(definition.status(snapshot(after)), snapshot(after))
    const answered = withAnswer(patient, asked, after)
    const confirmed: ConfirmedDead = answered.answer?.isRefused === false ? asked : { type: 'none' }
    const replaced = new Set(desired?.replace?.map(({ uid }) => uid))
    return withHistory(answered, { seen: after, podsBefore: seen.pods, confirmed, replaced })
  }
  return { ...(desired === undefined ? {} : { desired }), status }
}

function refused(seen: Observed, reason: RefusedReason, problems: readonly Problem[]): Look {
  const nothing = { podsBefore: seen.pods, confirmed: { type: 'none' }, replaced: new Set<string>() } as const
  return { status: (after) => withHistory(reportRefused(reason, problems, after), { seen: after, ...nothing }) }
}

function withDeaths(desired: Desired, asked: ConfirmedDead, seen: Policied): Desired {
  const dead = [...(asked.type === 'declared' ? [asked.pod] : []), ...forcedDead(seen)].map(refOf)
  return dead.length === 0 ? desired : { ...desired, declaredDead: dead }
}

function withPatience(reported: Reported, seen: Policied): Reported {
  const requeueAfterMs = soonest([reported.requeueAfterMs, forceRequeueMs(seen)])
  return { ...reported, ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }) }
}

/** Any kind may be asked to take a pod for dead. */
function withAnswer(reported: Reported, asked: ConfirmedDead, after: Observed): Reported {
  const answer = answerTo(asked, after)
  const handled = answer === undefined || asked.type === 'none' ? after.stored.lastHandledConfirmDead : asked.uid
  const field = handled === undefined ? {} : { lastHandledConfirmDead: handled }
  return { ...reported, status: { ...reported.status, ...field }, ...(answer === undefined ? {} : { answer }) }
}

// A new workload is looked at about six times within a second, and validation is a tenth of the work.
const REMEMBERED = 64
const REMEMBERED_LENGTH = 8192

/** The last answers of a pure function of a text. */
function remembered<V>(of: (text: string) => V): (text: string) => V {
  const known = new Map<string, V>()
  return (text) => {
    const found = known.get(text) ?? of(text)
    known.delete(text)
    if (text.length <= REMEMBERED_LENGTH) known.set(text, found)
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size > REMEMBERED) known.delete(oldest)
    return found
  }
}

/** Text that is no JSON cannot come from the API server; it counts as a spec of the wrong shape. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Garbage collection takes the children of a deleted resource; creating one now would work against it. */
function isHandsOff(seen: Observed): boolean {
  return isPaused(seen) || seen.cr.deleting || seen.role === 'hands-off'
}

/** What ran runs on, and is told as it is seen; the rest of the stored status stays. */
function reportRefused(reason: RefusedReason, problems: readonly Problem[], seen: Observed): Reported {
  const pods = unended(seen.pods, seen.gone).filter((pod) => !pod.gated)
  const acceptance: Acceptance = { type: 'refused', reason, message: sentenceOf(problems) }
  const verdict = {
    state: asSeen(seen, pods),
    acceptance,
    exclusive: exclusiveAsStored(seen),
    suspended: wasSuspended(seen),
    timeoutMs: 0,
  }
  const resources = seen.children.map((fact) => resourceRef(fact, fact.kind !== 'Pod' || fact.ready))
  const { head } = buildHead({ verdict, pod: newest(pods), resources }, seen)
  const stored: StatusPatch = unstamped(seen)
  return { status: { ...stored, ...head } }
}

function sentenceOf(problems: readonly Problem[]): string {
  const found = problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return `${found}. What runs is left as it is; correct the spec.`
}

function asSeen(seen: Observed, pods: readonly PodFact[]): State {
  const schedule = seen.children.find((fact) => fact.kind === 'CronJob')
  const active = schedule?.kind === 'CronJob' ? !schedule.suspended : pods.length > 0
  const isKept = schedule !== undefined || (pods.length === 0 && isAtRest(seen))
  const healthy = isKept ? seen.stored.healthy === true : pods.some((pod) => pod.ready)
  return { reason: 'NotAccepted', message: '', active, healthy, progress: 'stuck' }
}

/** Nothing runs, and nothing should: a refused edit changes that as little as it does what runs. */
function isAtRest(seen: Observed): boolean {
  return wasSuspended(seen) || ('completion' in seen.stored && seen.stored.completion !== undefined)
}

/** Nothing new is started, so what was true of what runs stays true. */
function exclusiveAsStored(seen: Observed): Statement {
  const stored = seen.stored.conditions?.find((condition) => condition.type === 'Exclusive')
  return stored ?? { status: 'Unknown', reason: 'NotGuaranteed', message: 'The spec is not accepted.' }
}

/** The grant has its own writer, and the leader is stamped. */
function unstamped({ stored }: Observed): StatusPatch {
  const { grant: _grant, leader: _leader, ...rest } = { grant: undefined, ...stored }
  return { observedGeneration: -1, active: false, healthy: false, ...rest }
}
