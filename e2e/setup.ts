// Before the stories: one control plane for all of them, with our resource definitions and rights installed.
import path from 'node:path'
import { shareControlPlane } from './cluster/fixture.ts'
import { kubectlFor } from './support/kubectl.ts'

const MANIFESTS = path.resolve(import.meta.dirname, '../manifests')
const START_LIMIT_MS = 20 * 60_000 // Building the binaries takes about seven minutes, once.

export async function setup(): Promise<() => Promise<void>> {
  const options = { nodes: 'simulated', controllers: true, audit: true } as const
  const plane = await shareControlPlane(options, AbortSignal.timeout(START_LIMIT_MS))
  if (plane === undefined) return () => Promise.resolve()
  const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
  const definitions = path.join(MANIFESTS, 'crds.yaml')
  await kubectl.run(['apply', '-f', definitions, '-f', path.join(MANIFESTS, 'rbac.yaml')])
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', '-f', definitions])
  return async () => {
    await plane[Symbol.asyncDispose]()
  }
}
