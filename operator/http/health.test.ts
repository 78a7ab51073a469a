import { describe, expect, it } from 'vitest'
import type { OperatorView } from '#api/view.ts'
import { fakeOperatorView, fakeStores, standbyLeadership, syncedStates } from '#testing/fake-views.ts'
import { NOW_MS } from '#testing/given.ts'
import { readyz } from './health.ts'

function seen(over: Partial<OperatorView>, nowMs = NOW_MS, isVerbose = false): unknown[] {
  const answer = readyz(fakeOperatorView(over), nowMs, isVerbose)
  return answer.type === 'text' ? [answer.status, answer.text] : []
}

const caches = (over: Parameters<typeof syncedStates>[0]): OperatorView['informers'] => {
  return () => ({ states: syncedStates(over), stores: fakeStores() })
}

describe('readiness', () => {
  it('holds for a leader and for a standby alike', () => {
    expect(seen({})).toEqual([200, 'ok'])
    expect(seen({ leadership: standbyLeadership })).toEqual([200, 'ok'])
  })

  it.each<[string, Partial<OperatorView>]>([
    ['starting', { informers: () => undefined }],
    ['no kubeconfig', { informers: () => undefined, obstacle: () => 'no kubeconfig' }],
    ['shutting down', { isShuttingDown: () => true }],
    ['lock store never reached', { store: () => ({ reached: false, failures: 0 }) }],
    ['lock store never reached: refused', { store: () => ({ reached: false, failures: 3, problem: 'refused' }) }],
    ['caches not synced: pods: the first list is under way', { informers: caches({ Pod: { synced: false } }) }],
    [
      'caches not synced: workloadprocesses: the CRD is not installed',
      {
        informers: caches({
          WorkloadProcess: { synced: false, problem: { type: 'missing', sentence: 'the CRD is not installed' } },
        }),
      },
    ],
  ])('says no with the reason: %s', (reason, over) => {
    expect(seen(over)).toEqual([503, `not ready - ${reason}`])
  })

  it('names every reason', () => {
    const view = { isShuttingDown: () => true, informers: caches({ Pod: { synced: false } }) }

    expect(seen(view)).toEqual([503, 'not ready - shutting down; caches not synced: pods: the first list is under way'])
  })

  it('ends when a watch was silent for more than three minutes', () => {
    expect(seen({}, NOW_MS + 180_000)).toEqual([200, 'ok'])
    expect(seen({ informers: caches({ Pod: { freshAtMs: NOW_MS - 1 } }) }, NOW_MS + 180_000)).toEqual([
      503,
      'not ready - watch stale: pods',
    ])
  })

  it('does not depend on the nodes', () => {
    const informers = caches({ Node: { synced: false, freshAtMs: 0 } })

    expect(seen({ informers })).toEqual([200, 'ok'])
  })

  it('does not depend on the store after the first contact', () => {
    const store = () => ({ reached: true, answeredAtMs: NOW_MS - 600_000, failures: 9, problem: 'refused' })

    expect(seen({ store })).toEqual([200, 'ok'])
  })

  it('lists every check when asked', () => {
    const [status, text] = seen({ informers: caches({ Pod: { synced: false } }) }, NOW_MS, true)

    expect(status).toBe(503)
    expect(text).toBe(
      [
        '[+]shutdown ok',
        '[+]start ok',
        '[+]lock-store ok',
        '[+]cache/workloadprocesses ok',
        '[+]cache/workloadcronjobs ok',
        '[+]cache/workloadservices ok',
        '[+]cache/workloadpersistents ok',
        '[-]cache/pods caches not synced: pods: the first list is under way',
        '[+]cache/deployments ok',
        'not ready',
        '',
      ].join('\n'),
    )
  })
})
