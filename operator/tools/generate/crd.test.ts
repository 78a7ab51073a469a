import { models } from '#api/schema/index.ts'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { writeCrd } from './crd.ts'

interface Node {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly format?: string
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly items?: Node
  readonly additionalProperties?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-list-type'?: string
}

interface Place {
  readonly path: string
  readonly node: Node
}

const UNTYPED = ['spec.affinity', 'spec.volumes[]', 'spec.initContainers[]', 'spec.sidecars[]', 'spec.podTemplate.spec']
/** Fields that would be accepted and ignored, until the release that gives them an effect. */
const LATER =
  /^(standby|configMapMounts|secretMounts|restartOnConfigChange|topologySpreadConstraints|missedRunPolicy|jitterSeconds|podFailurePolicy|pdb|ingress|httpRoute|volumeMode|dataSource|podManagementPolicy)$/
/** Kubernetes itself bounds these. */
const BOUNDED_BY_KUBERNETES = ['.apiVersion', '.kind', '.metadata.name']

describe.each(models.map((model) => [model.kind, model] as const))('CRD of %s', (_, model) => {
  const text = writeCrd(model)
  const crd = parse(text)
  const version = crd.spec.versions[0]
  const root: Node = version.schema.openAPIV3Schema
  const places = walk(root, '').map(({ path, node }) => ({ path: path.replace(/^[.](spec|status)/, '$1'), node }))
  const within = places.filter(({ path }) => path !== '' && path !== '.metadata')

  it('is small enough for kubectl apply', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(200 * 1024)
  })

  it('describes every part, in a first sentence of at most 100 characters', () => {
    const poor = within.filter(({ node }) => !/^[A-Z`'].{3,99}?[.](\s|$)/.test(node.description ?? ''))

    expect(poor.map(({ path }) => path)).toEqual([])
  })

  it('bounds every string, list and map', () => {
    expect(within.filter((place) => !isBounded(place)).map(({ path }) => path)).toEqual([])
  })

  it('states how each list is merged', () => {
    const lists = places.filter(({ node }) => node.type === 'array' && node['x-kubernetes-list-type'] === undefined)

    expect(lists).toEqual([])
  })

  it('fills in nothing in a spec but replicas', () => {
    const defaults = places.filter(({ node }) => node.default !== undefined).map(({ path }) => path)
    const inStatus = ['status', 'status.observedGeneration', 'status.active', 'status.healthy']

    expect(defaults).toEqual([...(model.scale ? ['spec.replicas'] : []), ...inStatus])
  })

  it('leaves only the listed parts untyped', () => {
    const untyped = places.filter(({ node }) => node['x-kubernetes-preserve-unknown-fields'] === true)

    expect(untyped.map(({ path }) => path).toSorted()).toEqual(UNTYPED.toSorted())
  })

  it('has no field that this release would ignore', () => {
    expect(places.filter(({ path }) => LATER.test(path.split('.').at(-1) ?? ''))).toEqual([])
  })

  it('prints ACTIVE, HEALTHY and AGE first, and nothing else without -o wide', () => {
    const columns: readonly { name: string; priority?: number }[] = version.additionalPrinterColumns

    expect(columns.filter((column) => column.priority === undefined).map((column) => column.name)).toEqual([
      'Active',
      'Healthy',
      'Age',
    ])
    expect(version.selectableFields.length).toBeLessThanOrEqual(8)
  })

  it('stays out of `kubectl delete all`', () => {
    expect(crd.spec.names.categories).toEqual(['highlander'])
  })

  it('tolerates a stored violation of a rule on the whole spec while the fields it names are unchanged', () => {
    const rules: readonly { rule: string }[] =
      version.schema.openAPIV3Schema.properties.spec['x-kubernetes-validations']

    expect(rules.filter(({ rule }) => !rule.includes('oldSelf'))).toEqual([])
  })

  it('places every rule', () => {
    const placed = text.match(/^ +(- )?rule: /gm) ?? []

    expect(placed).toHaveLength(model.rules.length)
  })
})

function walk(node: Node, path: string): readonly Place[] {
  return [
    { path, node },
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => walk(child, `${path}.${name}`)),
    ...(node.items === undefined ? [] : walk(node.items, `${path}[]`)),
    ...(node.additionalProperties === undefined ? [] : walk(node.additionalProperties, `${path}.*`)),
  ]
}

function isBounded({ path, node }: Place): boolean {
  if (node.enum !== undefined || node.format === 'date-time' || BOUNDED_BY_KUBERNETES.includes(path)) return true
  if (node.type === 'string' || node['x-kubernetes-int-or-string'] === true) return node.maxLength !== undefined
  if (node.type === 'array') return node.maxItems !== undefined
  return node.additionalProperties === undefined || node.maxProperties !== undefined
}
