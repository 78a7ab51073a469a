// Each illegal sample breaks its rule and no other, and says so in its comment.
import { describe, expect, it } from 'vitest'
import { ruleCases } from '#api/rule-cases/index.ts'
import { validateName, validateSpec } from '#api/validate.ts'
import { readIllegalSamples } from './support/illegal-samples.ts'

const samples = readIllegalSamples()

describe('illegal samples', () => {
  it('are one per rule', () => {
    expect(samples.map(({ rule }) => rule).toSorted()).toEqual(Object.keys(ruleCases).toSorted())
  })

  it.each(samples)('$rule is refused with the sentence of its comment', ({ kind, name, spec, old, expected }) => {
    const outcome = validateSpec(kind, spec, old)

    const problems = outcome.type === 'valid' ? [] : outcome.problems
    expect([...problems, ...validateName(kind, name, Object(spec))]).toEqual([expected])
  })
})
