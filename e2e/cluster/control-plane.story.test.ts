// The development control plane itself: what the other stories rely on.
import { existsSync } from 'node:fs'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { parseTime } from '#lib/time.ts'
import { startControlPlane, type ControlPlane } from './control-plane.ts'
import { execute } from './exec.ts'
import { needsBinaries, withControlPlane } from './fixture.ts'
import { requireConsent } from './given.ts'
import { listAt, parseJson, textAt } from './json.ts'
import { waitUntil } from './wait.ts'

const { signal } = new AbortController()

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: example.invalid/web }]
---
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: main, image: example.invalid/once }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: broken }
spec:
  backoffLimit: 0
  template:
    metadata: { annotations: { simulation.highlander.plexobject.io/ends: Failed } }
    spec: { restartPolicy: Never, containers: [{ name: main, image: example.invalid/once }] }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: often }
spec:
  schedule: '0 0 1 1 *'
  jobTemplate:
    spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: example.invalid/once }] } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store }
spec:
  replicas: 2
  serviceName: store
  selector: { matchLabels: { app: store } }
  template:
    metadata: { labels: { app: store } }
    spec:
      containers: [{ name: main, image: example.invalid/store, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: deaf, annotations: { simulation.highlander.plexobject.io/ignores-sigterm: '1' } }
spec: { terminationGracePeriodSeconds: 3, containers: [{ name: main, image: example.invalid/deaf }] }
---
apiVersion: v1
kind: Pod
metadata:
  name: brief
  annotations:
    simulation.highlander.plexobject.io/ready-after: 1s
    simulation.highlander.plexobject.io/run-for: 2s
spec: { restartPolicy: Never, containers: [{ name: main, image: example.invalid/brief }] }
`

describe('a simulated control plane', () => {
  it('runs the native workloads, survives faults and leaves nothing behind', async (context) => {
    let runDir = ''
    await withControlPlane(
      { nodes: 'simulated', controllers: true, audit: true },
      context,
      async (plane) => {
        runDir = plane.runDir
        expect(plane.version).toMatch(/^v1\.36\./)
        await runsWorkloads(plane)
        await collectsGarbage(plane)
        await honoursGracePeriods(plane)
        await knowsUsers(plane)
        await survivesFaults(plane)
        expect(await readFile(plane.auditLog ?? '', 'utf8')).toContain('"stage":"ResponseComplete"')
      },
      signal,
    )
    expect(existsSync(runDir)).toBe(false)
  })
})

describe('a bare API server', () => {
  it('takes pods without controllers; two of them do not disturb each other', async (context) => {
    const options = { nodes: 'none', controllers: false } as const
    await withControlPlane(
      options,
      context,
      async (one) => {
        await withControlPlane(
          options,
          context,
          async (two) => {
            expect(one.server.href).not.toBe(two.server.href)
            await apply(one, MANIFEST)
            expect(await kubectl(one, ['get', 'deployments', '-o', 'name'])).toContain('web')
            expect(await kubectl(two, ['get', 'deployments', '-o', 'name'])).toBe('')
          },
          signal,
        )
        await isUsableAsGivenCluster(one)
      },
      signal,
    )
  })

  it('is refused in a sentence when KUBECONFIG points to nothing', async (context) => {
    await needsBinaries(['kubectl'], context, signal)
    await using folder = await mkdtempDisposable(path.join(os.tmpdir(), 'k8-highlander-test-'))
    const file = path.join(folder.path, 'config')
    const cluster = { name: 'a', cluster: { server: 'https://127.0.0.1:1' } }
    const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }]
    const users = [{ name: 'a', user: { token: 'a' } }]
    await writeFile(
      file,
      JSON.stringify({ kind: 'Config', 'current-context': 'a', clusters: [cluster], contexts, users }),
    )

    const start = startControlPlane(
      { nodes: 'none', controllers: false, env: { ...process.env, KUBECONFIG: file } },
      signal,
    )

    await expect(start).rejects.toThrow(/does not answer within 10 s .*refused.*unset it/)
  })
})

describe('requireConsent', () => {
  it('asks before a given cluster on another machine is used', () => {
    const far = { given: true, server: new URL('https://prod.example.com') }

    expect(() => requireConsent(far, {})).toThrow(/prod\.example\.com.*CONFIRM=1/)
    expect(() => requireConsent(far, { CONFIRM: '1' })).not.toThrow()
    expect(() => requireConsent({ ...far, given: false }, {})).not.toThrow()
  })
})

async function runsWorkloads(plane: ControlPlane): Promise<void> {
  await apply(plane, MANIFEST)
  await kubectl(plane, ['rollout', 'status', 'deployment/web', '--timeout=30s'])
  await kubectl(plane, ['rollout', 'status', 'statefulset/store', '--timeout=30s'])
  await kubectl(plane, ['wait', 'job/once', '--for=condition=Complete', '--timeout=30s'])
  await kubectl(plane, ['wait', 'job/broken', '--for=condition=Failed', '--timeout=30s'])
  await kubectl(plane, ['create', 'job', 'by-hand', '--from=cronjob/often'])
  await kubectl(plane, ['wait', 'job/by-hand', '--for=condition=Complete', '--timeout=30s'])
  await kubectl(plane, ['wait', 'pod/brief', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=30s'])
  const times =
    '{.status.containerStatuses[0].state.terminated.startedAt} {.status.containerStatuses[0].state.terminated.finishedAt}'
  const ran = (await kubectl(plane, ['get', 'pod/brief', '-o', `jsonpath=${times}`]))
    .split(' ')
    .map((text) => parseTime(text) ?? 0)
  expect((ran[1] ?? 0) - (ran[0] ?? 0)).toBeGreaterThanOrEqual(1_000)
  expect(await kubectl(plane, ['get', 'pvc', '-o', 'jsonpath={.items[*].status.phase}'])).toBe('Bound Bound')
}

async function collectsGarbage(plane: ControlPlane): Promise<void> {
  await kubectl(plane, ['delete', 'deployment/web', 'statefulset/store', '--cascade=background'])
  await kubectl(plane, ['delete', 'pvc', '--all', '--timeout=30s'])
  await eventually('pods and volumes are gone', async () => {
    const left = await kubectl(plane, ['get', 'pods,pv', '-l', 'app in (web, store)', '-o', 'name'])
    const volumes = await kubectl(plane, ['get', 'pv', '-o', 'name'])
    return left === '' && volumes === ''
  })
}

async function honoursGracePeriods(plane: ControlPlane): Promise<void> {
  await kubectl(plane, ['wait', 'pod/deaf', '--for=condition=Ready', '--timeout=30s'])
  const startedMs = systemClock.monotonicMs()
  await kubectl(plane, ['delete', 'pod/deaf', '--timeout=30s'])
  // Times of deletion have whole seconds.
  expect(systemClock.monotonicMs() - startedMs).toBeGreaterThan(1_900)
}

async function knowsUsers(plane: ControlPlane): Promise<void> {
  const kubeconfig = await plane.kubeconfigFor('jane', ['dev', 'ops'])
  const answer = await kubectl({ ...plane, kubeconfig }, ['auth', 'whoami', '-o', 'json'])
  const userInfo = parseJson(answer)
  expect(textAt(userInfo, 'status', 'userInfo', 'username')).toBe('jane')
  expect(listAt(userInfo, 'status', 'userInfo', 'groups')).toEqual(['dev', 'ops', 'system:authenticated'])
  const denied = await execute(plane.kubectl, ['--kubeconfig', kubeconfig, 'get', 'pods'], {}, signal)
  expect(denied.stderr).toContain('Forbidden')
}

async function survivesFaults(plane: ControlPlane): Promise<void> {
  await plane.fault('kube-apiserver', 'pause')
  const silent = await execute(
    plane.kubectl,
    ['--kubeconfig', plane.kubeconfig, 'get', 'ns', '--request-timeout=1s'],
    {},
    signal,
  )
  expect(silent.ok).toBe(false)
  await plane.fault('kube-apiserver', 'resume')
  expect(await kubectl(plane, ['get', 'ns', 'default', '-o', 'name'])).toBe('namespace/default')

  await plane.fault('etcd', 'kill')
  await plane.fault('etcd', 'restart')
  await plane.fault('kube-apiserver', 'restart')
  await plane.fault('kube-controller-manager', 'restart')
  await apply(plane, MANIFEST)
  await kubectl(plane, ['rollout', 'status', 'statefulset/store', '--timeout=60s'])
}

async function isUsableAsGivenCluster(plane: ControlPlane): Promise<void> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig }
  const given = await startControlPlane({ nodes: 'none', controllers: false, env }, signal)
  if (given.type === 'unavailable') throw new Error(given.tried.join('\n'))
  await using there = given
  expect({ given: there.given, server: there.server.origin }).toEqual({ given: true, server: plane.server.origin })
  await expect(there.fault('etcd', 'kill')).rejects.toThrow(/refused.*KUBECONFIG/)
  const kubeconfig = await there.kubeconfigFor('jane', ['dev'])
  const answer = parseJson(await kubectl({ ...there, kubeconfig }, ['auth', 'whoami', '-o', 'json']))
  expect(listAt(answer, 'status', 'userInfo', 'groups')).toEqual(['dev', 'system:authenticated'])
}

async function apply(plane: ControlPlane, manifest: string): Promise<void> {
  const file = path.join(plane.runDir, 'manifest.yaml')
  await writeFile(file, manifest)
  await kubectl(plane, ['apply', '--server-side', '-f', file])
}

async function kubectl(plane: Pick<ControlPlane, 'kubectl' | 'kubeconfig'>, args: readonly string[]): Promise<string> {
  const answer = await execute(
    plane.kubectl,
    ['--kubeconfig', plane.kubeconfig, ...args],
    { timeoutMs: 90_000 },
    signal,
  )
  if (!answer.ok) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`)
  return answer.stdout.trim()
}

async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  await waitUntil(check, { what, limitMs: 30_000 }, signal)
}
