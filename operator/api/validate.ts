// Checks a spec as the API server would, and fills in the defaults. It never throws, whatever JSON it is given, and
// never changes its input. A spec of the wrong shape is told its shape first: rules are judged only when that is right.
import { isObject } from '#lib/json.ts'
import { checkOf, type Check } from './checks.ts'
import { duplicatesIn } from './duplicates.ts'
import type { KindName, RuleId, Specs } from './generated/kinds.ts'
import { schemas } from './generated/schema.ts'
import { describeErrors } from './problems.ts'
import type { Problem } from './problems.ts'
import { sentences, twins } from './rules.ts'
import { models } from './schema/index.ts'
import type { Rule } from './schema/model.ts'

export type { Problem } from './problems.ts'

export type Validated<K extends KindName> =
  | { readonly type: 'valid'; readonly spec: Specs[K] }
  | { readonly type: 'invalid'; readonly problems: readonly Problem[] }

/** `old` is the spec before an edit, without which the rules about edits are not judged. */
export function validateSpec<K extends KindName>(kind: K, spec: unknown, old?: unknown): Validated<K> {
  if (spec === undefined || spec === null) return invalid([{ path: 'spec', message: 'Required value' }])
  const { check, specRules } = checkerOf(kind)
  const filled = copy(spec)
  const errors = [...(check(filled) ? [] : (check.errors ?? [])), ...duplicatesIn(schemas[kind], filled)]
  if (errors.length > 0) return invalid(describeErrors(errors, filled))

  const before = old === undefined ? undefined : shaped(kind, old)
  const problems = brokenRules(specRules, { spec: copy(spec) }, { spec: before })
  return problems.length > 0 ? invalid(problems) : { type: 'valid', spec: filled as Specs[K] }
}

/** Judges what only a new resource must satisfy: a name from which the names of children can be made. */
export function validateName(kind: KindName, name: string, spec: Readonly<object>): readonly Problem[] {
  return brokenRules(checkerOf(kind).nameRules, { metadata: { name }, spec }, undefined)
}

function invalid<K extends KindName>(problems: readonly Problem[]): Validated<K> {
  return { type: 'invalid', problems }
}

/** Typed parts are less deep. What lies deeper is not changed by anyone, so it can be shared. */
const DEEPEST = 32

/** A copy without `null`, which stands for an absent field. Not recursive without bound: JSON can be very deep. */
function copy(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1))
  const present = Object.entries(value).filter(([, item]) => item !== null && item !== undefined)
  // Not by assignment: a field called __proto__ is data.
  return Object.fromEntries(present.map(([name, item]) => [name, copy(item, depth + 1)]))
}

/** The spec before an edit as it was given; undefined when its shape is unknown, so that nothing can be compared. */
function shaped(kind: KindName, old: unknown): unknown {
  return checkerOf(kind).check(copy(old)) ? copy(old) : undefined
}

interface Checker {
  readonly check: Check
  readonly specRules: readonly KnownRule[]
  readonly nameRules: readonly KnownRule[]
}

const checkers = new Map<KindName, Checker>()

/** Compiled when first needed: four schemas take a noticeable part of the start-up time. */
function checkerOf(kind: KindName): Checker {
  const known = checkers.get(kind)
  if (known !== undefined) return known
  const rules = models.find((model) => model.kind === kind)?.rules.flatMap((rule) => prepare(rule)) ?? []
  const checker = {
    check: checkOf(kind),
    specRules: rules.filter((rule) => !rule.onCreate),
    nameRules: rules.filter((rule) => rule.onCreate),
  }
  checkers.set(kind, checker)
  return checker
}

interface KnownRule {
  readonly id: RuleId
  readonly rule: Rule
  /** 'spec.extraEnv[].name' → ['spec', 'extraEnv', '[]', 'name'] */
  readonly steps: readonly string[]
  readonly onCreate: boolean
  readonly comparesWithOld: boolean
}

function prepare(rule: Rule): readonly KnownRule[] {
  const { id, path, cel, optionalOldSelf } = rule
  if (!isRuleId(id)) return []
  const steps = path
    .replaceAll('[]', '.[]')
    .split('.')
    .filter((step) => step !== '')
  const onCreate = optionalOldSelf === true
  return [{ id, rule, steps, onCreate, comparesWithOld: !onCreate && cel.includes('oldSelf') }]
}

function isRuleId(id: string): id is RuleId {
  return Object.hasOwn(twins, id)
}

function brokenRules(rules: readonly KnownRule[], root: unknown, old: unknown): readonly Problem[] {
  return rules.flatMap((known) =>
    findPlaces({ path: '', value: root, old }, known.steps)
      .filter((place) => isBroken(known, place))
      .map((place) => problemOf(known, place)),
  )
}

function isBroken({ id, comparesWithOld }: KnownRule, { value, old }: Place): boolean {
  if (comparesWithOld && old === undefined) return false
  return !twins[id](value, old)
}

function problemOf({ id, rule }: KnownRule, { path, value, old }: Place): Problem {
  const message = sentences[id]?.(value, old) ?? rule.message
  return { path: `${path}${rule.fieldPath ?? ''}`.replace(/^[.]/, ''), message }
}

interface Place {
  readonly path: string
  readonly value: unknown
  /** What stood here before the edit; undefined when nothing did. */
  readonly old: unknown
}

/** Every place below this one that the steps lead to, from the step with number `next` on. */
function findPlaces(place: Place, steps: readonly string[], next = 0): readonly Place[] {
  if (place.value === undefined) return []
  const step = steps[next]
  if (step === undefined) return [place]
  if (step === '[]') return itemsOf(place).flatMap((item) => findPlaces(item, steps, next + 1))
  const path = place.path === '' ? step : `${place.path}.${step}`
  return findPlaces({ path, value: fieldOf(place.value, step), old: fieldOf(place.old, step) }, steps, next + 1)
}

/** Items before and after an edit belong together by their name, as in the API server. */
function itemsOf({ path, value, old }: Place): readonly Place[] {
  if (!Array.isArray(value)) return []
  const before: readonly unknown[] = Array.isArray(old) ? old : []
  return value.map((item: unknown, index) => ({
    path: `${path}[${index}]`,
    value: item,
    old: before.find((other) => fieldOf(other, 'name') === fieldOf(item, 'name')),
  }))
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
