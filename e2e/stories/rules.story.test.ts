// The table of rules on a real API server: the same verdicts, paths and sentences as those of the twins.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ruleCases, type RuleCase } from '#api/rule-cases/index.ts'
import { validateSpec } from '#api/validate.ts'
import { testCluster } from '../cluster/fixture.ts'
import { needsCluster, openWorld, type World } from '../support/world.ts'
import { store, tryCreate, tryReplace, type Attempt, type Verdict } from '../support/verdict.ts'
import { transitions } from '../support/transitions.ts'

const cases: readonly (readonly [string, RuleCase])[] = Object.entries(ruleCases).flatMap(([id, list]) =>
  list.map((one, index) => [`${id}-${index}`, one] as const),
)

describe('rules on an API server', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('rules')
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it.each(cases)('%s accepts what it should', async (id, one) => {
    const verdict = await judge(one, { kind: one.kind, name: one.names?.accepted ?? nameOf(id), spec: one.accepted })

    expect(verdict).toMatchObject({ ok: true, problems: [] })
  })

  it.each(cases)('%s refuses with its path and its sentence, and nothing else does', async (id, one) => {
    const verdict = await judge(one, { kind: one.kind, name: one.names?.refused ?? nameOf(id), spec: one.refused })

    expect(verdict).toMatchObject({ ok: false, problems: [{ path: one.path, message: one.message }] })
  })

  it.each(transitions)('an edit: $what', async ({ what, before, after, problems }) => {
    const kind = 'WorkloadPersistent'
    const name = nameOf(`edit-${what}`)
    await store(world, { kind, name, spec: before })

    const verdict = await tryReplace(world, { kind, name, spec: after })

    expect(verdict).toMatchObject({ ok: problems.length === 0, problems })
    const twin = validateSpec(kind, after, before)
    expect(twin.type === 'valid' ? [] : twin.problems).toEqual(problems)
  })

  /** A rule about edits is judged on an edit, which needs a stored resource. */
  async function judge(one: RuleCase, attempt: Attempt): Promise<Verdict> {
    if (one.old === undefined) return await tryCreate(world, attempt)
    const stored = { ...attempt, name: `${attempt.name}-${attempt.spec === one.accepted ? 'a' : 'r'}` }
    await store(world, { ...stored, spec: one.old })
    return await tryReplace(world, stored)
  }
})

function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
}
