import { describe, expect, it } from 'vitest'
import { annotation, label } from '#api/labels.ts'
import { given } from '#testing/given.ts'
import { liveHashOf, ownedKeys } from './live-hash.ts'
import { projections } from './projections.ts'

const ours = {
  manager: 'highlander',
  operation: 'Apply',
  time: '2026-01-01T00:00:00Z',
  fieldsV1: {
    'f:metadata': {
      'f:labels': { 'f:app': {}, 'f:team': {}, [`f:${label.controllerId}`]: {} },
      'f:annotations': { [`f:${annotation.epoch}`]: {}, 'f:note': {} },
    },
    'f:spec': { 'f:replicas': {} },
  },
}
const theirs = { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:paused': {} } } }
const metadata = {
  labels: { app: 'report', team: 'billing', [label.controllerId]: 'replica-a', foreign: 'x' },
  annotations: { [annotation.epoch]: '1', note: 'a', 'deployment.kubernetes.io/revision': '1' },
  managedFields: [ours],
}
const hash = liveHashOf(metadata)

describe('the live hash stays', () => {
  it.each([
    ['others add fields', { managedFields: [theirs, ours] }],
    ['the entry is written at another time', { managedFields: [{ ...ours, time: '2026-02-01T00:00:00Z' }] }],
    ['the scale subresource is written under our name', { managedFields: [ours, { ...ours, subresource: 'status' }] }],
    ['labels of others change', { labels: { ...metadata.labels, foreign: 'y', more: 'z' } }],
    [
      'annotations of others change',
      { annotations: { ...metadata.annotations, 'deployment.kubernetes.io/revision': '2' } },
    ],
    ['a new leader stamps itself', { labels: { ...metadata.labels, [label.controllerId]: 'replica-b' } }],
    ['a new term stamps itself', { annotations: { ...metadata.annotations, [annotation.epoch]: '2' } }],
  ])('when %s', (_what, change) => {
    expect(liveHashOf({ ...metadata, ...change })).toBe(hash)
  })
})

describe('the live hash changes', () => {
  const without = { ...ours, fieldsV1: { ...ours.fieldsV1, 'f:spec': {} } }
  it.each([
    ['somebody overwrites a field of ours', { managedFields: [without] }],
    ['somebody clears the managed fields', { managedFields: [] }],
    ['a label of ours has another value', { labels: { ...metadata.labels, team: 'sales' } }],
    ['an annotation of ours has another value', { annotations: { ...metadata.annotations, note: 'b' } }],
    ['an identifying label changes that others have set', { labels: { ...metadata.labels, [label.name]: 'other' } }],
  ])('when %s', (_what, change) => {
    expect(liveHashOf({ ...metadata, ...change })).not.toBe(hash)
  })

  it('when somebody changes an image of a Pod that was adopted', () => {
    const withImage = (image: string) => given.object('Pod', { spec: { containers: [{ name: 'main', image }] } })

    expect(projections.Pod(withImage('a'))?.liveHash).not.toBe(projections.Pod(withImage('b'))?.liveHash)
  })
})

it('knows which labels are ours', () => {
  expect(ownedKeys({ metadata }, 'labels')).toEqual(['app', 'team', label.controllerId])
})
