// A restart that was asked for by annotation: exactly one new instance, whoever leads and whatever crashes in between.
import { describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

type Restartable = Exclude<KindName, 'WorkloadCronJob'>

const image = 'example.test/report:1'
const asked = (kind: KindName, value: string, spec: object = {}) => ({
  cr: given.cr({ kind, spec: { image, ...spec }, annotations: { [annotation.restartRequestedAt]: value } }),
})
const looked = { conditions: [] }
const completedMain = given.container({ state: 'terminated', ready: false, exitCode: 0, finishedAtMs: NOW_MS })
const completed = given.pod({ phase: 'Succeeded', ready: false, anyRunning: false, main: completedMain })
const givenUp = {
  conditions: [
    {
      type: 'Ready',
      status: 'False' as const,
      reason: 'RestartLimitReached',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    },
  ],
}

describe('a process', () => {
  const process = lookAt('WorkloadProcess')
  const over = asked('WorkloadProcess', 'now')
  const handled = { ...looked, lastHandledRestartAt: 'now' }

  it.each<[string, Found, string]>([
    ['replaced', { facts: [given.pod()], stored: looked, over }, 'write Pod; replace report-pod'],
    ['kept: it is the answer', { facts: [given.pod({ restartedAt: 'now' })], stored: looked, over }, 'write Pod'],
    ['kept: it was handled', { facts: [given.pod()], stored: handled, over }, 'write Pod'],
    ['kept: it was there at creation', { facts: [given.pod()], over }, 'write Pod'],
    ['waited for', { facts: [given.pod({ deleting: true })], stored: looked, over }, 'hold Pod'],
    ['run again: completed', { facts: [completed], stored: looked, over }, 'hold Pod; remove report-pod'],
    ['created: completed and gone', { stored: { ...looked, completion: { at: '', applied: 'x' } }, over }, 'write Pod'],
    ['created: given up', { stored: givenUp, over }, 'write Pod'],
    ['still given up: it was handled', { stored: { ...givenUp, lastHandledRestartAt: 'now' }, over }, 'nothing'],
    ['not made on standby', { stored: looked, over: { ...over, role: 'passive' } }, 'nothing'],
  ])('is %s', (_what, found, expected) => {
    expect(process.desired(found)).toBe(expected)
  })

  it('runs again though it had completed with this very spec', () => {
    const completion = { at: '2026-01-01T00:00:00Z', applied: process.hashOf('Pod') }

    expect(process.desired({ stored: { ...looked, completion } })).toBe('hold Pod')
    expect(process.desired({ stored: { ...looked, completion }, over })).toBe('write Pod')
  })

  it('gets one more chance when it was given up, with a new count', () => {
    const spec = { maxRestarts: 2 }
    const again = { facts: [given.pod({ restartedAt: 'now' })], stored: { ...givenUp, recentRestarts: 2 }, spec }
    const status = process.status({ ...again, over: asked('WorkloadProcess', 'now', spec) })

    expect(status).toMatchObject({ recentRestarts: 0, lastHandledRestartAt: 'now' })
  })

  it('stays to be restarted while it is suspended', () => {
    const suspended = { spec: { suspend: true }, stored: looked }

    const status = process.status({ ...suspended, over: asked('WorkloadProcess', 'now', { suspend: true }) })

    expect(status).not.toHaveProperty('lastHandledRestartAt')
  })

  it.each(['', 'x'.repeat(254)])('is not restarted by a text that is no request', (text) => {
    const none = asked('WorkloadProcess', text)

    expect(process.desired({ facts: [given.pod()], stored: looked, over: none })).toBe('write Pod')
  })
})

describe.each<[Restartable, 'Deployment' | 'StatefulSet']>([
  ['WorkloadService', 'Deployment'],
  ['WorkloadPersistent', 'StatefulSet'],
])('%s', (kind, child) => {
  const look = lookAt(kind)
  const live = (restartedAt?: string) => {
    const own = restartedAt === undefined ? {} : { restartedAt }
    return kind === 'WorkloadService' ? given.deployment(own) : given.statefulSet(own)
  }
  const templateOf = (found: Found): unknown => {
    const spec = look.wish(found)?.children.find((one) => one.kind === child)?.object.spec
    const text = JSON.stringify(spec)
    return /"highlander.plexobject.io\/restarted-at":"([^"]*)"/.exec(text)?.[1]
  }
  const over = asked(kind, 'now')

  it.each<[string, Found, string | undefined]>([
    ['what is asked for', { facts: [live()], stored: looked, over }, 'now'],
    ['what it has, when the request is withdrawn', { facts: [live('then')], stored: looked }, 'then'],
    [
      'what it has, when the request was handled',
      { facts: [live('then')], stored: { ...looked, lastHandledRestartAt: 'now' }, over },
      'then',
    ],
    ['what it has, when the status was lost', { facts: [live('then')], over }, 'then'],
    ['nothing at creation', { over }, undefined],
    ['what it has, on standby', { facts: [live('then')], stored: looked, over: { ...over, role: 'passive' } }, 'then'],
  ])('has in its template %s', (_what, found, expected) => {
    expect(templateOf(found)).toBe(expected)
  })

  it.each<[string, Found, string | undefined]>([
    ['once the template has it', { facts: [live('now')], stored: looked, over }, 'now'],
    ['not before', { facts: [live()], stored: looked, over }, undefined],
    ['at creation', { over }, 'now'],
    ['on standby', { facts: [live()], stored: looked, over: { ...over, role: 'passive' } }, 'now'],
    ['for good', { facts: [live()], stored: { ...looked, lastHandledRestartAt: 'then' } }, 'then'],
  ])('has handled the request %s', (_what, found, expected) => {
    const status = look.status(found)

    expect('lastHandledRestartAt' in status ? status.lastHandledRestartAt : undefined).toBe(expected)
  })
})

describe('a StatefulSet that replaces no pods by itself', () => {
  const persistent = lookAt('WorkloadPersistent')
  const spec = { updateStrategy: 'OnDelete' }
  const over = asked('WorkloadPersistent', 'now', spec)
  const set = given.statefulSet({ restartedAt: 'now' })
  const pod = given.pod({ name: 'report-0', controller: { kind: 'StatefulSet', name: 'report', uid: set.uid } })

  it.each<[string, Found, string]>([
    ['deleted', { facts: [set, pod] }, 'write StatefulSet Service; remove report-0'],
    ['kept until the template is in force', { facts: [{ ...set, generation: 2 }, pod] }, 'write StatefulSet Service'],
    ['kept: it is new', { facts: [set, { ...pod, restartedAt: 'now' }] }, 'write StatefulSet Service'],
    ['waited for', { facts: [set, { ...pod, deleting: true }] }, 'write StatefulSet Service'],
  ])('has its pod %s', (_what, found, expected) => {
    expect(persistent.desired({ ...found, spec, stored: looked, over })).toBe(expected)
  })

  it('has handled the request when its pod is new', () => {
    const found = { spec, stored: looked, over }

    expect(persistent.status({ ...found, facts: [set, pod] })).not.toHaveProperty('lastHandledRestartAt')
    expect(persistent.status({ ...found, facts: [set, { ...pod, restartedAt: 'now' }] })).toHaveProperty(
      'lastHandledRestartAt',
      'now',
    )
  })
})
