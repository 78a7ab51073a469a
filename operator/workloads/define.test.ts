// What holds for every kind whatever its spec says.
import { describe, expect, it } from 'vitest'
import { kinds } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { given } from '#testing/given.ts'
import { lookAt } from '#testing/seen.ts'
import { registry, workloads } from './registry.ts'

const paused = { annotations: { [annotation.reconcile]: 'disabled' } }
const schedule = '0 0 * * *'

describe.each(kinds)('a resource of kind %s', (kind) => {
  const spec = { image: 'a:1', ...(kind === 'WorkloadCronJob' ? { schedule } : {}) }
  const workload = lookAt(kind)

  it('is in the registry under its own name', () => {
    expect([registry[kind].kind, workloads[kind].kind]).toEqual([kind, kind])
  })

  it.each([
    ['paused', { cr: given.cr({ kind, spec, ...paused }) }],
    ['on its way out', { cr: given.cr({ kind, spec, deleting: true }) }],
    ['of a cluster whose role is not known', { role: 'hands-off' }],
    ['invalid', { cr: given.cr({ kind, spec: { ...spec, image: 5 } }) }],
    ['no JSON', { cr: { ...given.cr({ kind }), spec: '{' } }],
  ] as const)('leaves its children untouched when it is %s', (_what, over) => {
    expect(workload.desired({ over })).toBe('untouched')
  })

  it('observes no newer generation while paused', () => {
    const stored = workload.status({})
    const over = { cr: given.cr({ kind, spec, generation: 2, ...paused }) }

    const status = workload.status({ stored, over })

    expect(status.observedGeneration).toBe(1)
    expect(workload.condition({ stored, over }, 'Paused')).toBe('True PausedByAnnotation')
    expect(status.conditions?.every(({ observedGeneration }) => observedGeneration === 1)).toBe(true)
  })

  describe('with a newer spec that is not observed while paused', () => {
    const isServer = kind === 'WorkloadService' || kind === 'WorkloadPersistent'
    const front = (port: number) =>
      kind === 'WorkloadCronJob' ? {} : { ports: [{ name: 'http', containerPort: port }] }
    const older = { ...front(80), terminationGracePeriodSeconds: 7 }
    const newer = {
      ...front(81),
      securityProfile: 'Unset',
      exclusivity: {
        ...(kind === 'WorkloadProcess' ? {} : { mode: 'BestEffort' }),
        nodeUnreachable: 'ForceAfter',
        forceAfter: '2m',
      },
    }
    const stored = workload.status({ spec: older })
    const waiting = { stored, spec: newer, generation: 2, ...paused }
    const told = ({ effective, ...status }: typeof stored) => ({
      effective,
      address: 'address' in status ? status.address : undefined,
      exclusive: status.conditions?.find(({ type }) => type === 'Exclusive'),
    })

    it('tells what was made of the older one', () => {
      expect(told(workload.status(waiting))).toEqual(told(stored))
      expect(stored.effective).toMatchObject({ exclusivityMode: 'Strict', terminationGracePeriodSeconds: 7 })
    })

    it('names no address that nobody serves, and keeps the one that is served', () => {
      const without = workload.status({})

      expect(told(workload.status({ ...waiting, stored: without })).address).toBe(told(without).address)
      expect(told(workload.status({ ...waiting, spec: {} })).address).toBe(told(stored).address)
    })

    it('still alarms when two instances run', () => {
      const facts = [given.pod({ name: 'a', uid: 'a' }), given.pod({ name: 'b', uid: 'b' })]

      expect(workload.condition({ ...waiting, facts }, 'Exclusive')).toBe('False OverlapDetected')
    })

    it.each([
      ['when the pause ends', { ...waiting, annotations: {} }],
      ['before the first look, when there is nothing else', { ...waiting, stored: {} }],
    ])('tells the newer one %s', (_when, found) => {
      const status = workload.status(found)

      expect(status.effective).toMatchObject({ securityProfile: 'Unset', forceAfter: '2m' })
      if (isServer) expect(told(status).address).toContain('81')
    })
  })

  it('says what is wrong with an invalid spec, and what ran runs on', () => {
    const stored = { recentRestarts: 3, grant: { pod: 'a', uid: 'b', epoch: 1, token: 1 } }
    const over = { cr: given.cr({ kind, generation: 4, spec: { ...spec, image: 5 } }) }
    const facts = kind === 'WorkloadCronJob' ? [given.cronJob()] : [given.pod()]
    const found = { stored, over, facts }

    const status = workload.status(found)

    expect(status).toMatchObject({ observedGeneration: 4, active: true, recentRestarts: 3 })
    expect(status).not.toHaveProperty('grant')
    expect(workload.condition(found, 'Accepted')).toBe('False InvalidSpec')
    expect(workload.condition(found, 'Ready')).toBe('False NotAccepted')
    expect(workload.condition(found, 'Stalled')).toBe('True NotAccepted')
    expect(workload.message(found, 'Accepted')).toContain('spec.image')
  })

  it('warns about what may surprise', () => {
    const message = workload.message({ spec: { image: 'a' } }, 'Accepted')

    expect(workload.condition({ spec: { image: 'a' } }, 'Accepted')).toBe('True AcceptedWithWarnings')
    expect(message).toContain('Image a has no tag.')
    expect(message).toContain('No memory limit is set.')
  })

  it('is accepted without a warning when nothing is to be said', () => {
    const probe = kind === 'WorkloadCronJob' ? {} : { readinessProbe: { exec: { command: ['a'] } } }
    const found = { spec: { image: 'host:5000/a/b:1', resources: { memoryLimit: '1Gi' }, ...probe } }

    expect(workload.condition(found, 'Accepted')).toBe('True Accepted')
  })
})
