// What people see and do with kubectl: tables, names, categories, field selectors, scale, wait, diff, explain.
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kinds, type KindName } from '#api/generated/kinds.ts'
import { apiVersionOf, resourceOf } from '#api/resource.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, itemsOf, textAt, type Json } from '../support/api.ts'
import { eventually, needsCluster, openWorld, type World } from '../support/world.ts'

const port = { name: 'http', containerPort: 8080 }

interface Example {
  readonly names: readonly string[]
  readonly spec: Readonly<Record<string, unknown>>
  /** The columns of -o wide between REASON and SUSPENDED, and what a healthy example shows in them. */
  readonly wide: Readonly<Record<string, RegExp>>
}

const instance = { POD: /^seen/, NODE: /^\S+$/, RESTARTS: /^0$/ }

const examples: Readonly<Record<KindName, Example>> = {
  WorkloadProcess: {
    names: ['workloadprocesses', 'workloadprocess', 'wlp', 'wproc'],
    spec: { image: 'busybox:1', suspend: false },
    wide: instance,
  },
  WorkloadCronJob: {
    names: ['workloadcronjobs', 'workloadcronjob', 'wlc', 'wcron'],
    spec: { image: 'busybox:1', suspend: false, schedule: '0 0 1 1 *' },
    wide: { SCHEDULE: /^0 0 1 1 \*$/, LAST: /^$/, NEXT: /^\d{4}-01-01T00:00:00Z$/ },
  },
  WorkloadService: {
    names: ['workloadservices', 'workloadservice', 'wls', 'wsvc'],
    spec: { image: 'nginx:1', suspend: false, ports: [port] },
    wide: { ...instance, ADDRESS: /^seen-workloadservice[.].*[.]svc:8080$/ },
  },
  WorkloadPersistent: {
    names: ['workloadpersistents', 'workloadpersistent', 'wlper', 'wpers'],
    spec: {
      image: 'redis:8',
      suspend: false,
      persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }],
    },
    wide: { ...instance, CAPACITY: /^1Gi$/ },
  },
}

const seen = (kind: KindName): string => `seen-${kind.toLowerCase()}`

describe('kubectl', () => {
  let world: World
  /** Standard output, in the namespace. What it learns about the API is kept apart from other runs. */
  let kubectl: (...parameters: readonly string[]) => Promise<string>

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('kubectl')
    const common = ['-n', world.namespace, '--cache-dir', path.join(world.folder, 'kubectl')]
    kubectl = (...parameters) => world.kubectl.run([...parameters, ...common])
    await world.create('WorkloadCronJob', 'unseen', examples.WorkloadCronJob.spec)
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  it('prints false before the first look', async () => {
    expect(await table('get', 'wlc')).toEqual([
      ['NAME', 'ACTIVE', 'HEALTHY', 'AGE'],
      ['unseen', 'false', 'false', expect.any(String)],
    ])
  })

  describe('with an operator', () => {
    beforeAll(async () => {
      if (testCluster() === undefined) return
      await world.operator()
      for (const kind of kinds) await world.create(kind, seen(kind), examples[kind].spec)
      for (const kind of kinds) await world.healthy(kind, seen(kind))
    })

    it.each(kinds)('prints NAME ACTIVE HEALTHY AGE of a %s under each of its names', async (kind) => {
      for (const name of examples[kind].names)
        expect(await table('get', name, seen(kind))).toEqual([
          ['NAME', 'ACTIVE', 'HEALTHY', 'AGE'],
          [seen(kind), 'true', 'true', expect.stringMatching(/^\d+(s|m\d*s?)$/)],
        ])
    })

    it.each(kinds)('prints every column of a %s with -o wide', async (kind) => {
      const [names = [], cells = []] = columns(await kubectl('get', kind.toLowerCase(), seen(kind), '-o', 'wide'))

      const own = Object.keys(examples[kind].wide)
      const last = ['SUSPENDED', 'CLUSTER', 'IMAGE']
      expect(names).toEqual(['NAME', 'ACTIVE', 'HEALTHY', 'AGE', 'REASON', ...own, ...last])
      const row = new Map(names.map((name, index) => [name, cells[index]]))
      for (const [name, shown] of Object.entries(examples[kind].wide)) expect(row.get(name)).toMatch(shown)
      expect(row.get('REASON')).toBe(kind === 'WorkloadCronJob' ? 'Scheduled' : 'Running')
      expect(last.map((name) => row.get(name))).toEqual([
        'false',
        expect.stringMatching(/./),
        examples[kind].spec['image'],
      ])
    })

    it('lists four kinds as highlander, and none as all', async () => {
      const listed = (await kubectl('get', 'highlander', '-o', 'name')).trim().split('\n')
      const all = await kubectl('get', 'all', '-o', 'name')

      expect(new Set(listed.map((name) => name.split('/')[0]))).toEqual(
        new Set(kinds.map((kind) => `${kind.toLowerCase()}.highlander.plexobject.io`)),
      )
      expect(all).not.toContain('highlander')
    })

    it.each(kinds)('selects each %s by the fields of its definition', async (kind) => {
      const fields = await selectableFieldsOf(kind)
      const resource = await world.get(kind, seen(kind))

      expect(fields.slice(0, 6)).toEqual([
        'status.active',
        'status.healthy',
        'spec.suspend',
        'spec.image',
        'status.instance.node',
        'status.leader.cluster',
      ])
      for (const field of fields) {
        const value = cellOf(at(resource, ...field.split('.')))
        expect(await named(kind, `${field}=${value}`), field).toContain(seen(kind))
        expect(await named(kind, `${field}!=${value}`), field).not.toContain(seen(kind))
      }
    })

    async function named(kind: KindName, selector: string): Promise<readonly string[]> {
      const text = await kubectl('get', kind.toLowerCase(), '--field-selector', selector, '-o', 'name')
      return text.split('\n').map((line) => line.split('/')[1] ?? '')
    }

    it.each(['wls', 'wlper'])('scales a %s to 0, which suspends it, and back', async (name) => {
      const kind = name === 'wls' ? 'WorkloadService' : 'WorkloadPersistent'
      await kubectl('scale', name, seen(kind), '--replicas=0')
      await eventually(
        'suspended',
        async () => (await world.condition(kind, seen(kind), 'Ready'))?.reason === 'Suspended',
      )

      await kubectl('scale', name, seen(kind), '--replicas=1')

      await world.healthy(kind, seen(kind))
    })

    it.each(['wls', 'wlper'])('refuses a second instance of a strict %s', async (name) => {
      const kind = name === 'wls' ? 'WorkloadService' : 'WorkloadPersistent'

      await expect(kubectl('scale', name, seen(kind), '--replicas=2')).rejects.toThrow(
        "spec.replicas: Invalid value: must be 0 or 1 while `exclusivity.mode` is 'Strict'; more than one instance needs 'BestEffort'",
      )
    })

    it.each(['wls', 'wlper'])('scales a %s of BestEffort to two', async (name) => {
      const kind = name === 'wls' ? 'WorkloadService' : 'WorkloadPersistent'
      const spec = { ...examples[kind].spec, exclusivity: { mode: 'BestEffort' } }
      await world.create(kind, `${name}-two`, spec)

      await kubectl('scale', name, `${name}-two`, '--replicas=2')

      await eventually(
        'two ready replicas',
        async () => at(await world.get(kind, `${name}-two`), 'status', 'readyReplicas') === 2,
      )
      const pods = await world.list('Pod', `highlander.plexobject.io/name=${name}-two`)
      expect(pods).toHaveLength(2)
    })

    it.each(kinds)('waits until a %s is ready', async (kind) => {
      const name = `wait-${kind.toLowerCase()}`
      await world.create(kind, name, examples[kind].spec)

      const text = await kubectl('wait', '--for=condition=Ready', '--timeout=30s', kind.toLowerCase(), name)

      expect(text).toContain('condition met')
    })
  })

  describe.each(kinds)('of a %s', (kind) => {
    it.each([[], ['--server-side']])('shows no difference after apply %s', async (...flags) => {
      const metadata = { name: `diff${flags.length}-${kind.toLowerCase()}`, namespace: world.namespace }
      const resource = { apiVersion: apiVersionOf(resourceOf(kind)), kind, metadata, spec: examples[kind].spec }
      await world.kubectl.run(['apply', ...flags, '-f', '-'], JSON.stringify(resource))
      await world.healthy(kind, metadata.name)

      const { ok, output } = await world.kubectl.attempt(['diff', ...flags, '-f', '-'], JSON.stringify(resource))

      expect(output).toBe('')
      expect(ok).toBe(true)
    })

    it('explains every field', async () => {
      const document = await world.api.must('GET', '/openapi/v3/apis/highlander.plexobject.io/v1')

      const published = at(document, 'components', 'schemas', `io.plexobject.highlander.v1.${kind}`)
      expect(undescribed(published, kind)).toEqual([])
      expect(await kubectl('explain', kind.toLowerCase(), '--recursive')).toContain('observedGeneration')
      for (const part of ['', '.spec', '.status'])
        expect(await kubectl('explain', `${kind.toLowerCase()}${part}`)).not.toContain('<empty>')
    })
  })

  async function table(...parameters: readonly string[]): Promise<readonly (readonly string[])[]> {
    const text = await kubectl(...parameters)
    return text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
  }

  async function selectableFieldsOf(kind: KindName): Promise<readonly string[]> {
    const name = `${resourceOf(kind).plural}.highlander.plexobject.io`
    const definition = await world.kubectl.json(['get', 'crd', name])
    const fields = itemsOf(definition, 'spec', 'versions', 0, 'selectableFields')
    return fields.map((field) => textAt(field, 'jsonPath').slice(1))
  }
})

/** The cells of a table that may be empty: they start where the header does. */
function columns(text: string): readonly (readonly string[])[] {
  const [header = '', ...rows] = text.trimEnd().split('\n')
  const starts = [...header.matchAll(/\S+/g)].map((found) => found.index)
  return [header, ...rows].map((line) => starts.map((start, index) => line.slice(start, starts[index + 1]).trim()))
}

/** Paths of the parts of a schema that kubectl explain could say nothing about. */
function undescribed(schema: Json, path: string): readonly string[] {
  const children = Object.entries(Object(at(schema, 'properties'))).map(([name, child]) => [`${path}.${name}`, child])
  const items = ['items', 'additionalProperties'].map((word) => [`${path}[]`, at(schema, word)])
  const own = textAt(schema, 'description') === '' ? [path] : []
  return [
    ...own,
    ...[...children, ...items.filter(([, child]) => child !== undefined)].flatMap(([inside, child]) =>
      undescribed(child, String(inside)),
    ),
  ]
}

/** A field as a selector has it. */
function cellOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '').replaceAll('"', '')
}
