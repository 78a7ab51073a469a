import { expect, it } from 'vitest'
import { startFakeApiServer } from '#testing/fake-api-server.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { connect } from './client.ts'

it.each(['DELETE', 'POST', 'PATCH'] as const)(
  'sends the body of a %s, which carries its preconditions',
  async (method) => {
    await using server = await startFakeApiServer()
    await using client = connect(server.settings(), fakeTelemetry())
    const path = `/api/v1/namespaces/prod/pods${method === 'POST' ? '' : '/report-pod'}`
    const body = {
      metadata: { name: 'report-pod', namespace: 'prod' },
      preconditions: { uid: 'ä', resourceVersion: '7' },
    }

    // The fake need not like it: what counts is what arrived.
    await client
      .send({ method, path, body, deadlineMs: 2000, resource: 'pods' }, 'request', new AbortController().signal)
      .catch(() => undefined)

    expect(server.requests[0]?.body).toEqual(body)
  },
)
