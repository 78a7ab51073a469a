// Writes a sample for each rule that the API server refuses, with what it says. Rules about edits take two documents:
// the resource as it is, and the edit.
import { API_GROUP } from '#api/labels.ts'
import { ruleCases, type RuleCase } from '#api/rule-cases/index.ts'
import { stringify } from 'yaml'
import { NOTICE } from './text.ts'

/** File name → text. */
export function writeIllegal(): ReadonlyMap<string, string> {
  const samples = Object.entries(ruleCases).flatMap(([id, [first]]) =>
    first === undefined ? [] : [[`${id}.yaml`, writeSample(id, first)] as const],
  )
  return new Map(samples)
}

function writeSample(id: string, one: RuleCase): string {
  const edited = one.old === undefined ? [] : [writeResource(one, one.old)]
  const what = edited.length === 0 ? 'resource' : 'edit, the second document'
  const head = [NOTICE, `Rule ${id} refuses this ${what}:`, `${one.path}: ${one.message}`].map((line) => `# ${line}\n`)
  return head.join('') + [...edited, writeResource(one, one.refused)].join('---\n')
}

function writeResource(one: RuleCase, spec: RuleCase['refused']): string {
  const metadata = { name: one.names?.refused ?? 'sample' }
  const resource = { apiVersion: `${API_GROUP}/v1`, kind: one.kind, metadata, spec }
  // kubectl reads YAML 1.1, where an unquoted `y` is a boolean.
  return stringify(resource, { lineWidth: 0, version: '1.1' })
}
