// Claims are changed in place, after everything else, and each by itself.
import { describe, expect, it } from 'vitest'
import { label } from '#api/labels.ts'
import { TerminalError, TransientError } from '#lib/errors.ts'
import { createFakeApi } from '#testing/fake-writer.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import { given } from '#testing/given.ts'
import { execute } from './execute.ts'
import type { Action } from './plan.ts'

function setUp() {
  const stores = createFakeStores()
  const api = createFakeApi(stores)
  const cr = given.cr()
  stores.see(cr)
  const deps = { stores, writer: api.writer, reader: api.reader }
  const run = (...actions: readonly Action[]) =>
    execute(actions, cr, { deps, term: given.term() }, new AbortController().signal)
  return { stores, api, run }
}

describe('a claim', () => {
  const labelled = given.claim({ namespace: 'prod' })
  const wish = { ...given.child('PersistentVolumeClaim', { name: labelled.name }), takesToken: false }
  const change: Action = {
    type: 'claim',
    child: { ...wish, object: { ...wish.object, metadata: { ...wish.object.metadata, ownerReferences: [] } } },
  }
  const owner = { [label.kind]: 'WorkloadProcess', [label.name]: 'report' }

  it('is changed over the stored version, and is not said to be adopted', async () => {
    const { stores, api, run } = setUp()
    stores.see({ ...labelled, labels: owner })

    const result = await run(change)

    expect(result).toMatchObject({ outcome: { type: 'done' }, adopted: [], writes: 1 })
    expect(api.calls).toEqual(['apply PersistentVolumeClaim/data-report-0'])
  })

  it('that no store shows is read by its name', async () => {
    const { api, run } = setUp()
    api.hidden.push({ ...labelled, labels: { app: 'report' } })

    await run(change)

    expect(api.calls).toEqual(['read PersistentVolumeClaim/data-report-0', 'apply PersistentVolumeClaim/data-report-0'])
  })

  it.each([
    ['another workload has', { ...labelled, labels: { ...owner, [label.name]: 'other' } }],
    ['is on its way out', { ...labelled, labels: owner, deleting: true }],
  ])('that %s is left alone', async (_what, fact) => {
    const { api, run } = setUp()
    api.hidden.push(fact)

    const result = await run(change)

    expect(result.outcome).toEqual({ type: 'done' })
    expect(api.calls).toEqual(['read PersistentVolumeClaim/data-report-0'])
  })

  it('that is refused is a finding, and is tried again', async () => {
    const { stores, api, run } = setUp()
    stores.see({ ...labelled, labels: owner })
    api.fail('apply', new TerminalError('not allowed', { reason: 'forbidden' }))

    const result = await run(change)

    expect(result.outcome).toMatchObject({ type: 'failed', atLeastMs: 5000 })
    expect(result.findings.refused).toMatchObject({ kind: 'PersistentVolumeClaim', reason: 'forbidden' })
  })

  describe('that is refused stops no other', () => {
    const no = (reason: 'invalid' | 'forbidden') => new TerminalError(`not allowed: ${reason}`, { reason })
    const names = ['data-report-0', 'logs-report-0', 'more-report-0']
    const changes = names.map((name): Action => {
      const { object } = change.child
      return {
        type: 'claim',
        child: { ...change.child, name, object: { ...object, metadata: { ...object.metadata, name } } },
      }
    })
    const withClaims = () => {
      const set = setUp()
      for (const name of names) set.stores.see({ ...labelled, name, uid: `uid-${name}`, labels: owner })
      return set
    }

    it.each([
      ['invalid', 'invalid', 'refused'],
      ['invalid', 'forbidden', 'failed'],
      ['forbidden', 'invalid', 'failed'],
    ] as const)('%s, then %s: the first is told, and %s is what comes of it', async (first, second, type) => {
      const { api, run } = withClaims()
      api.fail('apply', no(first), no(second))

      const result = await run(...changes)

      expect(result).toMatchObject({ outcome: { type }, writes: 1 })
      expect(result.findings.refused).toMatchObject({ name: 'data-report-0', reason: first })
      expect(api.calls).toEqual(names.map((name) => `apply PersistentVolumeClaim/${name}`))
    })

    it('unless the server cannot be reached any more', async () => {
      const { api, run } = withClaims()
      const busy = new TransientError('busy')
      api.fail('apply', no('invalid'), busy)

      const result = await run(...changes)

      expect(result.outcome).toEqual({ type: 'failed', error: busy })
      expect(result.findings.refused).toMatchObject({ name: 'data-report-0' })
      expect(api.calls).toHaveLength(2)
    })
  })
})
