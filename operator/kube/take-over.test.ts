import { describe, expect, it } from 'vitest'
import { given } from '#testing/given.ts'
import { isForeignForm, isRolling, takenOver, takeOverPatch } from './take-over.ts'

const strategy = { type: 'Recreate', rollingUpdate: null }

function objectWith(...managedFields: readonly object[]): object {
  return { metadata: { managedFields } }
}

function entry(manager: string, fieldsV1: object, more: object = {}): object {
  return { manager, operation: 'Update', apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1, ...more }
}

const applied = (fieldsV1: object) => entry('highlander', fieldsV1, { operation: 'Apply' })

describe('what others wrote', () => {
  it('becomes ours as far as the spec and the marks of the Go version go', () => {
    const labels = { 'f:team': {}, 'f:is-leader': {} }
    const annotations = { 'f:k8-highlander.io/was': {}, 'f:k8-highlander/was': {}, 'f:note': {} }
    const metadata = { 'f:labels': labels, 'f:annotations': annotations, 'f:finalizers': {} }

    const books = takenOver(objectWith(entry('go', { 'f:spec': { 'f:replicas': {} }, 'f:metadata': metadata })))

    expect(books).toEqual([
      applied({
        'f:spec': { 'f:replicas': {} },
        'f:metadata': {
          'f:labels': { 'f:is-leader': {} },
          'f:annotations': { 'f:k8-highlander.io/was': {}, 'f:k8-highlander/was': {} },
        },
      }),
      entry('go', {
        'f:metadata': { 'f:labels': { 'f:team': {} }, 'f:annotations': { 'f:note': {} }, 'f:finalizers': {} },
      }),
    ])
  })

  it('is joined with what is ours already', () => {
    const one = entry('go', { 'f:spec': { 'f:template': { 'f:a': {} } } })
    const other = entry('kubectl-edit', { 'f:spec': { 'f:template': { 'f:b': {} } } })

    const books = takenOver(objectWith(applied({ 'f:spec': { 'f:replicas': {} } }), one, other))

    expect(books).toEqual([applied({ 'f:spec': { 'f:replicas': {}, 'f:template': { 'f:a': {}, 'f:b': {} } } })])
  })

  it.each([
    ['a controller', entry('kube-controller-manager', { 'f:spec': { 'f:replicas': {} } })],
    ['a subresource', entry('hpa', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' })],
    ['another apply', entry('argocd', { 'f:spec': { 'f:replicas': {} } }, { operation: 'Apply' })],
  ])('stays theirs when it is %s', (_what, theirs) => {
    const books = takenOver(objectWith(entry('go', { 'f:spec': { 'f:paused': {} } }), theirs))

    expect(books).toEqual([applied({ 'f:spec': { 'f:paused': {} } }), theirs])
    expect(takenOver(objectWith(theirs))).toBeUndefined()
  })

  it.each([{}, { metadata: { managedFields: 'x' } }, undefined])('is nothing in %j', (object) => {
    expect(takenOver(object)).toBeUndefined()
  })
})

describe('preparation', () => {
  it('is for objects that never bore our stamp, and for Deployments that roll', () => {
    expect(
      [given.deployment({ applied: '' }), given.pod({ applied: '' }), given.claim({ applied: '' })].map(isForeignForm),
    ).toEqual([true, false, false])
    expect([given.deployment({ rolling: true }), given.deployment(), given.statefulSet()].map(isRolling)).toEqual([
      true,
      false,
      false,
    ])
  })

  it('sends what is needed and no more', () => {
    expect(takeOverPatch(given.deployment(), undefined)).toEqual({})
    expect(takeOverPatch(given.deployment({ rolling: true }), undefined)).toEqual({ spec: { strategy } })
    expect(takeOverPatch(given.deployment({ rolling: true }), [1])).toEqual({
      metadata: { managedFields: [1] },
      spec: { strategy },
    })
  })
})
