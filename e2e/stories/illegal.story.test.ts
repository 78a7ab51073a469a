// Each illegal sample, applied as a person would: kubectl prints the sentence of its comment and nothing else.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testCluster } from '../cluster/fixture.ts'
import { readIllegalSamples } from '../support/illegal-samples.ts'
import { needsCluster, openWorld, type World } from '../support/world.ts'

describe('illegal samples on an API server', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('illegal')
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it.each(readIllegalSamples())('$rule', async ({ kind, name, file, old, expected }) => {
    const { ok, output } = await world.kubectl.attempt(['apply', '-n', world.namespace, '-f', file])

    expect(ok).toBe(false)
    const refusals = output.split('\n').filter((line) => line !== '' && !line.endsWith(' created'))
    // The server may print the value before the sentence.
    expect(refusals.slice(1)).toEqual([])
    const [refusal = ''] = refusals
    expect(refusal).toContain(`The ${kind} "${name}" is invalid: ${expected.path}: Invalid value: `)
    expect(refusal.endsWith(`: ${expected.message}`)).toBe(true)
    if (old !== undefined) await world.remove(kind, name)
  })
})
