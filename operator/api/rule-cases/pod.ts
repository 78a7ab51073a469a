// Rules about the program, its environment and its resources.
import { ONE_PROBE, ofProcess, ofServer } from './rule-case.ts'
import type { Cases } from './rule-case.ts'

export const containerCases = {
  K1: [
    ofProcess(
      { command: ['a'], args: ['b'] },
      { script: { commands: ['a'] }, args: ['b'] },
      'spec',
      'may not set `script` together with `command` or `args`',
    ),
  ],
  K2: [
    ofProcess(
      { script: { commands: ['a', 'b'] } },
      { script: { commands: ['a', ' \t'] } },
      'spec.script.commands',
      'must not contain empty commands',
    ),
    // What counts as blank differs between languages.
    ofProcess(
      { script: { commands: ['\ufeff'] } },
      { script: { commands: ['\u0085\u00a0\u2003'] } },
      'spec.script.commands',
      'must not contain empty commands',
    ),
  ],
  K3: [
    ofProcess(
      { gracePeriod: '15s' },
      { gracePeriod: '15s', terminationGracePeriodSeconds: 15 },
      'spec',
      'may set only one of `gracePeriod` and `terminationGracePeriodSeconds`',
    ),
  ],
  K4: [ofProcess({ gracePeriod: '1000ms' }, { gracePeriod: '999ms' }, 'spec.gracePeriod', "must be at least '1s'")],
  K5: [
    ofProcess(
      { initContainers: [{ name: 'first', image: 'a' }] },
      { initContainers: [{ name: 'main', image: 'a' }] },
      'spec.initContainers',
      "the name 'main' is reserved for the workload's own container",
    ),
  ],
  K6: [
    ofProcess(
      { initContainers: [{ name: 'a', image: 'a' }], sidecars: [{ name: 'b', image: 'a', env: { A: 1 } }] },
      { initContainers: [{ name: 'a', image: 'a' }], sidecars: [{ name: 'a', image: 'a' }] },
      'spec.sidecars',
      "names must be unique in the pod and not 'main'",
    ),
  ],
  K7: [
    ofProcess(
      { volumes: [{ name: 'a', emptyDir: {} }], volumeMounts: [{ name: 'a', mountPath: '/a' }] },
      { volumes: [{ name: 'a', emptyDir: {} }], volumeMounts: [{ name: 'a', mountPath: '/a:b' }] },
      'spec.volumeMounts',
      "`mountPath` must be an absolute path without ':'",
    ),
  ],
  K8: [
    ofProcess({ livenessProbe: { exec: { command: ['a'] } } }, { livenessProbe: {} }, 'spec.livenessProbe', ONE_PROBE),
    ofServer(
      { readinessProbe: { httpGet: { port: 'http' } } },
      { readinessProbe: { httpGet: { port: 80 }, grpc: { port: 80 } } },
      'spec.readinessProbe',
      ONE_PROBE,
    ),
    ofServer(
      { startupProbe: { tcpSocket: { port: 80 } } },
      { startupProbe: { periodSeconds: 5 } },
      'spec.startupProbe',
      ONE_PROBE,
    ),
  ],
  K9: [
    ofProcess(
      { lifecycle: { preStop: { sleep: { seconds: 5 } } } },
      { lifecycle: { preStop: { sleep: { seconds: 5 }, exec: { command: ['a'] } } } },
      'spec.lifecycle.preStop',
      'must set exactly one of `exec`, `httpGet`, `sleep`',
    ),
  ],
} satisfies Cases

export const variableCases = {
  E1: [
    ofProcess(
      { env: { 'A.b-C_1': 1 } },
      { env: { '1A': 'x' } },
      'spec.env',
      "keys must be environment variable names, such as 'DB_HOST'",
    ),
  ],
  E2: [
    ofProcess(
      { env: { HIGHLANDER: 'x' } },
      { env: { HIGHLANDER_TERM: 'x' } },
      'spec.env',
      "keys may not start with 'HIGHLANDER_', which is reserved",
    ),
  ],
  'E2-extraEnv': [
    ofProcess(
      { extraEnv: [{ name: 'A', value: 'x' }] },
      { extraEnv: [{ name: 'A' }, { name: 'HIGHLANDER_TERM' }] },
      'spec.extraEnv[1].name',
      "may not start with 'HIGHLANDER_', which is reserved",
    ),
  ],
  E3: [
    ofProcess(
      { env: { A: 'x' }, extraEnv: [{ name: 'B' }] },
      { env: { A: 'x' }, extraEnv: [{ name: 'A' }] },
      'spec.extraEnv',
      '`extraEnv` may not repeat a name from `env`',
    ),
  ],
  E4: [
    ofProcess(
      { extraEnv: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      { extraEnv: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      'spec.extraEnv[0]',
      'may not set both `value` and `valueFrom`',
    ),
  ],
  'E4-valueFrom': [
    ofProcess(
      { extraEnv: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] },
      { extraEnv: [{ name: 'A', valueFrom: {} }] },
      'spec.extraEnv[0].valueFrom',
      'must set exactly one of `secretKeyRef`, `configMapKeyRef`, `fieldRef`, `resourceFieldRef`',
    ),
  ],
  'E4-envFrom': [
    ofProcess(
      { envFrom: [{ prefix: 'A_', configMapRef: { name: 'a' } }] },
      { envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'a' } }] },
      'spec.envFrom[0]',
      'must set exactly one of `configMapRef`, `secretRef`',
    ),
  ],
  E5: ['app', 'managed-by', 'app.kubernetes.io/managed-by', 'highlander.plexobject.io/name'].map((label) =>
    ofProcess(
      { podLabels: { 'app.kubernetes.io/name': 'x' } },
      { podLabels: { [label]: 'x' } },
      'spec.podLabels',
      "may not set the labels 'app', 'managed-by', 'app.kubernetes.io/managed-by' or any label that starts with 'highlander.plexobject.io/'",
    ),
  ),
  E6: [
    ofProcess(
      { podAnnotations: { app: 'x' } },
      { podAnnotations: { 'highlander.plexobject.io/epoch': '1' } },
      'spec.podAnnotations',
      "may not set annotations that start with 'highlander.plexobject.io/'",
    ),
  ],
} satisfies Cases

export const resourceCases = {
  Q1: ['cpuRequest', 'memoryRequest', 'cpuLimit', 'memoryLimit'].map((field) =>
    ofProcess(
      { resources: { [field]: '1.5' } },
      { resources: { [field]: '1 core' } },
      `spec.resources.${field}`,
      "must be a quantity such as '250m', '2' or '512Mi'",
    ),
  ),
  Q2: [
    ofProcess(
      { resources: { cpuLimit: 0 } },
      { resources: { cpuLimit: -1 } },
      'spec.resources.cpuLimit',
      'must not be negative',
    ),
  ],
  'Q3-cpu': [
    ofProcess(
      { resources: { cpuRequest: '1000m', cpuLimit: 1 } },
      { resources: { cpuRequest: '1001m', cpuLimit: 1 } },
      'spec.resources',
      '`cpuRequest` must be less than or equal to `cpuLimit`',
    ),
  ],
  'Q3-memory': [
    ofProcess(
      { resources: { memoryRequest: '1Gi', memoryLimit: '1024Mi' } },
      { resources: { memoryRequest: '1Gi', memoryLimit: '1G' } },
      'spec.resources',
      '`memoryRequest` must be less than or equal to `memoryLimit`',
    ),
  ],
  Q4: [
    ofProcess(
      { resources: { cpuRequest: 1, requests: { 'ephemeral-storage': '1Gi' } } },
      { resources: { cpuRequest: 1, requests: { cpu: 1 } } },
      'spec.resources',
      'may not give the same resource twice: use either the short field or the map',
    ),
    ofProcess(
      { resources: { memoryRequest: 1, limits: { memory: 1 } } },
      { resources: { memoryLimit: 1, limits: { memory: 1 } } },
      'spec.resources',
      'may not give the same resource twice: use either the short field or the map',
    ),
  ],
} satisfies Cases
