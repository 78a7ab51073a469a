import { beforeEach, describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import type { ChildFact, DeploymentFact } from '#api/facts.ts'
import { annotation } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { objectAt } from '#lib/json.ts'
import { echo } from '#testing/fake-client.ts'
import { settle } from '#testing/fake-clock.ts'
import { given } from '#testing/given.ts'
import type { WriterRig } from '#testing/writer-rig.ts'
import { bodyOf, createWriterRig, metadataOf } from '#testing/writer-rig.ts'
import { liveHashOf } from './live-hash.ts'

let rig: WriterRig

beforeEach(() => {
  rig = createWriterRig()
})

const wish = given.child('Deployment', { spec: { replicas: 1 } })

/** The Deployment as the store has it, bearing the stamp of `child`. */
function written(child: Child, over: Partial<DeploymentFact> = {}): DeploymentFact {
  return given.deployment({ applied: appliedHash(child), ...over })
}

function stored(): ChildFact {
  const [fact] = rig.stores.allChildren()
  if (fact === undefined) throw new TypeError('nothing is stored')
  return fact
}

/** Managed fields as the server keeps them for what we own. */
function owned(fields: object): object {
  return { managedFields: [{ manager: 'highlander', operation: 'Update', fieldsV1: { 'f:metadata': fields } }] }
}

describe('apply', () => {
  it('changes an object by an apply over its uid and version', async () => {
    const outcome = await rig.writer.apply(wish, given.deployment(), given.term({ epoch: 2n }))

    expect(outcome).toBe('applied')
    expect(rig.client.calls).toMatchObject([
      {
        method: 'PATCH',
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'highlander', force: 'true', fieldValidation: 'Strict' },
      },
    ])
    const [call] = rig.client.calls
    expect(metadataOf(call)).toMatchObject({ uid: 'uid-Deployment-report', resourceVersion: '7' })
    expect(metadataOf(call)['annotations']).toMatchObject({
      [annotation.epoch]: '2',
      [annotation.applied]: appliedHash(wish),
    })
    expect(metadataOf(call)['ownerReferences']).toHaveLength(1)
  })

  it('sends nothing for what it has written itself', async () => {
    const term = given.term()
    await rig.writer.create(wish, term)

    const outcome = await rig.writer.apply(wish, stored(), term)

    expect(outcome).toBe('unchanged')
    expect(rig.client.calls).toHaveLength(1)
  })

  it('writes again when somebody has touched what is ours', async () => {
    const term = given.term()
    await rig.writer.create(wish, term)
    const drifted = { ...written(wish), uid: stored().uid, liveHash: 'drifted' }

    const outcome = await rig.writer.apply(wish, drifted, term)

    expect(outcome).toBe('applied')
    expect(rig.client.calls).toHaveLength(2)
  })

  it('adopts an object without controller, whatever stamp it bears', async () => {
    const { controller: _none, ...orphan } = written(wish)

    const outcome = await rig.writer.apply(wish, orphan, given.term())

    expect(outcome).toBe('applied')
    expect(metadataOf(rig.client.calls[0])['ownerReferences']).toHaveLength(1)
  })

  it('answers 409 with conflict and 404 with gone', async () => {
    rig.stores.see(given.deployment())
    rig.client.answer(() => new ConflictError('modified'))
    expect(await rig.writer.apply(wish, given.deployment(), given.term())).toBe('conflict')
    rig.client.answer(() => new TerminalError('not found', { reason: 'not_found' }))
    expect(await rig.writer.apply(wish, given.deployment(), given.term())).toBe('gone')

    expect(rig.stores.allChildren()).toEqual([])
  })
})

describe('a Pod', () => {
  const pod = given.child('Pod', { labels: { ...given.labels(), team: 'billing' } })
  const live = given.pod({ applied: appliedHash(pod), labels: given.labels() })

  it('is patched in its labels, annotations and images only', async () => {
    const over = { ...live, images: { main: 'other', injected: 'x' } }

    const outcome = await rig.writer.apply(pod, over, given.term())

    expect(outcome).toBe('applied')
    expect(rig.client.calls).toMatchObject([
      { method: 'PATCH', contentType: 'application/strategic-merge-patch+json', query: { fieldManager: 'highlander' } },
    ])
    const body = bodyOf(rig.client.calls[0])
    expect(body['spec']).toEqual({ containers: [{ name: 'main', image: 'example.test/report:1' }] })
    expect(metadataOf(rig.client.calls[0])).toMatchObject({
      uid: live.uid,
      resourceVersion: '7',
      labels: { team: 'billing' },
    })
    expect(metadataOf(rig.client.calls[0])['ownerReferences']).toBeUndefined()
  })

  it('gets an owner when it is adopted', async () => {
    const { controller: _none, ...orphan } = live

    await rig.writer.apply(pod, orphan, given.term())

    expect(metadataOf(rig.client.calls[0])['ownerReferences']).toEqual(pod.object.metadata.ownerReferences)
  })

  it('keeps the stamp and the images of the spec it was made from when it is adopted out of date', async () => {
    const { controller: _none, ...orphan } = { ...live, applied: 'another-spec', images: { main: 'other' } }

    const outcome = await rig.writer.apply(pod, orphan, given.term())

    expect(outcome).toBe('applied')
    expect(metadataOf(rig.client.calls[0])['annotations']).toMatchObject({ [annotation.applied]: 'another-spec' })
    expect(metadataOf(rig.client.calls[0])['ownerReferences']).toHaveLength(1)
    expect(bodyOf(rig.client.calls[0])['spec']).toBeUndefined()
  })

  it('gets the stamp of the spec when it has none, since nothing tells that it is out of date', async () => {
    const { controller: _none, ...orphan } = { ...live, applied: '' }

    await rig.writer.apply(pod, orphan, given.term())

    expect(metadataOf(rig.client.calls[0])['annotations']).toMatchObject({ [annotation.applied]: appliedHash(pod) })
  })

  it('loses labels and annotations of ours that are not wished any more, and nothing else', async () => {
    const fields = {
      'f:labels': { '.': {}, 'f:app': {}, 'f:old': {} },
      'f:annotations': { 'f:was': {}, [`f:${annotation.token}`]: {} },
    }
    rig.client.answer((call) => {
      const answer = echo(call)
      const foreign = { ...metadataOf(call), ...objectAt(answer, 'metadata'), ...owned(fields) }
      return rig.client.calls.length === 1 ? { ...bodyOf(call), metadata: foreign } : answer
    })

    const outcome = await rig.writer.apply(pod, live, given.term())

    expect(outcome).toBe('applied')
    expect(metadataOf(rig.client.calls[1])).toMatchObject({ labels: { old: null }, annotations: { was: null } })
    expect(metadataOf(rig.client.calls[1])['annotations']).toEqual({ was: null })
  })

  it('follows a changed annotation, which its stamp does not cover', async () => {
    const term = given.term()
    await rig.writer.create(pod, term)
    const changed = given.child('Pod', { labels: pod.object.metadata.labels, annotations: { note: 'new' } })

    const outcome = await rig.writer.apply(changed, stored(), term)

    expect(outcome).toBe('applied')
  })
})

describe('verification', () => {
  const live = written(wish)

  it('takes what bears the right stamp for right, and has it looked at soon', async () => {
    const term = given.term()

    const outcome = await rig.writer.apply(wish, live, term)

    expect(outcome).toBe('unchanged')
    expect([rig.client.calls.length, rig.requeued]).toEqual([0, []])
    await rig.clock.advance(100)
    expect(rig.requeued).toEqual(['WorkloadService/prod/report'])
  })

  async function applyInTurn(term = given.term()): Promise<void> {
    await rig.writer.apply(wish, live, term)
    await rig.clock.advance(100)
    await rig.writer.apply(wish, live, term)
    await settle()
  }

  it('writes nothing when the dry run changes nothing, and asks once', async () => {
    const same = given.object('Deployment', { metadata: { uid: live.uid } })
    rig.client.answer(() => same)
    const fact = { ...live, liveHash: liveHashOf(objectAt(same, 'metadata')) }
    const term = given.term()
    await rig.writer.apply(wish, fact, term)
    await rig.clock.advance(100)
    await rig.writer.apply(wish, fact, term)
    await settle()

    const outcome = await rig.writer.apply(wish, fact, term)

    expect(outcome).toBe('unchanged')
    expect(rig.client.calls).toMatchObject([{ query: { dryRun: 'All' } }])
    expect(await rig.clock.advanceToNext()).toBe(false)
  })

  it('writes when the dry run would change something', async () => {
    await applyInTurn()

    expect(rig.client.calls.map((call) => call.query?.['dryRun'])).toEqual(['All', undefined])
  })

  it('asks for another look when the object has moved meanwhile', async () => {
    rig.client.answer(() => new ConflictError('modified'))

    await applyInTurn()

    expect(rig.requeued).toHaveLength(2)
  })

  it.each([
    ['fails', () => rig.client.answer(() => new TransientError('busy'))],
    [
      'was not allowed just then',
      (term: ReturnType<typeof given.term>) => rig.client.beforeSend(() => term.setRemainingMs(0)),
    ],
  ] as const)('asks for another look later when the dry run %s', async (_how, fail) => {
    const term = given.term()
    fail(term)

    await applyInTurn(term)

    expect(rig.delays).toEqual([0, 10_000])
  })

  it('says once what the server would refuse, and goes on', async () => {
    rig.client.answer(() => new TerminalError('spec.x: invalid'))

    await applyInTurn()

    expect(rig.telemetry.messages('warn')).toEqual(['object not verified'])
  })

  it('looks at ten objects a second', async () => {
    const term = given.term()
    for (let n = 0; n < 25; n += 1) {
      await rig.writer.apply(wish, { ...live, uid: `uid-${n}`, owner: `WorkloadService/prod/w${n}` }, term)
    }

    await rig.clock.advance(1000)

    expect(rig.requeued).toHaveLength(10)
  })

  it('stops with the term, and knows nothing in the next one', async () => {
    const term = given.term()
    await rig.writer.create(wish, term)
    await rig.writer.apply(wish, live, term)
    term.end()
    await rig.clock.advance(1000)

    const next = given.term({ epoch: 2n })
    const outcome = await rig.writer.apply(wish, stored(), next)
    await rig.clock.advance(100)

    expect(outcome).toBe('unchanged')
    expect(rig.requeued).toHaveLength(1)
  })

  it('is over when a flush returns', async () => {
    const gate = rig.client.hold()
    await applyInTurn()
    let isFlushed = false
    const flushing = rig.writer.flush(new AbortController().signal).then(() => (isFlushed = true))
    await settle()
    expect(isFlushed).toBe(false)

    gate.release()
    await flushing

    expect(rig.client.calls).toHaveLength(2)
  })
})
