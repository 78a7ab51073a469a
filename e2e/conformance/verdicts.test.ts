// What kstatus (Flux, Helm) and Argo CD make of every row of the state table, for each kind.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { resourceIn, stateTable, type Row } from '#testing/state-table.ts'
import { openJudges, type Judges, type Verdict } from './programs.ts'

const rows = stateTable()
const healthOf = { Current: 'Healthy', InProgress: 'Progressing', Failed: 'Degraded' } as const

function argoOf({ expected }: Row): string {
  const isSuspended = expected.kstatus === 'Current' && expected.also.includes('Suspended')
  return isSuspended ? 'Suspended' : healthOf[expected.kstatus]
}

function told(verdicts: readonly Verdict[]): readonly string[] {
  return rows.map(({ kind, situation }, index) => `${kind}: ${situation}: ${verdicts[index]?.status ?? 'none'}`)
}

/** The sentence of the condition that decides. */
function sentenceIn(resource: object): string {
  const { status = {} }: { readonly status?: { readonly conditions?: readonly { type: string; message: string }[] } } =
    resource
  const of = (wanted: string) => status.conditions?.find(({ type }) => type === wanted)?.message
  return of('Stalled') ?? of('Reconciling') ?? of('Ready') ?? ''
}

describe('verdicts of others', () => {
  let judges: Judges | undefined

  beforeAll(async () => {
    judges = await openJudges()
  }, 600_000)

  beforeEach((context) => {
    context.skip(judges === undefined, 'Go is missing; see [conformance] above')
  })

  it('kstatus says of every row what is listed', async () => {
    const verdicts = await judges?.kstatus(rows.map(resourceIn))

    expect(told(verdicts ?? [])).toEqual(
      rows.map(({ kind, situation, expected }) => `${kind}: ${situation}: ${expected.kstatus}`),
    )
  })

  it('Argo CD says of every row what follows from that', async () => {
    const verdicts = await judges?.argo(rows.map(resourceIn))

    expect(told(verdicts ?? [])).toEqual(rows.map((row) => `${row.kind}: ${row.situation}: ${argoOf(row)}`))
  })

  it('both pass on our sentence when something is wrong', async () => {
    const failed = rows.filter(({ expected }) => expected.kstatus === 'Failed').map(resourceIn)

    const found = [await judges?.kstatus(failed), await judges?.argo(failed)]

    const sentences = failed.map(sentenceIn)
    expect(found.map((verdicts) => verdicts?.map(({ message }) => message))).toEqual([sentences, sentences])
  })

  it('a resource on its way out, one that is gone, and one just applied', async () => {
    const [row] = rows.filter(({ situation }) => situation === 'runs and is ready')
    const resource = { metadata: {}, ...(row === undefined ? {} : resourceIn(row)) }
    const leaving = { ...resource, metadata: { ...resource.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    const edited = { ...resource, metadata: { ...resource.metadata, generation: 2 } }

    const verdicts = await judges?.kstatus([leaving, null, edited])

    expect(verdicts?.map(({ status }) => status)).toEqual(['Terminating', 'NotFound', 'InProgress'])
    expect(await judges?.argo([edited])).toEqual([{ status: 'Progressing', message: 'waiting for the operator' }])
  })

  it('a missing Go is said, or fails where tools are required', async () => {
    await expect(openJudges({ PATH: '/nowhere' })).resolves.toBeUndefined()
    await expect(openJudges({ PATH: '/nowhere', REQUIRE_TOOLS: '1' })).rejects.toThrow('REQUIRE_TOOLS=1')
  })
})
