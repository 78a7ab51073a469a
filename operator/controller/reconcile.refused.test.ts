// A spec that our own check refuses, through the whole engine.
import { expect, it } from 'vitest'
import { annotation } from '#api/labels.ts'
import { engineParts } from '#testing/engine.ts'
import { given } from '#testing/given.ts'
import { createProofMemory } from './gather.ts'
import { reconcile, type ReconcileDeps } from './reconcile.ts'

const key = 'WorkloadService/prod/report'

it('deletes a pod that a person takes for dead, though the stored spec breaks a rule of today', async () => {
  const parts = engineParts()
  const { stores, api, events } = parts
  const deps: ReconcileDeps = { ...parts, proofs: createProofMemory(), told: new Map() }
  const annotations = { [annotation.confirmDead]: 'u1' }
  const cr = given.cr({ kind: 'WorkloadService', spec: { image: 'a:1', replicas: 2 }, annotations })
  const controller = { kind: 'ReplicaSet', name: 'report-7c9d', uid: 'uid-rs' }
  const labels = { ...given.labels('WorkloadService'), 'pod-template-hash': '7c9d' }
  stores.see(cr, given.deployment(), given.pod({ uid: 'u1', ready: false, owner: key, controller, labels }))
  const run = () => reconcile(key, deps, given.term(), new AbortController().signal)

  await run()
  api.finish()
  await run()

  expect(api.calls.filter((call) => !call.startsWith('status'))).toEqual(['remove Pod/report-pod'])
  expect(events.map(({ reason }) => reason)).toEqual(['SpecRejected', 'ConfirmedDead'])
})
