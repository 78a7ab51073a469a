import { describe, expect, it } from 'vitest'
import { ruleCases } from './rule-cases/index.ts'
import type { RuleCase } from './rule-cases/index.ts'
import { twins } from './rules.ts'
import { models } from './schema/index.ts'
import { validateName, validateSpec } from './validate.ts'
import type { Problem } from './validate.ts'

const cases: readonly (readonly [string, RuleCase])[] = Object.entries(ruleCases).flatMap(([id, list]) =>
  list.map((one) => [id, one] as const),
)

describe('rules', () => {
  it.each(cases)('%s accepts what it should', (_, expected) => {
    expect(judge(expected, 'accepted')).toEqual([])
  })

  it.each(cases)('%s refuses with its path and its sentence, and nothing else does', (_, expected) => {
    expect(judge(expected, 'refused')).toEqual([{ path: expected.path, message: expected.message }])
  })

  it('have a twin each, and no twin is without a rule', () => {
    const ids = models.flatMap((model) => model.rules.map((rule) => rule.id))

    expect(Object.keys(twins).toSorted()).toEqual([...new Set(ids)].toSorted())
  })

  it('of one id have one sentence', () => {
    const sentences = new Map<string, Set<string>>()
    for (const rule of models.flatMap((model) => model.rules)) {
      sentences.set(rule.id, (sentences.get(rule.id) ?? new Set()).add(rule.message))
    }

    expect([...sentences].filter(([, texts]) => texts.size > 1)).toEqual([])
  })

  it.each([
    [{ gracePeriod: '2562048h' }, 'spec.gracePeriod'],
    [{ backoff: { initial: '1s', max: '2562048h' } }, 'spec.backoff'],
    [{ backoff: { initial: '9999999999h' } }, ''],
    [{ gracePeriod: '2562047h', backoff: { initial: '1s', max: '2562047h' } }, ''],
  ])('refuse a duration of more than 292 years where the API server does: %j', (fields, path) => {
    const outcome = validateSpec('WorkloadProcess', { image: 'a', ...fields })

    expect(outcome.type === 'valid' ? '' : outcome.problems.map((problem) => problem.path).join()).toBe(path)
  })

  it('about edits are not judged without the spec before', () => {
    const shrunk = ruleCases.V6[0]?.refused

    expect(validateSpec('WorkloadPersistent', shrunk).type).toBe('valid')
  })

  it('about edits are not judged when the spec before has an unknown shape', () => {
    const shrunk = ruleCases.V6[0]?.refused

    expect(validateSpec('WorkloadPersistent', shrunk, { persistentVolumes: 'none' }).type).toBe('valid')
  })
})

function judge(one: RuleCase, which: 'accepted' | 'refused'): readonly Problem[] {
  const spec = one[which]
  const outcome = validateSpec(one.kind, spec, one.old)
  const problems = outcome.type === 'valid' ? [] : outcome.problems
  return [...problems, ...validateName(one.kind, one.names?.[which] ?? 'sample', spec)]
}
