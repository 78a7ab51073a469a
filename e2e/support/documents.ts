// The YAML of the announcement and the README of the Go version, as e2e/fixtures/documents has it word for word.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { KindName } from '#api/generated/kinds.ts'
import { isKindName } from '#api/key.ts'
import { at, itemsOf, textAt, type Json } from './api.ts'

interface Entry {
  /** Name of its sample: the document and the name of the workload. */
  readonly sample: string
  readonly kind: KindName
  readonly name: string
  /** Empty for a placeholder. */
  readonly spec: Readonly<Record<string, unknown>>
}

const FOLDER = path.resolve(import.meta.dirname, '../fixtures/documents')

const sections: Readonly<Record<string, KindName>> = {
  processes: 'WorkloadProcess',
  cronJobs: 'WorkloadCronJob',
  services: 'WorkloadService',
  persistentSets: 'WorkloadPersistent',
}

/** Every entry and every resource, in the order of the files. */
export function readDocuments(): readonly Entry[] {
  return readdirSync(FOLDER).flatMap((file) => entriesIn(file, parse(readFileSync(path.join(FOLDER, file), 'utf8'))))
}

function entriesIn(file: string, block: Json): readonly Entry[] {
  const kind = textAt(block, 'kind')
  if (isKindName(kind))
    return [entryOf(file, kind, { name: at(block, 'metadata', 'name'), ...Object(at(block, 'spec')) })]
  const workloads = at(block, 'workloads') ?? block
  return Object.entries(sections).flatMap(([section, kindOf]) =>
    itemsOf(workloads, section).map((item) => entryOf(file, kindOf, item)),
  )
}

function entryOf(file: string, kind: KindName, item: Json): Entry {
  const { name, ...spec }: Record<string, unknown> = Object(item)
  const [document] = file.split('-')
  return { sample: `${document}-${String(name)}`, kind, name: String(name), spec }
}
