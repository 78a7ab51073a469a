import { describe, expect, it } from 'vitest'
import { TerminalError, TransientError } from '#lib/errors.ts'
import { createFakeClient } from '#testing/fake-client.ts'
import { given } from '#testing/given.ts'
import { createReader } from './reader.ts'

const never = new AbortController().signal

describe('a live read', () => {
  it('finds the object and who last wrote its spec', async () => {
    const client = createFakeClient()
    const spec = { fieldsV1: { 'f:spec': {} } }
    const managedFields = [
      { manager: 'helm', time: '2026-01-02T00:00:00Z', ...spec },
      { manager: 'kubectl', time: '2026-01-01T00:00:00Z', ...spec },
      { manager: 'kubelet', time: '2026-01-03T00:00:00Z', fieldsV1: { 'f:status': {} } },
      { manager: 'hpa', time: '2026-01-03T00:00:00Z', subresource: 'scale', ...spec },
    ]
    client.answer(() => given.object('Deployment', { metadata: { managedFields } }))

    const found = await createReader(client).read('Deployment', 'prod', 'report', never)

    expect(found).toMatchObject({ type: 'found', fact: { name: 'report' }, fieldManager: 'helm' })
    expect(client.calls).toMatchObject([{ method: 'GET', path: '/apis/apps/v1/namespaces/prod/deployments/report' }])
  })

  it('answers 404 with absent', async () => {
    const client = createFakeClient()
    client.answer(() => new TerminalError('not found', { reason: 'not_found' }))

    expect(await createReader(client).read('Pod', 'prod', 'report-pod', never)).toEqual({ type: 'absent' })
  })

  it('takes nothing but 404 for absence', async () => {
    const client = createFakeClient()
    client.answer(() => new TransientError('unavailable'))

    await expect(createReader(client).read('Pod', 'prod', 'report-pod', never)).rejects.toBeInstanceOf(TransientError)
  })
})
