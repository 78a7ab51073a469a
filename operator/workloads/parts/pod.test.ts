// Each field of a spec and its effect on the pod, and the bytes that a shell receives.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { models } from '#api/schema/index.ts'
import { given } from '#testing/given.ts'
import { workloads } from '../registry.ts'
import { isFields, type Fields } from './json.ts'

/** The pod of a Process with these fields beside the image. */
function podOf(spec: object): { readonly metadata: Fields; readonly spec: Fields } {
  const cr = given.cr({ spec: { image: 'example.test/report:1', ...spec } })
  const look = workloads.WorkloadProcess.look(given.observed({ cr }))
  const pod = look.desired?.children.find((child) => child.kind === 'Pod')
  if (pod === undefined) throw new Error(`no pod: ${JSON.stringify(look.status(given.observed({ cr })))}`)
  return { metadata: { ...pod.object.metadata }, spec: { ...pod.object.spec } }
}

/** What `read` finds at a path such as containers.0.image. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => {
    if (Array.isArray(found)) return found[Number(key)]
    return isFields(found) ? found[key] : undefined
  }, value)
}

const MAIN = 'spec.containers.0'
const probe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 3 }
const toleration = { key: 'dedicated', operator: 'Exists' }
const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } }

/** Field → spec → path → what is there. */
const effects: readonly (readonly [string, object, string, unknown])[] = [
  ['image', { image: 'a:1' }, `${MAIN}.image`, 'a:1'],
  ['imagePullPolicy', { imagePullPolicy: 'Always' }, `${MAIN}.imagePullPolicy`, 'Always'],
  ['imagePullSecrets', { imagePullSecrets: [{ name: 'r' }] }, 'spec.imagePullSecrets', [{ name: 'r' }]],
  ['script', { script: { commands: ['a'], shell: '/bin/bash' } }, `${MAIN}.command`, ['/bin/bash']],
  ['command', { command: ['/a'] }, `${MAIN}.command`, ['/a']],
  ['args', { args: ['-v'] }, `${MAIN}.args`, ['-v']],
  ['workingDir', { workingDir: '/w' }, `${MAIN}.workingDir`, '/w'],
  ['env', { env: { B: 2, A: 'x' } }, `${MAIN}.env.3`, { name: 'A', value: 'x' }],
  ['env', { env: { B: 2, A: 'x' } }, `${MAIN}.env.4`, { name: 'B', value: '2' }],
  ['extraEnv', { env: { B: 2 }, extraEnv: [{ name: 'A', value: 'x' }] }, `${MAIN}.env.4`, { name: 'A', value: 'x' }],
  ['envFrom', { envFrom: [{ secretRef: { name: 's' } }] }, `${MAIN}.envFrom`, [{ secretRef: { name: 's' } }]],
  ['configMaps', { configMaps: ['a.b'] }, 'spec.volumes.0', { name: 'config-a-b', configMap: { name: 'a.b' } }],
  ['secrets', { secrets: ['s'] }, 'spec.volumes.0', { name: 'secret-s', secret: { secretName: 's' } }],
  [
    'secrets',
    { secrets: ['s'] },
    `${MAIN}.volumeMounts.0`,
    { name: 'secret-s', mountPath: '/etc/secrets/s', readOnly: true },
  ],
  ['resources', { resources: { cpuRequest: 1 } }, `${MAIN}.resources`, { requests: { cpu: '1' } }],
  ['resources', { resources: { limits: { 'x/gpu': 1 } } }, `${MAIN}.resources`, { limits: { 'x/gpu': '1' } }],
  ['livenessProbe', { livenessProbe: probe }, `${MAIN}.livenessProbe`, probe],
  ['readinessProbe', { readinessProbe: probe }, `${MAIN}.readinessProbe`, probe],
  ['startupProbe', { startupProbe: probe }, `${MAIN}.startupProbe`, probe],
  ['lifecycle', { lifecycle: { preStop: { sleep: { seconds: 5 } } } }, `${MAIN}.lifecycle.preStop.sleep.seconds`, 5],
  ['podTemplate', { podTemplate: { spec: { hostNetwork: true } } }, 'spec.hostNetwork', true],
  ['podTemplate', { podTemplate: { metadata: { labels: { a: 'b' } } } }, 'metadata.labels.a', 'b'],
  ['podTemplate', { podTemplate: { metadata: { annotations: { a: 'b' } } } }, 'metadata.annotations.a', 'b'],
  ['terminationGracePeriodSeconds', { terminationGracePeriodSeconds: 60 }, 'spec.terminationGracePeriodSeconds', 60],
  ['gracePeriod', { gracePeriod: '1500ms' }, 'spec.terminationGracePeriodSeconds', 2],
  ['serviceAccountName', { serviceAccountName: 'a' }, 'spec.automountServiceAccountToken', true],
  ['automountServiceAccountToken', { automountServiceAccountToken: true }, 'spec.automountServiceAccountToken', true],
  ['securityProfile', { securityProfile: 'Unset' }, 'spec.securityContext', undefined],
  ['securityProfile', { securityProfile: 'Unset' }, `${MAIN}.securityContext`, undefined],
  ['podSecurityContext', { podSecurityContext: { fsGroup: 1 } }, 'spec.securityContext.fsGroup', 1],
  ['securityContext', { securityContext: { runAsUser: 7 } }, `${MAIN}.securityContext.runAsUser`, 7],
  ['nodeSelector', { nodeSelector: { disk: 'ssd' } }, 'spec.nodeSelector', { disk: 'ssd' }],
  ['tolerations', { tolerations: [toleration] }, 'spec.tolerations', [toleration]],
  ['affinity', { affinity }, 'spec.affinity', affinity],
  ['priorityClassName', { priorityClassName: 'p' }, 'spec.priorityClassName', 'p'],
  ['runtimeClassName', { runtimeClassName: 'r' }, 'spec.runtimeClassName', 'r'],
  ['schedulerName', { schedulerName: 's' }, 'spec.schedulerName', 's'],
  ['hostAliases', { hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }] }, 'spec.hostAliases.0.ip', '1.2.3.4'],
  ['dnsPolicy', { dnsPolicy: 'Default' }, 'spec.dnsPolicy', 'Default'],
  ['dnsConfig', { dnsConfig: { searches: ['a'] } }, 'spec.dnsConfig', { searches: ['a'] }],
  ['volumes', { volumes: [{ name: 'v', emptyDir: {} }] }, 'spec.volumes.0', { name: 'v', emptyDir: {} }],
  ['volumeMounts', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }, `${MAIN}.volumeMounts.0.mountPath`, '/v'],
  [
    'initContainers',
    { initContainers: [{ name: 'i', image: 'i:1' }] },
    'spec.initContainers.0.restartPolicy',
    undefined,
  ],
  ['sidecars', { sidecars: [{ name: 's', image: 's:1' }] }, 'spec.initContainers.0.restartPolicy', 'Always'],
  ['sidecars', { sidecars: [{ name: 's', image: 's:1', env: { A: 1 } }] }, 'spec.initContainers.0.env.0.value', '1'],
  [
    'sidecars',
    { sidecars: [{ name: 's', image: 's:1', resources: { cpuLimit: 1 } }] },
    'spec.initContainers.0.resources',
    { limits: { cpu: '1' } },
  ],
  ['podLabels', { podLabels: { team: 'a' } }, 'metadata.labels.team', 'a'],
  ['podAnnotations', { podAnnotations: { note: 'a' } }, 'metadata.annotations.note', 'a'],
  ['restartPolicy', { restartPolicy: 'Never' }, 'spec.restartPolicy', 'Never'],
  ['ports', { ports: [{ name: 'http', containerPort: 80 }] }, `${MAIN}.ports.0.containerPort`, 80],
]

/** Fields that change no pod: they have their own tests. */
const elsewhere = ['suspend', 'service', 'exclusivity', 'maxRestarts', 'restartWindow', 'backoff']

describe('a field of the spec', () => {
  it.each(effects)('%s: %j', (_field, spec, path, expected) => {
    expect(at(podOf(spec), path)).toEqual(expected)
  })

  it('is in the table above', () => {
    const fields = Object.keys(models.find(({ kind }) => kind === 'WorkloadProcess')?.spec.properties ?? {})
    const known = new Set([...effects.map(([field]) => field), ...elsewhere])

    expect(fields.filter((field) => !known.has(field))).toEqual([])
  })
})

describe('equal spellings', () => {
  it.each([
    [{ gracePeriod: '30s' }, { terminationGracePeriodSeconds: 30 }],
    [{ gracePeriod: '30s' }, {}],
    [{ env: { A: 1 } }, { env: { A: '1' } }],
    [{ env: { A: 1, B: 2 } }, { env: { B: 2, A: 1 } }],
    [{ resources: { cpuLimit: 1 } }, { resources: { cpuLimit: '1' } }],
    [{ nodeSelector: { a: '1', b: '2' } }, { nodeSelector: { b: '2', a: '1' } }],
    [{ script: { commands: ['a'] } }, { script: { commands: ['a'], shell: '/bin/sh' } }],
  ])('%j and %j are one wish', (left, right) => {
    expect(JSON.stringify(podOf(left).spec)).toBe(JSON.stringify(podOf(right).spec))
  })
})

describe('security profiles', () => {
  const capabilities = { add: ['NET_BIND_SERVICE'] }

  it.each([
    ['Restricted', {}, { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }],
    [
      'Restricted',
      { capabilities },
      { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], ...capabilities } },
    ],
    ['Baseline', {}, { allowPrivilegeEscalation: false }],
    ['Baseline', { allowPrivilegeEscalation: true }, { allowPrivilegeEscalation: true }],
    ['Baseline', { privileged: true }, { privileged: true }],
    ['Baseline', { capabilities: { add: ['SYS_ADMIN'] } }, { capabilities: { add: ['SYS_ADMIN'] } }],
    ['Unset', { runAsUser: 1 }, { runAsUser: 1 }],
  ])('%s with %j', (securityProfile, securityContext, expected) => {
    const pod = podOf({ securityProfile, securityContext })

    expect(at(pod, `${MAIN}.securityContext`)).toEqual(expected)
  })
})

describe('a long name of a ConfigMap', () => {
  it('is cut and hashed, so that two of them stay apart', () => {
    const names = ['a', 'b'].map((end) => `${'x'.repeat(80)}${end}`)

    const pod = podOf({ configMaps: names })

    const volumes = [0, 1].map((index) => String(at(pod, `spec.volumes.${index}.name`)))
    expect(volumes.map((name) => name.length)).toEqual([63, 63])
    expect(new Set(volumes).size).toBe(2)
  })
})

describe('a script', () => {
  /** What Kubernetes makes of an argument: $(NAME) is expanded when it is known, $$ becomes $. */
  const expand = (text: string): string =>
    text.replaceAll(/\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)/g, (found, name) =>
      name === undefined ? '$' : `<${found}>`,
    )

  it('reaches the shell byte for byte', () => {
    const line = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => text.trim() !== '')
    const tricky = fc.constantFrom('$$', '$(date)', '$(DB_HOST)', '"a" \'b\'', '%s', 'ü€', '$', '$$$(A)$$$$', '`a`')

    fc.assert(
      fc.property(fc.array(fc.oneof(line, tricky), { minLength: 1, maxLength: 8 }), (commands) => {
        const args = at(podOf({ script: { commands } }), `${MAIN}.args.1`)

        expect(expand(String(args))).toBe(`#!/bin/sh\nset -e\n\n${commands.join('\n')}`)
      }),
      { numRuns: 200 },
    )
  })
})
