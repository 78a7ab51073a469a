// The fingerprint of a child: what was asked for, so that asking twice writes once.
import { hash16 } from '#lib/hash.ts'
import type { ChildFact } from './facts.ts'
import type { ChildKind } from './generated/kinds.ts'
import type { Child } from './ports.ts'

/** Half of a hash says whether the pods are asked for in another form, the other half whether anything is. */
const HALF = 8

const templates: Partial<Readonly<Record<ChildKind, string>>> = {
  Deployment: 'template',
  StatefulSet: 'template',
  CronJob: 'jobTemplate',
}

/**
 * Value of the annotation `applied`. For Pods it covers the spec only, since a changed label must not start a new
 * instance; for everything else the whole object. Builders are deterministic, so equal wishes have equal text.
 */
export function appliedHash(child: Child): string {
  if (child.kind === 'Pod') return hash16(JSON.stringify(child.object.spec))
  const field = templates[child.kind]
  if (field === undefined) return hash16(JSON.stringify(child.object))
  const { [field]: template, ...spec } = { [field]: undefined, ...child.object.spec }
  const pods = hash16(JSON.stringify(template) ?? '')
  const whole = hash16(`${JSON.stringify({ ...child.object, spec })}${pods}`)
  return `${pods.slice(0, HALF)}${whole.slice(0, HALF)}`
}

/** The part of the fingerprint that a change of the pods moves. A Service has no pods. */
export function instanceHash({ kind, applied }: Pick<ChildFact, 'kind' | 'applied'>): string {
  if (kind === 'Pod') return applied
  return templates[kind] === undefined ? '' : applied.slice(0, HALF)
}
