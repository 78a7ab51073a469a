// Turns a definition of a kind into what the engine holds: the spec is parsed and checked here, once per look, and the
// kind is hidden. What holds for every kind whatever its spec says is decided here too: an invalid spec, a pause and a
// resource on its way out change no child.
import type { KindName } from '#api/generated/kinds.ts'
import { validateSpec, type Validated } from '#api/validate.ts'
import { soonest } from './parts/conditions.ts'
import { answerTo, confirmedDead, type ConfirmedDead } from './parts/declared-dead.ts'
import { forcedDead, forceRequeueMs, policyIn, type Policied } from './parts/force.ts'
import { refOf } from './parts/grant.ts'
import { withHistory } from './parts/history.ts'
import { overlayProblems, withOverlaidMetadata } from './parts/overlay.ts'
import { isPaused } from './parts/pause.ts'
import { withPolicyInUse, withValuesInUse } from './parts/unobserved.ts'
import { heldAsTheyAre, reportRefused, type Refusal } from './refusal.ts'
import type { Desired, Look, Observed, Reported, Snapshot, Workload, WorkloadDefinition } from './workload.ts'

export function defineWorkload<K extends KindName>(definition: WorkloadDefinition<K>): Workload {
  const validate = remembered((text) => validateSpec(definition.kind, parse(text)))
  return { kind: definition.kind, look: (seen) => look(definition, validate(seen.cr.spec), seen) }
}

function look<K extends KindName>(definition: WorkloadDefinition<K>, checked: Validated<K>, seen: Observed): Look {
  if (checked.type === 'invalid') {
    const policy = policyIn(parse(seen.cr.spec))
    return refused({ reason: 'InvalidSpec', problems: checked.problems, policy }, seen)
  }
  const problems = overlayProblems(checked.spec.podTemplate)
  if (problems.length > 0) return refused({ reason: 'InvalidPodTemplate', problems, policy: checked.spec }, seen)
  const spec = withOverlaidMetadata(checked.spec)
  const snapshot = (observed: Observed): Snapshot<K> => ({
    ...observed,
    resource: {
      kind: definition.kind,
      namespace: observed.cr.namespace,
      name: observed.cr.name,
      uid: observed.cr.uid,
      generation: observed.cr.generation,
      spec: withPolicyInUse(spec, observed),
    },
  })
  const desired = (before: Snapshot<K>): Desired => definition.desired(before)
  const status = (after: Snapshot<K>): Reported => withValuesInUse(definition.status(after), after)
  return answering({ snapshot, desired, status }, seen)
}

/** All children stay as they are; a pod that counts as dead by somebody's word is dead whatever the spec says. */
function refused(refusal: Refusal, seen: Observed): Look {
  const snapshot = (observed: Observed): Policied => ({ ...observed, resource: { spec: refusal.policy } })
  const status = (after: Policied): Reported => reportRefused(refusal, after)
  const { desired, ...look } = answering({ snapshot, desired: heldAsTheyAre, status }, seen)
  return desired?.declaredDead === undefined ? look : { ...look, desired }
}

/** What a look wishes and says, before the words that hold for every kind. */
interface Said<S extends Policied> {
  snapshot(observed: Observed): S
  desired(seen: S): Desired
  status(after: S): Reported
}

function answering<S extends Policied>(said: Said<S>, seen: Observed): Look {
  const asked = confirmedDead(seen)
  const before = said.snapshot(seen)
  const desired = isHandsOff(seen) ? undefined : withDeaths(said.desired(before), asked, before)
  const status = (observed: Observed): Reported => {
    const after = said.snapshot(observed)
    const answered = withAnswer(withPatience(said.status(after), after), asked, after)
    const confirmed: ConfirmedDead = answered.answer?.isRefused === false ? asked : { type: 'none' }
    const replaced = new Set(desired?.replace?.map(({ uid }) => uid))
    return withHistory(answered, { seen: observed, podsBefore: seen.pods, confirmed, replaced })
  }
  return { ...(desired === undefined ? {} : { desired }), status }
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
