// The overlay of the pod: how it merges, and what it may not touch.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds } from '#api/generated/kinds.ts'
import { lookAt } from '#testing/seen.ts'
import { overlayPod, overlayProblems, withOverlaidMetadata } from './overlay.ts'

const pod = {
  restartPolicy: 'Always',
  securityContext: { seccompProfile: { type: 'RuntimeDefault' }, sysctls: [{ name: 'a', value: '1' }] },
  imagePullSecrets: [{ name: 'r' }],
  volumes: [
    { name: 'config-a', configMap: { name: 'a' } },
    { name: 'cache', emptyDir: {} },
  ],
  containers: [
    {
      name: 'main',
      image: 'a:1',
      args: ['-v'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
      volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
    },
  ],
}
const [main] = pod.containers
const inMain = (fields: object) => ({ containers: [{ name: 'main', ...fields }] })
const withMain = (fields: object) => ({ ...pod, containers: [{ ...main, ...fields }] })

describe('an overlay', () => {
  it.each<[string, object, object]>([
    ['sets a field', { hostNetwork: true }, { ...pod, hostNetwork: true }],
    [
      'merges maps',
      { securityContext: { fsGroup: 5 } },
      { ...pod, securityContext: { ...pod.securityContext, fsGroup: 5 } },
    ],
    [
      'replaces other lists',
      { securityContext: { sysctls: [{ name: 'b', value: '2' }] } },
      { ...pod, securityContext: { ...pod.securityContext, sysctls: [{ name: 'b', value: '2' }] } },
    ],
    ['replaces a list of words', inMain({ args: ['-q'] }), withMain({ args: ['-q'] })],
    ['merges containers by name', inMain({ stdin: true }), withMain({ stdin: true })],
    [
      'adds a container after main',
      { containers: [{ name: 'b', image: 'b:1' }] },
      { ...pod, containers: [main, { name: 'b', image: 'b:1' }] },
    ],
    [
      'merges variables by name',
      inMain({ env: [{ name: 'B', value: '3' }, { name: 'C' }] }),
      withMain({ env: [{ name: 'A', value: '1' }, { name: 'B', value: '3' }, { name: 'C' }] }),
    ],
    [
      'removes a variable',
      inMain({ env: [{ name: 'A', $patch: 'delete' }] }),
      withMain({ env: [{ name: 'B', value: '2' }] }),
    ],
    [
      'merges volumes by name',
      { volumes: [{ name: 'cache', emptyDir: { medium: 'Memory' } }] },
      { ...pod, volumes: [pod.volumes[0], { name: 'cache', emptyDir: { medium: 'Memory' } }] },
    ],
    [
      'removes a volume',
      { volumes: [{ name: 'config-a', $patch: 'delete' }] },
      { ...pod, volumes: [{ name: 'cache', emptyDir: {} }] },
    ],
    [
      'merges mounts by path',
      inMain({ volumeMounts: [{ mountPath: '/cache', readOnly: true }] }),
      withMain({ volumeMounts: [{ name: 'cache', mountPath: '/cache', readOnly: true }] }),
    ],
    [
      'merges ports by number and protocol',
      inMain({ ports: [{ containerPort: 80, hostPort: 8080 }] }),
      withMain({ ports: [{ name: 'http', containerPort: 80, protocol: 'TCP', hostPort: 8080 }] }),
    ],
    [
      'tells ports of another protocol apart',
      inMain({ ports: [{ containerPort: 80, protocol: 'UDP' }] }),
      withMain({ ports: [...(main?.ports ?? []), { containerPort: 80, protocol: 'UDP' }] }),
    ],
    [
      'merges pull secrets by name',
      { imagePullSecrets: [{ name: 'q' }] },
      { ...pod, imagePullSecrets: [{ name: 'r' }, { name: 'q' }] },
    ],
    [
      'starts a list that was not there',
      { initContainers: [{ name: 'i', image: 'i:1' }] },
      { ...pod, initContainers: [{ name: 'i', image: 'i:1' }] },
    ],
    [
      'drops what it removes from a list of its own',
      { tolerations: [{ key: 'a' }, { key: 'b', $patch: 'delete' }] },
      { ...pod, tolerations: [{ key: 'a' }] },
    ],
    ['that is empty changes nothing', {}, pod],
  ])('%s', (_what, spec, expected) => {
    expect(overlayPod(pod, { spec: { ...spec } })).toEqual(expected)
  })

  it('makes one text of equal wishes, whatever the order of their keys', () => {
    const left = { spec: { zone: { b: 1, a: [{ d: 1, c: 2 }] }, alpha: 1 } }
    const right = { spec: { alpha: 1, zone: { a: [{ c: 2, d: 1 }], b: 1 } } }

    expect(JSON.stringify(overlayPod(pod, left))).toBe(JSON.stringify(overlayPod(pod, right)))
  })

  it('merged twice is merged once, and never loses main', () => {
    const names = fc.constantFrom('main', 'b', 'cache', 'A')
    const item = fc.record(
      { name: names, value: fc.integer(), $patch: fc.constantFrom('delete', 'x') },
      { requiredKeys: ['name'] },
    )
    const unique = { selector: ({ name }: { readonly name: string }) => name }
    const containers = fc.uniqueArray(fc.record({ name: names, env: fc.uniqueArray(item, unique) }), unique)
    const overlays = fc.record({ containers, volumes: fc.uniqueArray(item, unique) }, { requiredKeys: [] })
    fc.assert(
      fc.property(overlays, (spec) => {
        const once = overlayPod(pod, { spec })

        expect(overlayPod(once, { spec })).toEqual(once)
        expect(once).toMatchObject({ containers: expect.arrayContaining([expect.objectContaining({ name: 'main' })]) })
      }),
    )
  })

  it('adds labels and annotations', () => {
    const podTemplate = { metadata: { labels: { a: '2' }, annotations: { b: '3' } } }

    expect(withOverlaidMetadata({ podLabels: { a: '1', z: '1' }, podTemplate })).toEqual({
      podLabels: { a: '2', z: '1' },
      podAnnotations: { b: '3' },
      podTemplate,
    })
  })
})

describe('an overlay may not touch', () => {
  const reserved = (key: string) => `may not set '${key}', which is reserved`

  it.each<[string, object, string]>([
    ['metadata.labels', { metadata: { labels: { app: 'x' } } }, reserved('app')],
    ['metadata.labels', { metadata: { labels: { 'managed-by': 'x' } } }, reserved('managed-by')],
    ['metadata.labels', { metadata: { labels: { 'cluster-name': 'x' } } }, reserved('cluster-name')],
    [
      'metadata.labels',
      { metadata: { labels: { 'app.kubernetes.io/name': 'x' } } },
      reserved('app.kubernetes.io/name'),
    ],
    [
      'metadata.annotations',
      { metadata: { annotations: { 'highlander.plexobject.io/token': '1' } } },
      reserved('highlander.plexobject.io/token'),
    ],
    ['spec.restartPolicy', { spec: { restartPolicy: 'Never' } }, 'may not be set by the overlay'],
    ['spec.schedulingGates', { spec: { schedulingGates: [] } }, 'may not be set by the overlay'],
    ['spec.nodeName', { spec: { nodeName: 'n1' } }, 'may not be set by the overlay'],
    [
      'spec.terminationGracePeriodSeconds',
      { spec: { terminationGracePeriodSeconds: 0 } },
      'may not be 0: the name of the pod would be free before the process has ended',
    ],
    [
      'spec.containers',
      { spec: { containers: [{ name: 'main', $patch: 'delete' }] } },
      "may not remove or rename the container 'main'",
    ],
    [
      'spec.containers[0].env[0].name',
      { spec: { containers: [{ name: 'main', env: [{ name: 'HIGHLANDER_TERM', $patch: 'delete' }] }] } },
      "may not start with 'HIGHLANDER_', which is reserved",
    ],
    ['spec.containers[0].name', { spec: { containers: [{ image: 'x:1' }] } }, 'Required value: items are merged by it'],
    [
      'spec.containers[0].env[1].name',
      { spec: { containers: [{ name: 'main', env: [{ name: 'A' }, 'B'] }] } },
      'Required value: items are merged by it',
    ],
  ])('%s: %j', (path, overlay, message) => {
    expect(overlayProblems(overlay)).toEqual([{ path: `spec.podTemplate.${path}`, message }])
  })

  it('nothing else', () => {
    const spec = { terminationGracePeriodSeconds: 5, containers: [{ name: 'main', image: 'b:1' }], hostNetwork: true }

    expect(overlayProblems({ metadata: { labels: { team: 'red' }, annotations: { app: 'x' } }, spec })).toEqual([])
  })
})

describe.each(kinds)('%s', (kind) => {
  it('with a forbidden overlay touches nothing and says why', () => {
    const found = { spec: { podTemplate: { spec: { nodeName: 'n1' } } } }
    const workload = lookAt(kind)

    expect(workload.desired(found)).toBe('untouched')
    expect(workload.condition(found, 'Accepted')).toBe('False InvalidPodTemplate')
    expect(workload.condition(found, 'Ready')).toBe('False NotAccepted')
    expect(workload.message(found, 'Accepted')).toBe(
      'spec.podTemplate.spec.nodeName: may not be set by the overlay. What runs is left as it is; correct the spec.',
    )
  })

  it('shows the values that the overlay puts into use', () => {
    const spec = {
      terminationGracePeriodSeconds: 7,
      automountServiceAccountToken: true,
      containers: [{ name: 'main', image: 'b:1', imagePullPolicy: 'Always', resources: { limits: { memory: '1Gi' } } }],
    }
    const found = { spec: { podTemplate: { spec } } }

    expect(lookAt(kind).status(found).effective).toMatchObject({
      terminationGracePeriodSeconds: 7,
      automountServiceAccountToken: true,
      imagePullPolicy: 'Always',
    })
    expect(lookAt(kind).message(found, 'Accepted')).not.toContain('memory')
  })
})
