import { beforeEach, describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import { annotation, GRANT_GATE, label } from '#api/labels.ts'
import { ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { given } from '#testing/given.ts'
import type { WriterRig } from '#testing/writer-rig.ts'
import { bodyOf, createWriterRig, metadataOf, T_MS } from '#testing/writer-rig.ts'

let rig: WriterRig

beforeEach(() => {
  rig = createWriterRig()
})

describe('create', () => {
  it('POSTs a Pod under its fixed name, with the stamps and the next token', async () => {
    const term = given.term({ epoch: 3n })

    const outcome = await rig.writer.create(given.child('Pod', { takesToken: true }), term)

    expect(outcome).toBe('created')
    expect(rig.client.calls).toMatchObject([
      { method: 'POST', path: '/api/v1/namespaces/prod/pods', deadlineMs: T_MS, resource: 'pods' },
    ])
    expect(metadataOf(rig.client.calls[0])['resourceVersion']).toBeUndefined()
    expect(metadataOf(rig.client.calls[0])['labels']).toMatchObject({
      [label.tenant]: 'default',
      [label.controllerId]: 'replica-a',
    })
    expect(metadataOf(rig.client.calls[0])['annotations']).toMatchObject({
      [annotation.epoch]: '3',
      [annotation.applied]: appliedHash(given.child('Pod')),
      [annotation.token]: String((3n << 20n) + 1n),
    })
  })

  it('makes everything else by an apply that can only create', async () => {
    await rig.writer.create(given.child('Deployment'), given.term())

    expect(rig.client.calls).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/apps/v1/namespaces/prod/deployments/report',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'highlander', force: 'true', fieldValidation: 'Strict' },
      },
    ])
    expect(metadataOf(rig.client.calls[0])).toMatchObject({ resourceVersion: '1', name: 'report' })
    expect(metadataOf(rig.client.calls[0])['uid']).toBeUndefined()
  })

  it('puts the answer into the store', async () => {
    await rig.writer.create(given.child('Pod'), given.term())

    expect(rig.stores.children.Pod.get('prod', 'report-pod')).toMatchObject({ owner: 'WorkloadProcess/prod/report' })
  })

  it.each([
    ['Pod', 'already_exists'],
    ['Deployment', 'conflict'],
  ] as const)('answers a present %s with exists', async (kind, reason) => {
    rig.client.answer(() => new ConflictError('there', { reason }))

    const outcome = await rig.writer.create(given.child(kind), given.term())

    expect(outcome).toBe('exists')
  })

  it('does not take a quota that moved for a present Pod', async () => {
    rig.client.answer(() => new ConflictError('Operation cannot be fulfilled on resourcequotas "q"'))

    await expect(rig.writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)
  })

  it('waits when the namespace is gone or going', async () => {
    rig.client.answer(() => new TerminalError('namespaces "prod" not found', { reason: 'not_found' }))
    await expect(rig.writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)

    rig.client.answer(
      () => new TerminalError('pods is forbidden: because it is being terminated', { reason: 'forbidden' }),
    )
    await expect(rig.writer.create(given.child('Pod'), given.term())).rejects.toBeInstanceOf(TransientError)
  })

  it('hands on the sentence of a refusal, also of one that comes as 500', async () => {
    const sentence =
      'failed to create typed patch object (/s; apps/v1, Kind=StatefulSet): .spec.bogus: field not declared'
    rig.client.answer(() => new TransientError(sentence, { reason: 'unavailable' }))

    const failure = rig.writer.create(given.child('StatefulSet'), given.term())

    await expect(failure).rejects.toEqual(new TerminalError(sentence, { reason: 'invalid' }))
  })

  it('tries a create as a dry run under a generated name, without using up a token', async () => {
    const term = given.term()

    await rig.writer.tryCreate(given.child('Pod', { takesToken: true }), term)

    expect(rig.client.calls).toMatchObject([{ method: 'POST', query: { dryRun: 'All', fieldValidation: 'Strict' } }])
    expect(metadataOf(rig.client.calls[0])).toMatchObject({ generateName: 'report-pod-' })
    expect(metadataOf(rig.client.calls[0])['name']).toBeUndefined()
    expect(term.nextToken()).toBe((1n << 20n) + 1n)
    expect(rig.stores.allChildren()).toEqual([])
  })

  it.each([
    [{ clusterIP: '10.96.0.9', ports: [{ port: 80 }] }, 'ClusterIP'],
    [{ ports: [{ port: 80, nodePort: 30_080 }] }, 'NodePort'],
    [{ clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30_080 }] }, 'NodePort'],
  ])('takes what a Service asks for a moment, since a dry run does not look whether it is free', async (own, type) => {
    const service = given.child('Service')
    const spec = { type: 'LoadBalancer', selector: { app: 'report' }, ...own }
    rig.client.answer(() => given.object('Service', { metadata: { name: 'report-x2z7h' } }))

    await rig.writer.tryCreate({ ...service, object: { ...service.object, spec } }, given.term())

    expect(rig.client.calls).toMatchObject([
      { method: 'POST', query: { dryRun: 'All' } },
      { method: 'POST', path: '/api/v1/namespaces/prod/services' },
      {
        method: 'DELETE',
        path: '/api/v1/namespaces/prod/services/report-x2z7h',
        body: { preconditions: { uid: 'uid-Service-report', resourceVersion: '7' } },
      },
    ])
    expect(rig.client.calls[1]?.query).not.toHaveProperty('dryRun')
    expect(bodyOf(rig.client.calls[1])).toMatchObject({ metadata: { generateName: 'report-' } })
    expect(bodyOf(rig.client.calls[1])['spec']).toEqual({ ...own, type })
    expect(rig.stores.allChildren()).toEqual([])
  })

  it.each([{}, { clusterIP: 'None', ports: [{ port: 80 }] }, { type: 'NodePort', ports: [{ port: 80 }] }])(
    'leaves it at the dry run of a Service that asks for neither: %j',
    async (spec) => {
      const service = given.child('Service')

      await rig.writer.tryCreate({ ...service, object: { ...service.object, spec } }, given.term())

      expect(rig.client.calls).toHaveLength(1)
    },
  )
})

describe('remove', () => {
  it('names uid and version, and shortens no grace period unless asked', async () => {
    await rig.writer.remove(given.pod(), {}, given.term())
    await rig.writer.remove(given.pod(), { gracePeriodSeconds: 0 }, given.term())

    const preconditions = { uid: 'uid-Pod-report-pod', resourceVersion: '7' }
    expect(rig.client.calls).toMatchObject([
      { method: 'DELETE', path: '/api/v1/namespaces/prod/pods/report-pod', body: { preconditions } },
      { method: 'DELETE', body: { preconditions, gracePeriodSeconds: 0, propagationPolicy: 'Background' } },
    ])
    expect(bodyOf(rig.client.calls[0])).not.toHaveProperty('gracePeriodSeconds')
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
    [
      'an object with a finalizer',
      given.object('Pod', { metadata: { ...dead, finalizers: ['x'], deletionGracePeriodSeconds: 0 } }),
      false,
    ],
  ])('takes %s for what it is', async (_name, answer, isGone) => {
    const pod = given.pod({ name: 'report', uid: 'uid-Pod-report', resourceVersion: '6' })
    rig.stores.see(pod)
    rig.client.answer(() => answer)

    const outcome = await rig.writer.remove(pod, {}, given.term())

    expect(outcome).toBe('removed')
    expect(rig.stores.children.Pod.get('prod', 'report') === undefined).toBe(isGone)
  })

  it('answers 404 with gone, and the store forgets the object', async () => {
    rig.stores.see(given.pod())
    rig.client.answer(() => new TerminalError('not found', { reason: 'not_found' }))

    const outcome = await rig.writer.remove(given.pod(), {}, given.term())

    expect(outcome).toBe('gone')
    expect(rig.stores.allChildren()).toEqual([])
  })
})

describe('grant and gate', () => {
  const status = { grant: { pod: 'report-x', uid: 'uid-x', epoch: 3, token: 3145729 } }
  const service = given.cr({ kind: 'WorkloadService', status })

  it('grants by an apply of its own field manager over the version that was read', async () => {
    const pod = given.pod({ name: 'report-x', uid: 'uid-x' })

    const outcome = await rig.writer.grant(service, pod, given.term({ epoch: 3n }))

    expect(outcome).toBe('granted')
    expect(rig.client.calls).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/highlander.plexobject.io/v1/namespaces/prod/workloadservices/report/status',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'highlander-grant', force: 'true' },
        body: { metadata: { uid: 'uid-report', resourceVersion: '100' }, status },
      },
    ])
    expect(rig.stores.crs.WorkloadService.get('prod', 'report')?.epoch).toBe(3n)
  })

  it('answers a grant that came late with conflict', async () => {
    rig.client.answer(() => new ConflictError('modified'))

    expect(await rig.writer.grant(service, given.pod(), given.term())).toBe('conflict')
  })

  it('opens our gate alone, with the epoch of the term and the token of the grant', async () => {
    const pod = given.pod({ name: 'report-x', uid: 'uid-x', gated: true })

    const outcome = await rig.writer.ungate(pod, service, given.term({ epoch: 4n }))

    expect(outcome).toBe('open')
    expect(rig.client.calls).toMatchObject([{ method: 'PATCH', contentType: 'application/strategic-merge-patch+json' }])
    expect(bodyOf(rig.client.calls[0])).toEqual({
      metadata: {
        uid: 'uid-x',
        resourceVersion: '7',
        annotations: { [annotation.epoch]: '4', [annotation.token]: '3145729' },
      },
      spec: { schedulingGates: [{ name: GRANT_GATE, $patch: 'delete' }] },
    })
  })

  it('opens no pod that the grant does not name', async () => {
    const outcome = await rig.writer.ungate(given.pod({ uid: 'another', gated: true }), service, given.term())

    expect(outcome).toBe('conflict')
    expect(rig.client.calls).toEqual([])
  })
})

it('forgets its subscriptions when it is disposed', () => {
  const before = rig.stores.subscribers()

  rig.writer[Symbol.dispose]()

  expect([before > 0, rig.stores.subscribers()]).toEqual([true, 0])
})
