// Two tenants and one resource: who keeps it, who lets go, who waits.
import { describe, expect, it } from 'vitest'
import { label } from '#api/labels.ts'
import type { StatusPatch } from '#api/ports.ts'
import { claimOf } from '#api/tenant.ts'
import { engineParts } from '#testing/engine.ts'
import { given, type CrOverrides } from '#testing/given.ts'
import { createProofMemory } from './gather.ts'
import { reconcile } from './reconcile.ts'

const settings = { tenant: 'red', namespace: 'prod' }
const leader = { holder: 'r', cluster: 'east', term: 3, since: '2026-01-01T00:00:00Z' }
const claimedBy = (tenant: string) => ({
  observedGeneration: 1,
  active: true,
  healthy: true,
  leader: { ...leader, tenant },
})
const named = (tenant: string) => ({ [label.tenant]: tenant })
const never = new AbortController().signal

describe('the claim on a resource', () => {
  it.each<[string, CrOverrides, string]>([
    ['named, not claimed', { labels: named('red') }, 'ours'],
    ['named, claimed by us', { labels: named('red'), status: claimedBy('red') }, 'ours'],
    ['named, claimed by another', { labels: named('red'), status: claimedBy('blue') }, 'awaited'],
    ['named, let go by another', { labels: named('red'), status: { leader } }, 'ours'],
    ['another is named', { labels: named('blue') }, 'foreign'],
    ['another is named and has it', { labels: named('blue'), status: claimedBy('blue') }, 'foreign'],
    ['another is named, claimed by us', { labels: named('blue'), status: claimedBy('red') }, 'let-go'],
    ['our namespace, not claimed', {}, 'ours'],
    ['our namespace, claimed by us', { status: claimedBy('red') }, 'ours'],
    ['our namespace, claimed by another', { status: claimedBy('blue') }, 'kept'],
    ['another namespace', { namespace: 'dev' }, 'foreign'],
    ['a status of nonsense', { labels: named('red'), status: { leader: { tenant: 7 } } }, 'ours'],
  ])('%s: %s', (_what, over, expected) => {
    expect(claimOf(given.cr(over), settings)).toBe(expected)
  })

  it.each(['null', '[]', '"tenant"', '{"leader":null,"tenant":1}', '{"tenant"'])('bears a status of %s', (status) => {
    expect(claimOf({ ...given.cr({ labels: named('red') }), status }, settings)).toBe('ours')
  })
})

function setUp(over: CrOverrides) {
  const parts = engineParts()
  const statuses: StatusPatch[] = []
  const writer = { ...parts.writer, status: (_key: unknown, status: StatusPatch) => void statuses.push(status) }
  const deps = { ...parts, writer, tenant: settings, proofs: createProofMemory(), told: new Map() }
  parts.stores.see(given.cr(over))
  const run = () => reconcile('WorkloadProcess/prod/report', deps, given.term(), never)
  return {
    ...parts,
    statuses,
    run,
    see: (next: CrOverrides) => parts.stores.see(given.cr({ resourceVersion: '101', ...next })),
  }
}

describe('a tenant', () => {
  it('lets go of what names another one, and leaves the rest of the status and the children', async () => {
    const { api, statuses, run } = setUp({ labels: named('blue'), status: claimedBy('red') })

    const outcome = await run()

    expect(outcome).toEqual({ type: 'done', untouched: true })
    expect(statuses).toEqual([{ observedGeneration: 1, active: true, healthy: true, leader }])
    expect(api.calls).toEqual([])
  })

  it('leaves alone what another one keeps, and tells it once', async () => {
    const { api, events, statuses, run } = setUp({ status: claimedBy('blue') })

    await run()
    await run()

    expect(events.map(({ reason }) => reason)).toEqual(['ClaimedByOtherTenant'])
    expect([api.calls, statuses]).toEqual([[], []])
  })

  const contested: CrOverrides = { labels: named('red'), status: claimedBy('blue') }

  it('that is named says that it waits, claims nothing, and looks again after a minute', async () => {
    const { api, events, statuses, run } = setUp(contested)

    const outcome = await run()

    expect(outcome).toEqual({ type: 'requeue', afterMs: 60_000 })
    expect(statuses).toMatchObject([
      { ...claimedBy('blue'), conditions: [{ type: 'Accepted', status: 'False', reason: 'ClaimedByOtherTenant' }] },
    ])
    expect(events).toHaveLength(1)
    expect(api.calls).toEqual([])
  })

  it('takes it after a minute of silence, and not before', async () => {
    const { api, clock, run } = setUp(contested)
    await run()
    await clock.advance(59_999)
    expect(await run()).toEqual({ type: 'requeue', afterMs: 1 })
    expect(api.calls).toEqual([])

    await clock.advance(1)
    await run()

    expect(api.calls).toEqual(['create Pod/report-pod'])
  })

  it('takes it at once when it is let go', async () => {
    const { api, contests, run, see } = setUp(contested)
    await run()

    see({ labels: named('red'), status: { ...claimedBy(''), leader } })
    await run()

    expect(api.calls).toEqual(['create Pod/report-pod'])
    expect(contests.size).toBe(0)
  })

  it('counts anew when the claimant has spoken, and tells it once all the same', async () => {
    const { clock, events, run, see } = setUp(contested)
    await run()
    await clock.advance(59_000)
    const spoken = { ...claimedBy('blue'), leader: { ...leader, tenant: 'blue', term: 4 } }

    see({ labels: named('red'), status: spoken })

    expect(await run()).toEqual({ type: 'requeue', afterMs: 60_000 })
    expect(events).toHaveLength(1)
  })
})
