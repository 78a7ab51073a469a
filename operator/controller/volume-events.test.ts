import { describe, expect, it } from 'vitest'
import type { VolumeStatus } from '#api/generated/kinds.ts'
import { volumeEvents } from './volume-events.ts'

const bound: VolumeStatus = { name: 'data', claim: 'data-report-0', phase: 'Bound', requested: '1Gi', capacity: '1Gi' }

function status(reason: string, ...volumes: readonly VolumeStatus[]) {
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const ready = { type: 'Ready', status: 'False', reason, message: `${reason}.`, lastTransitionTime } as const
  return { observedGeneration: 1, active: true, healthy: true, conditions: [ready], volumes }
}

describe('a change of the claims', () => {
  it.each<[string, VolumeStatus, VolumeStatus, readonly string[]]>([
    ['no change', bound, bound, []],
    ['another spelling', bound, { ...bound, requested: '1024Mi' }, []],
    ['growth is asked for', bound, { ...bound, requested: '2Gi' }, ['VolumeExpanding']],
    [
      'growth is reached',
      { ...bound, requested: '2Gi' },
      { ...bound, requested: '2Gi', capacity: '2Gi' },
      ['VolumeExpanded'],
    ],
    ['growth is not reached yet', { ...bound, requested: '3Gi' }, { ...bound, requested: '3Gi', capacity: '2Gi' }, []],
    [
      'both between two looks',
      bound,
      { ...bound, requested: '2Gi', capacity: '2Gi' },
      ['VolumeExpanding', 'VolumeExpanded'],
    ],
    ['the first volume', { name: 'data', claim: 'data-report-0', requested: '1Gi' }, bound, []],
  ])('%s', (_what, before, after, reasons) => {
    const events = volumeEvents({ before: status('Running', before), after: status('Running', after) })

    expect(events.map(({ reason }) => reason)).toEqual(reasons)
  })
})

describe('a volume that fails', () => {
  it('is told once', () => {
    const failed = status('VolumePending', bound)

    expect(volumeEvents({ before: status('Running', bound), after: failed })).toMatchObject([
      { type: 'Warning', reason: 'VolumeFailed', note: 'VolumePending.' },
    ])
    expect(volumeEvents({ before: failed, after: failed })).toEqual([])
  })

  it.each([[{ ...bound, phase: 'Pending' }], []])(
    'is not one that only waits for its first volume: %j',
    (...volumes) => {
      expect(volumeEvents({ before: status('Starting'), after: status('VolumePending', ...volumes) })).toEqual([])
    },
  )
})
