import { beforeEach, describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import { annotation, GRANT_GATE, label } from '#api/labels.ts'
import type { Writer } from '#api/ports.ts'
import { AbortError, ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import type { FakeClient } from '#testing/fake-client.ts'
import { createFakeClient } from '#testing/fake-client.ts'
import type { FakeClock } from '#testing/fake-clock.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import type { FakeStores } from '#testing/fake-stores.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import type { FakeTelemetry } from '#testing/fake-telemetry.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { given } from '#testing/given.ts'
import { objectAt } from '#lib/json.ts'
import { createWriter } from './writer.ts'

const T_MS = 3000
const settings = { tenant: 'default', clusterName: 'east', controllerId: 'replica-a', writeDeadlineMs: T_MS }

let client: FakeClient
let stores: FakeStores
let clock: FakeClock
let telemetry: FakeTelemetry
let requeued: string[]
let writer: Writer & Disposable

beforeEach(() => {
  client = createFakeClient()
  stores = createFakeStores()
  clock = createFakeClock()
  telemetry = fakeTelemetry()
  requeued = []
  writer = createWriter({ client, stores, settings, clock, telemetry, requeue: (key) => requeued.push(key) })
})

const body = (index = 0): unknown => client.calls[index]?.body
const metadata = (index = 0) => objectAt(body(index), 'metadata')

describe('create', () => {
  it('POSTs a Pod under its fixed name, with the stamps and the next token', async () => {
    const term = given.term({ epoch: 3n })

    const outcome = await writer.create(given.child('Pod', { takesToken: true }), term)

    expect(outcome).toBe('created')
    expect(client.calls).toMatchObject([
      { method: 'POST', path: '/api/v1/namespaces/prod/pods', deadlineMs: T_MS, resource: 'pods' },
    ])
    expect(metadata()['resourceVersion']).toBeUndefined()
    expect(metadata()['labels']).toMatchObject({ [label.tenant]: 'default', [label.controllerId]: 'replica-a' })
    expect(metadata()['annotations']).toMatchObject({
      [annotation.epoch]: '3',
      [annotation.applied]: appliedHash(given.child('Pod')),
      [annotation.token]: String((3n << 20n) + 1n),
    })
  })

  it('makes everything else by an apply that can only create', async () => {
    await writer.create(given.child('Deployment'), given.term())

    expect(client.calls).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/apps/v1/namespaces/prod/deployments/report',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'highlander', force: 'true', fieldValidation: 'Strict' },
      },
    ])
    expect(metadata()).toMatchObject({ resourceVersion: '1', name: 'report' })
    expect(metadata()['uid']).toBeUndefined()
  })

  it('puts the answer into the store', async () => {
    await writer.create(given.child('Pod'), given.term())

    expect(stores.children.Pod.get('prod', 'report-pod')).toMatchObject({ owner: 'WorkloadProcess/prod/report' })
  })

  it.each([
    ['Pod', 'already_exists'],
    ['Deployment', 'conflict'],
  ] as const)('answers a present %s with exists', async (kind, reason) => {
    client.answer(() => new ConflictError('there', { reason }))

    const outcome = await writer.create(given.child(kind), given.term())

    expect(outcome).toBe('exists')
  })

  it('does not take a quota that moved for a present Pod', async () => {
    client.answer(() => new ConflictError('Operation cannot be fulfilled on resourcequotas "q"'))

    await expect(writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)
  })

  it('waits when the namespace is gone or going', async () => {
    client.answer(() => new TerminalError('namespaces "prod" not found', { reason: 'not_found' }))
    await expect(writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)

    client.answer(() => new TerminalError('pods is forbidden: because it is being terminated', { reason: 'forbidden' }))
    await expect(writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)
  })

  it('hands on the sentence of a refusal, also of one that comes as 500', async () => {
    const sentence =
      'failed to create typed patch object (/s; apps/v1, Kind=StatefulSet): .spec.bogus: field not declared'
    client.answer(() => new TransientError(sentence, { reason: 'unavailable' }))

    const failure = writer.create(given.child('StatefulSet'), given.term())

    await expect(failure).rejects.toEqual(new TerminalError(sentence, { reason: 'invalid' }))
  })

  it('tries a create as a dry run under a generated name, without using up a token', async () => {
    const term = given.term()

    await writer.tryCreate(given.child('Pod', { takesToken: true }), term)

    expect(client.calls).toMatchObject([{ method: 'POST', query: { dryRun: 'All', fieldValidation: 'Strict' } }])
    expect(metadata()).toMatchObject({ generateName: 'report-pod-' })
    expect(metadata()['name']).toBeUndefined()
    expect(term.nextToken()).toBe((1n << 20n) + 1n)
    expect(stores.allChildren()).toEqual([])
  })
})

describe('the fence', () => {
  it.each(['create', 'apply', 'remove', 'grant', 'ungate'] as const)(
    'refuses %s when less than T of the term is left',
    async (name) => {
      const term = given.term({ remainingMs: T_MS - 1 })
      const cr = given.cr({ kind: 'WorkloadService', status: { grant: { uid: given.pod().uid, token: 1 } } })
      const writing = {
        create: () => writer.create(given.child('Deployment'), term),
        apply: () => writer.apply(given.child('Deployment'), given.deployment(), term),
        remove: () => writer.remove(given.pod(), {}, term),
        grant: () => writer.grant(cr, given.pod(), term),
        ungate: () => writer.ungate(given.pod(), cr, term),
      }

      await expect(writing[name]()).rejects.toBeInstanceOf(AbortError)
      expect(client.calls).toEqual([])
      expect(telemetry.callsOf('fencedWrite')).toHaveLength(1)
    },
  )

  it('writes with exactly T left', async () => {
    await writer.create(given.child('Deployment'), given.term({ remainingMs: T_MS }))

    expect(client.calls).toHaveLength(1)
  })

  it('writes nothing while the role is hands-off', async () => {
    const writing = writer.create(given.child('Pod'), given.term({ role: 'hands-off' }))

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(client.calls).toEqual([])
  })

  it('ends the term when the object shows a newer epoch', async () => {
    const term = given.term({ epoch: 4n })

    const writing = writer.remove(given.pod({ epoch: 5n }), {}, term)

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(term.newerEpochs).toEqual([5n])
    expect(client.calls).toEqual([])
  })

  it('looks at the store too, not only at the version the write was decided on', async () => {
    const term = given.term({ epoch: 4n })
    stores.see(given.pod({ epoch: 5n, resourceVersion: '8' }))

    const writing = writer.remove(given.pod({ epoch: 4n }), {}, term)

    await expect(writing).rejects.toBeInstanceOf(AbortError)
    expect(term.newerEpochs).toEqual([5n])
  })

  it('asks again in the tick of sending', async () => {
    const term = given.term()
    const send: Client['send'] = (call) => {
      term.setRemainingMs(0)
      return Promise.resolve(call.maySend?.())
    }
    const lateWriter = createWriter({
      client: Object.assign(client, { send }),
      stores,
      settings,
      clock,
      telemetry,
      requeue: () => undefined,
    })

    await lateWriter.remove(given.pod(), {}, term)

    expect(telemetry.callsOf('fencedWrite')).toEqual([['pods']])
  })

  it('lets go of a write in flight when the term ends', async () => {
    const term = given.term()
    client.hold()
    const writing = writer.remove(given.pod(), {}, term)

    term.end()

    await expect(writing).rejects.toBeInstanceOf(AbortError)
  })

  it('counts what a precondition or the deadline stopped, and takes the admission policy for a conflict', async () => {
    client.answer(() => new ConflictError('the object has been modified'))
    expect(await writer.remove(given.pod(), {}, given.term())).toBe('conflict')
    client.answer(() => new TransientError('no answer', { reason: 'timeout' }))
    await expect(writer.remove(given.pod(), {}, given.term())).rejects.toBeInstanceOf(TransientError)
    client.answer(() => new TerminalError(`forbidden: ValidatingAdmissionPolicy 'highlander-fence-children' denied`))
    expect(await writer.remove(given.pod(), {}, given.term())).toBe('conflict')

    expect(telemetry.callsOf('fencedWrite')).toEqual([['pods'], ['pods'], ['pods']])
  })
})

describe('remove', () => {
  it('names uid and version, and shortens no grace period unless asked', async () => {
    await writer.remove(given.pod(), {}, given.term())
    await writer.remove(given.pod(), { gracePeriodSeconds: 0 }, given.term())

    const preconditions = { uid: 'uid-Pod-report-pod', resourceVersion: '7' }
    expect(client.calls).toMatchObject([
      { method: 'DELETE', path: '/api/v1/namespaces/prod/pods/report-pod', body: { preconditions } },
      { method: 'DELETE', body: { preconditions, gracePeriodSeconds: 0, propagationPolicy: 'Background' } },
    ])
    expect(body()).not.toHaveProperty('gracePeriodSeconds')
  })

  const dead = { deletionTimestamp: '2026-01-01T00:00:30Z' }
  it.each([
    ['a Status', { kind: 'Status', status: 'Success' }, true],
    ['an object without a deletion time', given.object('Pod'), true],
    [
      'an object that needed no grace',
      given.object('Pod', { metadata: { ...dead, deletionGracePeriodSeconds: 0 } }),
      true,
    ],
    ['an object in its grace', given.object('Pod', { metadata: { ...dead, deletionGracePeriodSeconds: 30 } }), false],
    ['an object with a finalizer', given.object('Pod', { metadata: { ...dead, finalizers: ['x'] } }), false],
  ])('takes %s for what it is', async (_name, answer, isGone) => {
    const pod = given.pod({ name: 'report', uid: 'uid-Pod-report', resourceVersion: '6' })
    stores.see(pod)
    client.answer(() => answer)

    const outcome = await writer.remove(pod, {}, given.term())

    expect(outcome).toBe('removed')
    expect(stores.children.Pod.get('prod', 'report') === undefined).toBe(isGone)
  })

  it('answers 404 with gone, and the store forgets the object', async () => {
    stores.see(given.pod())
    client.answer(() => new TerminalError('not found', { reason: 'not_found' }))

    const outcome = await writer.remove(given.pod(), {}, given.term())

    expect(outcome).toBe('gone')
    expect(stores.allChildren()).toEqual([])
  })
})

describe('grant and gate', () => {
  const status = { grant: { pod: 'report-x', uid: 'uid-x', epoch: 3, token: 3145729 } }
  const service = given.cr({ kind: 'WorkloadService', status })

  it('grants by an apply of its own field manager over the version that was read', async () => {
    const pod = given.pod({ name: 'report-x', uid: 'uid-x' })

    const outcome = await writer.grant(service, pod, given.term({ epoch: 3n }))

    expect(outcome).toBe('granted')
    expect(client.calls).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/highlander.plexobject.io/v1/namespaces/prod/workloadservices/report/status',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'highlander-grant', force: 'true' },
        body: { metadata: { uid: 'uid-report', resourceVersion: '100' }, status },
      },
    ])
    expect(stores.crs.WorkloadService.get('prod', 'report')?.epoch).toBe(3n)
  })

  it('answers a grant that came late with conflict', async () => {
    client.answer(() => new ConflictError('modified'))

    expect(await writer.grant(service, given.pod(), given.term())).toBe('conflict')
  })

  it('opens our gate alone, with the epoch of the term and the token of the grant', async () => {
    const pod = given.pod({ name: 'report-x', uid: 'uid-x', gated: true })

    const outcome = await writer.ungate(pod, service, given.term({ epoch: 4n }))

    expect(outcome).toBe('open')
    expect(client.calls).toMatchObject([{ method: 'PATCH', contentType: 'application/strategic-merge-patch+json' }])
    expect(body()).toEqual({
      metadata: {
        uid: 'uid-x',
        resourceVersion: '7',
        annotations: { [annotation.epoch]: '4', [annotation.token]: '3145729' },
      },
      spec: { schedulingGates: [{ name: GRANT_GATE, $patch: 'delete' }] },
    })
  })

  it('opens no pod that the grant does not name', async () => {
    const outcome = await writer.ungate(given.pod({ uid: 'another', gated: true }), service, given.term())

    expect(outcome).toBe('conflict')
    expect(client.calls).toEqual([])
  })
})

it('forgets its subscriptions when it is disposed', () => {
  const before = stores.subscribers()

  writer[Symbol.dispose]()

  expect([before > 0, stores.subscribers()]).toEqual([true, 0])
})
