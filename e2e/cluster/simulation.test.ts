import { expect, it } from 'vitest'
import type { Api } from './api.ts'
import { textAt } from './json.ts'
import { provisionVolumes } from './simulation.ts'

const CLAIM = {
  metadata: { namespace: 'some', name: 'data-report-0', uid: 'uid-1' },
  spec: { storageClassName: 'standard', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const ASKED = {
  ...CLAIM,
  metadata: {
    ...CLAIM.metadata,
    annotations: { 'volume.kubernetes.io/storage-provisioner': 'simulation.highlander.plexobject.io/volumes' },
  },
}

it('gives a claim a volume only when the controller manager has asked for it', async () => {
  expect(await volumesMadeFor({ listed: [CLAIM], events: [CLAIM] })).toEqual([])
  expect(await volumesMadeFor({ listed: [ASKED], events: [] })).toEqual(['pvc-uid-1'])
  expect(await volumesMadeFor({ listed: [], events: [CLAIM, ASKED] })).toEqual(['pvc-uid-1'])
})

interface Claims {
  readonly listed: readonly object[]
  readonly events: readonly object[]
}

/** Names, in the order in which they were made. */
async function volumesMadeFor({ listed, events }: Claims): Promise<readonly string[]> {
  const stop = new AbortController()
  const made: string[] = []
  const api: Api = {
    request: async ({ method, body }) => {
      if (method === 'POST') made.push(textAt(body, 'metadata', 'name'))
      return await Promise.resolve({ metadata: { resourceVersion: '1' }, items: listed })
    },
    lines: async function* () {
      yield* events.map((object) => JSON.stringify({ type: 'MODIFIED', object }))
      await Promise.resolve()
      stop.abort()
    },
    [Symbol.dispose]: () => undefined,
  }
  await provisionVolumes(api, () => undefined, stop.signal)
  return made
}
