// What the applier does before the first apply over an object that was made by something else.
import { beforeEach, describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import { ConflictError } from '#lib/errors.ts'
import { given } from '#testing/given.ts'
import { bodyOf, createWriterRig, metadataOf, type WriterRig } from '#testing/writer-rig.ts'

let rig: WriterRig

beforeEach(() => {
  rig = createWriterRig()
})

const wish = given.child('Deployment', { spec: { replicas: 1 } })
const fieldsV1 = { 'f:spec': { 'f:replicas': {} } }
const foreign = given.object('Deployment', {
  metadata: { resourceVersion: '8', managedFields: [{ manager: 'go', operation: 'Update', fieldsV1 }] },
})
const over = { uid: 'uid-Deployment-report', resourceVersion: '7' }

describe('an object that never bore our stamp', () => {
  it('is read by a dry run, taken over, and then applied over the new version', async () => {
    rig.client.answer(() => foreign)

    const outcome = await rig.writer.apply(wish, given.deployment({ applied: '', rolling: true }), given.term())

    expect(outcome).toBe('applied')
    expect(rig.client.calls.map((call) => [call.contentType, call.query?.['dryRun']])).toEqual([
      ['application/merge-patch+json', 'All'],
      ['application/merge-patch+json', undefined],
      ['application/apply-patch+yaml', undefined],
    ])
    const [read, taken, applied] = rig.client.calls
    expect(bodyOf(read)).toEqual({ metadata: over })
    expect(bodyOf(taken)).toMatchObject({
      metadata: { ...over, managedFields: [{ manager: 'highlander', operation: 'Apply', fieldsV1 }] },
      spec: { strategy: { type: 'Recreate', rollingUpdate: null } },
    })
    expect(metadataOf(applied)).toMatchObject({ resourceVersion: '8' })
  })

  it.each([1, 2])('is left for the next look when it has moved at call %i', async (call) => {
    rig.client.answer(() => (rig.client.calls.length === call ? new ConflictError('modified') : foreign))

    expect(await rig.writer.apply(wish, given.deployment({ applied: '' }), given.term())).toBe('conflict')
    expect(rig.client.calls).toHaveLength(call)
  })
})

it('a Deployment of ours that rolls is made to recreate first', async () => {
  const rolling = given.deployment({ applied: appliedHash(wish), rolling: true })

  await rig.writer.apply(given.child('Deployment', { spec: { replicas: 0 } }), rolling, given.term())

  const [first, second] = rig.client.calls
  expect(rig.client.calls).toHaveLength(2)
  expect(bodyOf(first)).toEqual({ metadata: over, spec: { strategy: { type: 'Recreate', rollingUpdate: null } } })
  expect(second?.contentType).toBe('application/apply-patch+yaml')
})
