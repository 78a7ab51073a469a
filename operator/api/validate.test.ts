import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { isKindName } from './key.ts'
import { kinds } from './generated/kinds.ts'
import type { KindName } from './generated/kinds.ts'
import { schemas } from './generated/schema.ts'
import { validateName, validateSpec } from './validate.ts'
import type { Problem } from './validate.ts'

const samples = join(import.meta.dirname, '../../manifests/samples')

describe('validateSpec', () => {
  it.each(['valid', 'quickstart'].flatMap((folder) => readdirSync(join(samples, folder)).map((f) => `${folder}/${f}`)))(
    'accepts the sample %s',
    (file) => {
      const { kind, metadata, spec } = parse(readFileSync(join(samples, file), 'utf8'))

      expect(isKindName(kind)).toBe(true)
      expect([...problemsOf(kind, spec), ...validateName(kind, metadata.name, spec)]).toEqual([])
    },
  )

  it('fills in the defaults', () => {
    const given = { image: 'busybox', script: { commands: ['a'] }, ports: [{ name: 'a', containerPort: 1 }] }

    expect(validateSpec('WorkloadProcess', given)).toEqual({
      type: 'valid',
      spec: {
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        script: { commands: ['a'], shell: '/bin/sh' },
        securityProfile: 'Baseline',
        suspend: false,
        restartPolicy: 'OnFailure',
        restartWindow: '10m',
        backoff: { initial: '1s', max: '5m' },
        ports: [{ name: 'a', containerPort: 1, protocol: 'TCP' }],
        service: { type: 'ClusterIP', headless: false },
        exclusivity: { mode: 'Strict', nodeUnreachable: 'Wait' },
      },
    })
  })

  it('makes the Service of a persistent workload headless unless told otherwise', () => {
    const outcome = validateSpec('WorkloadPersistent', { image: 'a' })

    expect(outcome.type === 'valid' && outcome.spec.service.headless).toBe(true)
  })

  it('takes null for an absent field', () => {
    const outcome = validateSpec('WorkloadProcess', { image: 'a', env: null, command: null })

    expect(outcome.type === 'valid' && Object.keys(outcome.spec)).not.toContain('env')
    expect(problemsOf('WorkloadProcess', { image: null })).toEqual([{ path: 'spec.image', message: 'Required value' }])
  })

  it('keeps what is below an untyped field', () => {
    const affinity = { nodeAffinity: { anything: [{ goes: 1.5 }] } }

    const outcome = validateSpec('WorkloadProcess', { image: 'a', affinity })

    expect(outcome.type === 'valid' && outcome.spec.affinity).toEqual(affinity)
  })

  it('does not change its input', () => {
    const given = deepFreeze({ image: 'a', replicas: 1, service: {}, ports: [{ name: 'a', containerPort: 1 }] })

    const outcome = validateSpec('WorkloadService', given, given)

    expect(outcome.type).toBe('valid')
  })

  it('judges the shape before the rules, as the API server does', () => {
    const spec = { image: 'a', command: 'a', script: { commands: ['a'] } }

    expect(problemsOf('WorkloadProcess', spec)).toEqual([
      { path: 'spec.command', message: 'must be of type array: "string"' },
    ])
  })

  it('names all problems at once', () => {
    const spec = { image: '', comand: ['a'], maxRestarts: -1, env: { DEBUG: true } }

    expect(problemsOf('WorkloadProcess', spec).map((problem) => problem.path)).toEqual([
      'spec.comand',
      'spec.image',
      'spec.env.DEBUG',
      'spec.maxRestarts',
    ])
  })

  it('never throws, whatever JSON it gets', () => {
    fc.assert(
      fc.property(anyKind, anyJson, anyJson, (kind, spec, old) => {
        expect(validateSpec(kind, spec, old).type).toMatch(/^(in)?valid$/)
      }),
    )
  })

  it('never throws for specs of nearly the right shape', () => {
    fc.assert(
      fc.property(anyKind, nearlyRight, nearlyRight, (kind, spec, old) => {
        expect(validateSpec(kind, spec, old).type).toMatch(/^(in)?valid$/)
      }),
      { numRuns: 1000 },
    )
  })

  it('bears JSON that is nested without end', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)

    expect(validateSpec('WorkloadProcess', { image: 'a', affinity: deep }).type).toBe('valid')
    expect(problemsOf('WorkloadProcess', deep)).toHaveLength(2)
  })

  it('treats __proto__ as a field like any other', () => {
    const spec: unknown = JSON.parse('{"image": "a", "__proto__": {"command": ["x"]}}')

    expect(problemsOf('WorkloadProcess', spec)).toEqual([
      { path: 'spec.__proto__', message: 'unknown field "spec.__proto__"' },
    ])
  })
})

describe('sentences about the shape', () => {
  it.each<readonly [KindName, Readonly<Record<string, unknown>>, string, string]>([
    ['WorkloadProcess', { image: 'a b' }, 'spec.image', "should match '^\\S+$'"],
    ['WorkloadProcess', { image: '' }, 'spec.image', 'should be at least 1 chars long'],
    ['WorkloadProcess', { image: 'x'.repeat(1025) }, 'spec.image', 'Too long: may not be more than 1024 bytes'],
    ['WorkloadProcess', { image: 5 }, 'spec.image', 'must be of type string: "integer"'],
    ['WorkloadProcess', { comand: [] }, 'spec.comand', 'unknown field "spec.comand"'],
    ['WorkloadProcess', { script: {} }, 'spec.script.commands', 'Required value'],
    [
      'WorkloadProcess',
      { restartPolicy: 'Sometimes' },
      'spec.restartPolicy',
      'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    ['WorkloadProcess', { maxRestarts: -1 }, 'spec.maxRestarts', 'should be greater than or equal to 0'],
    ['WorkloadProcess', { maxRestarts: 1_000_001 }, 'spec.maxRestarts', 'should be less than or equal to 1000000'],
    ['WorkloadProcess', { maxRestarts: 1.5 }, 'spec.maxRestarts', 'must be of type int32: "float64"'],
    ['WorkloadProcess', { command: [] }, 'spec.command', 'should have at least 1 items'],
    [
      'WorkloadProcess',
      { command: Array.from({ length: 65 }, () => 'x') },
      'spec.command',
      'Too many: 65: must have at most 64 items',
    ],
    [
      'WorkloadProcess',
      { resources: { cpuRequest: 0.5 } },
      'spec.resources.cpuRequest',
      'must be of type integer,string: "number"',
    ],
    ['WorkloadProcess', { env: { DEBUG: true } }, 'spec.env.DEBUG', 'must be of type integer,string: "boolean"'],
    ['WorkloadProcess', { configMaps: ['a', 'a'] }, 'spec.configMaps[1]', 'Duplicate value: "a"'],
    [
      'WorkloadProcess',
      {
        ports: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      },
      'spec.ports[1]',
      'Duplicate value: {"name":"a"}',
    ],
    [
      'WorkloadProcess',
      { tolerations: [{ tolerationSeconds: 1e19 }] },
      'spec.tolerations[0].tolerationSeconds',
      'must be of type int64: "float64"',
    ],
    [
      'WorkloadProcess',
      { exclusivity: { mode: 'BestEffort' } },
      'spec.exclusivity.mode',
      'Unsupported value: "BestEffort": supported values: "Strict"',
    ],
    [
      'WorkloadPersistent',
      { persistentVolumes: [{ name: 'a', mountPath: '/a', size: 10 }] },
      'spec.persistentVolumes[0].size',
      'must be of type string: "integer"',
    ],
  ])('%s %j', (kind, fields, path, message) => {
    expect(problemsOf(kind, { image: 'a', ...fields })).toEqual([{ path, message }])
  })

  it.each([undefined, null])('a spec that is %s is required', (spec) => {
    expect(problemsOf('WorkloadProcess', spec)).toEqual([{ path: 'spec', message: 'Required value' }])
  })

  it('a spec that is no object', () => {
    expect(problemsOf('WorkloadProcess', [])).toEqual([{ path: 'spec', message: 'must be of type object: "array"' }])
  })
})

const anyKind = fc.constantFrom(...kinds)
const anyJson = fc.jsonValue({ maxDepth: 5 })

/** Real field names with any values: reaches the rules with odd contents. */
const nearlyRight = fc
  .tuple(fc.constantFrom(...kinds), fc.dictionary(fc.string(), anyJson, { maxKeys: 2 }))
  .chain(([kind, extra]) =>
    fc
      .record(Object.fromEntries(fieldsOf(kind).map((field) => [field, fc.oneof(anyJson, plausible)])), {
        requiredKeys: [],
      })
      .map((spec) => ({ image: 'a', schedule: '@daily', ...spec, ...extra })),
  )

const plausible = fc.oneof(
  fc.constantFrom<unknown>('1s', '10Gi', 1, 2, true, '@daily', 'Strict', [], {}),
  fc.array(
    fc.record(
      {
        name: fc.constantFrom('a', 'b'),
        image: fc.constant('a'),
        containerPort: fc.integer(),
        mountPath: fc.string(),
        size: fc.string(),
        existingClaim: fc.constant('c'),
        value: fc.string(),
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 3 },
  ),
)

function fieldsOf(kind: KindName): readonly string[] {
  return Object.keys(Object(schemas[kind]['properties']))
}

function problemsOf(kind: KindName, spec: unknown): readonly Problem[] {
  const outcome = validateSpec(kind, spec)
  return outcome.type === 'valid' ? [] : outcome.problems
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach((item) => deepFreeze(item))
  return Object.freeze(value)
}
