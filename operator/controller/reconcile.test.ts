import { describe, expect, it } from 'vitest'
import type { Key } from '#api/key.ts'
import { label } from '#api/labels.ts'
import { ConflictError, TerminalError, TransientError } from '#lib/errors.ts'
import { engineParts } from '#testing/engine.ts'
import { given } from '#testing/given.ts'
import type { Workload } from '#workloads/workload.ts'
import { createProofMemory } from './gather.ts'
import { reconcile, type ReconcileDeps } from './reconcile.ts'

const never = new AbortController().signal
const key: Key = 'WorkloadProcess/prod/report'
const serviceKey: Key = 'WorkloadService/prod/report'

function setUp(over: Partial<ReconcileDeps> = {}) {
  const parts = engineParts()
  const term = given.term()
  const deps: ReconcileDeps = { ...parts, proofs: createProofMemory(), told: new Map(), ...over }
  return { ...parts, deps, term, run: (of: Key = key) => reconcile(of, deps, term, never) }
}

describe('budget', () => {
  it('makes one object and one status for a new Process, and reads nothing', async () => {
    const { stores, api, run } = setUp()
    stores.see(given.cr())

    const outcome = await run()

    expect(outcome.type).not.toBe('retry')
    expect(api.calls).toEqual(['create Pod/report-pod', 'status WorkloadProcess/report'])
  })

  it('makes no call for a workload in which nothing has changed', async () => {
    const { stores, api, run } = setUp()
    stores.see(given.cr())
    await run()
    api.forgetCalls()

    await run()
    await run()

    expect(api.calls).toEqual([])
  })

  it('makes one call per native object and one status for a new Service', async () => {
    const { stores, api, run } = setUp()
    const spec = { image: 'example.test/api:1', ports: [{ name: 'http', containerPort: 80 }] }
    stores.see(given.cr({ kind: 'WorkloadService', spec }))

    await run(serviceKey)
    await run(serviceKey)

    expect(api.calls).toEqual(['create Deployment/report', 'create Service/report', 'status WorkloadService/report'])
  })

  it('writes nothing in a later term to what an earlier one settled', async () => {
    const { stores, api, run, deps } = setUp()
    stores.see(given.cr())
    await run()
    api.forgetCalls()

    await reconcile(key, { ...deps, told: new Map() }, given.term({ epoch: 2n }), never)

    expect(api.calls).toEqual([])
  })
})

describe('not a matter of ours', () => {
  it('forgets a resource that has gone', async () => {
    const { telemetry, api, run } = setUp()

    const outcome = await run()

    expect(outcome).toEqual({ type: 'done', untouched: true })
    expect(telemetry.callsOf('workloadForgotten')).toEqual([['WorkloadProcess', 'prod', 'report']])
    expect(api.calls).toEqual([])
  })

  it.each([
    { what: 'being deleted', cr: given.cr({ deleting: true }) },
    { what: 'of another tenant', cr: given.cr({ labels: { [label.tenant]: 'blue' } }) },
  ])('leaves a resource alone that is $what', async ({ cr }) => {
    const { stores, api, run } = setUp()
    stores.see(cr)

    const outcome = await run()

    expect(outcome).toEqual({ type: 'done', untouched: true })
    expect(api.calls).toEqual([])
  })

  it('writes nothing while another operator has the cluster', async () => {
    const { stores, api, term, run } = setUp()
    stores.see(given.cr())
    term.setRole('hands-off')

    await run()

    expect(api.calls).toEqual([])
  })
})

describe('trouble', () => {
  it('writes the status also when a child could not be written', async () => {
    const { stores, api, run } = setUp()
    stores.see(given.cr())
    const error = new TransientError('busy', { retryAfterMs: 3000 })
    api.fail('create', error)

    const outcome = await run()

    expect(outcome).toEqual({ type: 'retry', error, atLeastMs: 3000 })
    expect(api.calls).toEqual(['create Pod/report-pod', 'status WorkloadProcess/report'])
  })

  it('says what the API server refused, and waits for another spec', async () => {
    const { stores, api, events, run } = setUp()
    stores.see(given.cr())
    api.fail('create', new TerminalError('spec.volumes[0]: Required value'))

    const outcome = await run()

    expect(outcome).toEqual({ type: 'terminal', sentence: 'spec.volumes[0]: Required value' })
    expect(stores.crs.WorkloadProcess.get('prod', 'report')?.status).toContain('spec.volumes[0]: Required value')
    expect(events.map(({ reason }) => reason)).toEqual(['SpecRejected'])
  })

  it('looks again after a lost race', async () => {
    const { stores, api, run } = setUp()
    stores.see(given.cr())
    api.fail('create', new ConflictError('moved'))

    const outcome = await run()

    expect(outcome).toEqual({ type: 'requeue', afterMs: 1000 })
  })

  it('reports nonsense in a workload as unexpected instead of throwing', async () => {
    const broken: Workload = {
      kind: 'WorkloadProcess',
      look: () => {
        throw new RangeError('a bug')
      },
    }
    const { workloads } = engineParts()
    const { stores, run } = setUp({ workloads: { ...workloads, WorkloadProcess: broken } })
    stores.see(given.cr())

    const outcome = await run()

    expect(outcome).toMatchObject({ type: 'retry', unexpected: true })
  })

  it.each(['null', '7', '[]', '{"image":7}'])('bears a spec and a status of nonsense: %s', async (text) => {
    const { stores, run } = setUp()
    stores.see({ ...given.cr(), spec: text, status: text.replace('image', 'conditions') })

    const outcome = await run()

    expect(outcome).not.toHaveProperty('unexpected')
  })

  it('is aborted quietly when the term ends', async () => {
    const { stores, api, term, run } = setUp()
    stores.see(given.cr())
    api.hold(new Promise(() => undefined))
    const running = run()

    term.end()

    await expect(running).resolves.toEqual({ type: 'aborted' })
  })

  it('is tried again when a write was not allowed but the term goes on', async () => {
    const { stores, api, run } = setUp()
    stores.see(given.cr())
    api.crashAfter(0)

    const outcome = await run()

    expect(outcome).toMatchObject({
      type: 'retry',
      error: { message: 'a write was not allowed at that time' },
    })
  })

  it('is tried again after 30 s', async () => {
    const { stores, api, clock, run } = setUp()
    const spec = { image: 'example.test/api:1', ports: [{ name: 'http', containerPort: 80 }] }
    stores.see(given.cr({ kind: 'WorkloadService', spec }))
    api.hold(clock.sleep(31_000, never))
    const running = run(serviceKey)

    await clock.advance(31_000)

    expect(await running).toMatchObject({ type: 'retry', error: { message: expect.stringContaining('30 s') } })
    expect(api.calls).toEqual(['create Deployment/report'])
  })
})

describe('events', () => {
  it('tells a transition once, though the status is stored later', async () => {
    const { stores, api, events, run, deps } = setUp()
    const { writer } = api
    const late = { ...writer, status: () => undefined }
    stores.see(given.cr(), given.pod({ phase: 'Running', applied: '' }))
    const once = (): Promise<unknown> => reconcile(key, { ...deps, writer: late }, given.term(), never)

    await once()
    await once()
    await run()
    await run()

    expect(events.filter(({ reason }) => reason === 'Started')).toHaveLength(1)
    expect(deps.told.size).toBe(0)
  })

  it('tells of an overlap at the pods as well', async () => {
    const told: string[] = []
    const { stores, run } = setUp({
      recorder: { record: ({ kind, name }, { reason }) => told.push(`${reason} ${kind} ${name}`) },
    })
    const other = { ...given.pod({ phase: 'Running' }), name: 'twin', uid: 'uid-twin' }
    stores.see(given.cr(), given.pod({ phase: 'Running' }), other)

    await run()

    expect(told.filter((one) => one.startsWith('Overlap'))).toEqual([
      'OverlapDetected WorkloadProcess report',
      'OverlapDetected Pod report-pod',
      'OverlapDetected Pod twin',
    ])
  })

  it('forgets what it told with the resource', async () => {
    const { stores, api, run, deps } = setUp()
    Object.assign(api.writer, { status: () => undefined })
    stores.see(given.cr({ spec: { image: '' } }))
    await run()
    const remembered = deps.told.size
    stores.lose(given.cr())

    await run()

    expect([remembered, deps.told.size]).toEqual([1, 0])
  })
})

it.each(['as the store shows it', 'as a live read finds it'])(
  'adopts a pod that is out of date, and replaces it, %s',
  async (how) => {
    const { stores, api, run } = setUp()
    const { controller: _none, ...orphan } = given.pod({ applied: 'another-spec' })
    stores.see(given.cr())
    if (how === 'as the store shows it') stores.see(orphan)
    else api.hidden.push(orphan)

    await run()
    api.hidden.length = 0
    await run()

    expect(api.calls).toEqual(expect.arrayContaining(['apply Pod/report-pod', 'try Pod/report-pod']))
    expect(stores.children.Pod.get('prod', 'report-pod')?.deleting).toBe(true)
  },
)

describe('the granted pod', () => {
  const granted = { grant: { pod: 'report-7c9d-x', uid: 'u1', epoch: 1, token: 1 } }
  const strict = given.cr({ kind: 'WorkloadService', status: granted })

  it('that is in no store is asked for once, and its end is remembered', async () => {
    const { stores, api, run } = setUp()
    stores.see(strict)

    await run(serviceKey)
    await run(serviceKey)

    expect(api.calls.filter((call) => call.startsWith('read'))).toEqual(['read Pod/report-7c9d-x'])
  })

  it.each(['found', 'seen to go', 'in the store', 'of mode BestEffort'])(
    'that was %s is judged rightly',
    async (how) => {
      const { stores, api, run, deps } = setUp()
      const pod = given.pod({ name: 'report-7c9d-x', uid: 'u1', owner: serviceKey })
      const spec = { image: 'example.test/api:1', exclusivity: { mode: 'BestEffort' } }
      stores.see(how === 'of mode BestEffort' ? given.cr({ kind: 'WorkloadService', status: granted, spec }) : strict)
      if (how === 'found') api.hidden.push(pod)
      if (how === 'seen to go') stores.lose(pod)
      if (how === 'in the store') stores.see(pod)

      await run(serviceKey)

      expect(api.calls.filter((call) => call.startsWith('read'))).toHaveLength(how === 'found' ? 1 : 0)
      expect(deps.proofs.has('u1')).toBe(false)
    },
  )
})
