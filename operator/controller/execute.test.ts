import { describe, expect, it } from 'vitest'
import { label } from '#api/labels.ts'
import { AbortError, TerminalError, TransientError } from '#lib/errors.ts'
import { createFakeApi } from '#testing/fake-writer.ts'
import { createFakeStores } from '#testing/fake-stores.ts'
import { given } from '#testing/given.ts'
import { execute } from './execute.ts'
import type { Action } from './plan.ts'

const never = new AbortController().signal
const child = given.child('Pod')
const create: Action = { type: 'create', child }
const service: Action = { type: 'create', child: given.child('Service') }
const { controller: _none, ...orphan } = given.pod()

function setUp() {
  const stores = createFakeStores()
  const api = createFakeApi(stores)
  const cr = given.cr()
  const term = given.term()
  stores.see(cr)
  const run = (...actions: readonly Action[]) =>
    execute(actions, cr, { deps: { stores, writer: api.writer, reader: api.reader }, term }, never)
  return { stores, api, cr, term, run }
}

it('carries out all actions in order', async () => {
  const { api, run } = setUp()

  const result = await run({ type: 'try', child }, create, service)

  expect(result).toMatchObject({ outcome: { type: 'done' }, findings: {}, writes: 2 })
  expect(api.calls).toEqual(['try Pod/report-pod', 'create Pod/report-pod', 'create Service/report'])
})

describe('an answer that shows that someone else moved', () => {
  it.each(['conflict', 'gone'] as const)('stops the rest: %s', async (answer) => {
    const { stores, api, run } = setUp()
    const stale = given.pod({ resourceVersion: '3' })
    if (answer === 'conflict') stores.see(given.pod())

    const result = await run({ type: 'delete', child: stale }, service)

    expect(result).toMatchObject({ outcome: { type: 'moved', afterMs: 1000 }, writes: 0 })
    expect(api.calls).toEqual(['remove Pod/report-pod'])
  })

  it('stops before the gate when the grant was not written', async () => {
    const { stores, cr, api, run } = setUp()
    const pod = given.pod({ gated: true })
    stores.see(pod, { ...cr, resourceVersion: '101' })

    const result = await run({ type: 'grant', pod }, { type: 'ungate', pod })

    expect(result.outcome).toEqual({ type: 'moved', afterMs: 1000 })
    expect(api.calls).toEqual(['grant Pod/report-pod'])
  })
})

it('takes a run for made when a leader before has made it, and knows it from then on', async () => {
  const { stores, api, run } = setUp()
  const controller = { kind: 'CronJob', name: 'report', uid: 'uid-report' }
  const job = given.job({ name: 'report', controller })
  api.hidden.push(job)

  const result = await run({ type: 'create', child: given.child('Job') })

  expect(result).toMatchObject({ outcome: { type: 'moved' }, findings: {}, writes: 0 })
  expect(stores.children.Job.get('prod', 'report')).toEqual(job)
})

it('opens the gate with the grant that was just written', async () => {
  const { stores, run } = setUp()
  const pod = given.pod({ gated: true })
  stores.see(pod)

  const result = await run({ type: 'grant', pod }, { type: 'ungate', pod })

  expect(result.outcome).toEqual({ type: 'done' })
  expect(stores.children.Pod.get('prod', 'report-pod')?.gated).toBe(false)
})

it('opens no gate of a pod that took the name', async () => {
  const { stores, api, run } = setUp()
  stores.see(given.pod({ uid: 'uid-successor' }))

  const result = await run({ type: 'ungate', pod: given.pod() })

  expect(result.outcome.type).toBe('moved')
  expect(api.calls).toEqual([])
})

describe('a name that is taken', () => {
  it('by an object left for us: adopts it, though the stores did not show it as ours', async () => {
    const { stores, api, run } = setUp()
    const { [label.kind]: _kind, [label.name]: _name, ...labels } = orphan.labels
    const { owner: _owner, ...unknown } = { ...orphan, labels }
    api.hidden.push(unknown)

    const result = await run(create)

    expect(result).toMatchObject({ outcome: { type: 'done' }, adopted: ['Pod report-pod'] })
    expect(api.calls).toEqual(['create Pod/report-pod', 'read Pod/report-pod', 'apply Pod/report-pod'])
    expect(stores.children.Pod.get('prod', 'report-pod')?.controller?.uid).toBe('uid-report')
  })

  it('by our own object, whose answer was lost: goes on with it', async () => {
    const { api, run } = setUp()
    api.hidden.push(given.pod())

    const result = await run(create, service)

    expect(result.outcome.type).toBe('done')
    expect(api.calls).toContain('create Service/report')
  })

  it.each([
    {
      by: 'a predecessor',
      fact: given.pod({ controller: { kind: 'WorkloadProcess', name: 'report', uid: 'before' } }),
    },
    { by: 'our object that is being deleted', fact: given.pod({ deleting: true }) },
    { by: 'an orphan that is being deleted', fact: { ...orphan, deleting: true } },
  ])('by $by: waits for its end, and knows it from now on', async ({ fact }) => {
    const { stores, api, run } = setUp()
    api.hidden.push(fact)

    const result = await run(create, service)

    expect(result).toMatchObject({ outcome: { type: 'moved', afterMs: 30_000 }, findings: {} })
    expect(stores.children.Pod.get('prod', 'report-pod')).toBe(fact)
    expect(api.calls).not.toContain('create Service/report')
  })

  it('by a stranger: says whose it is, touches nothing, and looks again after a minute', async () => {
    const { stores, api, run } = setUp()
    api.hidden.push({ ...orphan, labels: {} })

    const result = await run(create, service)

    expect(result.outcome).toEqual({ type: 'moved', afterMs: 60_000 })
    expect(result.findings.taken).toMatchObject({ kind: 'Pod', name: 'report-pod' })
    expect(result.findings.taken?.by).toContain('helm')
    expect(api.calls).toEqual(['create Pod/report-pod', 'read Pod/report-pod'])
    expect(stores.allChildren()).toEqual([])
  })

  it('by an object in the store: asks nobody', async () => {
    const { stores, api, run } = setUp()
    stores.see({ ...orphan, labels: {} })

    const result = await run(create)

    expect(result.findings.taken).toBeDefined()
    expect(api.calls).toEqual(['create Pod/report-pod'])
  })

  it('by nobody any more: looks again', async () => {
    const { api, run } = setUp()
    const { writer } = api
    Object.assign(writer, { create: () => Promise.resolve('exists') })

    const result = await run(create)

    expect(result.outcome).toEqual({ type: 'moved', afterMs: 1000 })
  })
})

describe('a refusal', () => {
  it.each([
    { reason: 'invalid', type: 'refused' },
    { reason: 'forbidden', type: 'failed' },
    { reason: 'quota', type: 'failed' },
  ] as const)('is a finding with the sentence of the server: $reason', async ({ reason, type }) => {
    const { api, run } = setUp()
    api.fail('create', new TerminalError('spec.containers: Required value', { reason }))

    const result = await run(create, service)

    expect(result.outcome.type).toBe(type)
    expect(result.findings.refused).toEqual({
      kind: 'Pod',
      name: 'report-pod',
      reason,
      sentence: 'spec.containers: Required value',
    })
    expect(api.calls).toEqual(['create Pod/report-pod'])
  })

  it.each(['report-pod', 'a-name-as-long-as-a-name-can-be-for-a-service-of-kubernetes-it'])(
    'of the dry run is told under the name that was asked for: %s',
    async (name) => {
      const { api, run } = setUp()
      const generated = `${name}-`.slice(0, 58)
      api.fail('try', new TerminalError(`Pod "${generated}z2th7" is invalid: "${name}x"`, { reason: 'invalid' }))

      const result = await run({ type: 'try', child: given.child('Pod', { name }) })

      expect(result.findings.refused?.sentence).toBe(`Pod "${name}" is invalid: "${name}x"`)
    },
  )

  it.each([
    ['no', 'invalid', 1],
    ['exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=0', 'quota', 1],
    ['exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1', 'quota', 2],
  ] as const)(
    'of the dry run (%s) leaves what runs alone, unless it only counts it',
    async (sentence, reason, calls) => {
      const { stores, api, run } = setUp()
      stores.see(given.pod())
      api.fail('try', new TerminalError(sentence, { reason }))

      await run({ type: 'try', child }, { type: 'delete', child: given.pod() })

      expect(api.calls).toEqual(['try Pod/report-pod', 'remove Pod/report-pod'].slice(0, calls))
    },
  )
})

it('reports a transient failure with the wait that the server asked for', async () => {
  const { api, run } = setUp()
  const error = new TransientError('busy', { reason: 'throttled', retryAfterMs: 7000 })
  api.fail('create', error)

  const result = await run(create, service)

  expect(result.outcome).toEqual({ type: 'failed', error, atLeastMs: 7000 })
})

it('throws what it does not know', async () => {
  const { api, run } = setUp()
  api.fail('create', new RangeError('a bug'))

  await expect(run(create)).rejects.toBeInstanceOf(RangeError)
})

it('does nothing more when its signal has fired', async () => {
  const { stores, api, cr, term } = setUp()
  const deps = { stores, writer: api.writer, reader: api.reader }

  const running = execute([create], cr, { deps, term }, AbortSignal.abort())

  await expect(running).rejects.toBeInstanceOf(AbortError)
  expect(api.calls).toEqual([])
})
