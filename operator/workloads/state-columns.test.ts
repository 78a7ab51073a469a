// Each row of the state table, for each kind: conditions, booleans and the state that lists show.
import { describe, expect, it } from 'vitest'
import { createWorkloads } from '#api/view.ts'
import { given } from '#testing/given.ts'
import { lookAt } from '#testing/seen.ts'
import { resourceIn, stateTable, type Columns, type Row } from '#testing/state-table.ts'

const abnormal = ['Reconciling', 'Stalled', 'Suspended', 'Paused']
const views = createWorkloads({ tenant: 'default', namespace: 'default' })

function said(row: Row): Omit<Columns, 'kstatus'> {
  const { kind, found } = row
  const { status = {} }: { readonly status?: object } = resourceIn(row)
  const cr = given.cr({ kind, status, annotations: found?.annotations ?? {} })
  const { active, healthy, state } = views.look(cr)
  const conditions = found === undefined ? [] : (lookAt(kind).report(found).status.conditions ?? [])
  const ready = conditions.find(({ type }) => type === 'Ready')
  return {
    ready: ready === undefined ? 'none' : `${ready.status} ${ready.reason}`,
    active,
    healthy,
    also: conditions.filter(({ type }) => abnormal.includes(type)).map(({ type }) => type),
    api: state,
  }
}

describe('the state table', () => {
  it.each(stateTable())('$kind: $situation', (row) => {
    const { kstatus: _others, ...expected } = row.expected

    expect(said(row)).toEqual(expected)
  })

  it.each(stateTable())('$kind: $situation: the booleans are conditions too', ({ kind, found }) => {
    if (found === undefined) return
    const { active, healthy, conditions = [] } = lookAt(kind).report(found).status

    const statusOf = (type: string) => conditions.find((condition) => condition.type === type)?.status

    expect([statusOf('Active'), statusOf('Healthy')]).toEqual([active ? 'True' : 'False', healthy ? 'True' : 'False'])
  })
})
