// Writes the CustomResourceDefinitions: schema, CEL rules, columns and subresources.
import type { KindModel, Rule, Schema } from '#api/schema/model.ts'
import { stringify } from 'yaml'
import { describe, NOTICE, ownWords } from './text.ts'

const GROUP = 'highlander.plexobject.io'

type Json = Readonly<Record<string, unknown>>

export function writeCrd(model: KindModel): string {
  return `# ${NOTICE}\n${toYaml(buildCrd(model))}`
}

/** All kinds in one file. */
export function writeCrds(models: readonly KindModel[]): string {
  return `# ${NOTICE}\n${models.map((model) => toYaml(buildCrd(model))).join('---\n')}`
}

function buildCrd(model: KindModel): Json {
  const { kind, plural, singular, shortNames } = model
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      // Not in the category `all`: `kubectl delete all --all` must not end workloads.
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['highlander'] },
      scope: 'Namespaced',
      versions: [version(model)],
    },
  }
}

function version(model: KindModel): Json {
  return {
    name: 'v1',
    served: true,
    storage: true,
    additionalPrinterColumns: model.columns,
    selectableFields: model.selectableFields.map((jsonPath) => ({ jsonPath })),
    subresources: { status: {}, ...(model.scale ? { scale: scalePaths } : {}) },
    schema: { openAPIV3Schema: root(model) },
  }
}

const scalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
}

/** `metadata.name` is declared so that rules can point at it; `metadata` itself takes no description. */
function root(model: KindModel): Json {
  return {
    type: 'object',
    description: model.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Group and version of the schema: ${GROUP}/v1.` },
      kind: { type: 'string', description: `Kind of the resource: ${model.kind}.` },
      metadata: {
        type: 'object',
        properties: { name: { type: 'string', description: 'Name of the workload, at most 52 characters.' } },
      },
      spec: crdSchema(model.spec, 'spec', model.rules),
      status: crdSchema(model.status, 'status', model.rules),
    },
    ...validations(model.rules, ''),
  }
}

function crdSchema(schema: Schema, path: string, rules: readonly Rule[]): Json {
  const { default: value, properties, items, additionalProperties } = schema
  const inside = (step: string, child: Schema): Json => crdSchema(child, step, rules)
  return {
    description: describe(schema),
    ...ownWords(schema),
    ...(value !== undefined && keepsDefault(path) ? { default: value } : {}),
    ...(items === undefined ? {} : { items: inside(`${path}[]`, items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: inside(`${path}{}`, additionalProperties) }),
    ...(properties === undefined
      ? {}
      : { properties: mapValues(properties, (name, field) => inside(`${path}.${name}`, field)) }),
    ...validations(rules, path),
  }
}

/** A default in a spec makes GitOps tools report drift for ever, so all but one are applied in code. */
function keepsDefault(path: string): boolean {
  return path === 'spec.replicas' || path.startsWith('status')
}

function validations(rules: readonly Rule[], path: string): Json {
  const own = rules.filter((rule) => rule.path === path)
  return own.length === 0 ? {} : { 'x-kubernetes-validations': own.map((rule) => validation(rule)) }
}

function validation(rule: Rule): Json {
  const { message, messageExpression, fieldPath } = rule
  const { cel, optionalOldSelf } = tolerateUnchanged(rule)
  return {
    rule: cel,
    message,
    ...(messageExpression === undefined ? {} : { messageExpression }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
    ...(optionalOldSelf === undefined ? {} : { optionalOldSelf }),
  }
}

/**
 * Kubernetes tolerates a stored violation while the part that a rule sits on is unchanged. But a part with fields
 * that its schema does not name (affinity, volumes) counts as changed always, so that no status could be written. Rules on
 * the whole spec therefore look themselves at whether a field they name has changed.
 */
function tolerateUnchanged(rule: Rule): Pick<Rule, 'cel' | 'optionalOldSelf'> {
  if (rule.path !== 'spec' || rule.cel.includes('oldSelf')) return rule
  const fields = new Set([...rule.cel.matchAll(/\bself[.](\w+)/g)].map(([, name = '']) => name))
  const same = [...fields].map(
    (name) =>
      `has(self.${name}) == has(oldSelf.value().${name}) && (!has(self.${name}) || self.${name} == oldSelf.value().${name})`,
  )
  return { cel: `${rule.cel} || (oldSelf.hasValue() && ${same.join(' && ')})`, optionalOldSelf: true }
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (name: string, value: T) => unknown): Json {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]))
}

function toYaml(value: Json): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
