// manifests/samples/illegal, read as a person reads it: the third line says what is refused and how.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { isKindName } from '#api/key.ts'
import type { KindName } from '#api/generated/kinds.ts'
import type { Problem } from '#api/validate.ts'
import { at, textAt, type Json } from './api.ts'

interface Sample {
  readonly rule: string
  readonly file: string
  readonly kind: KindName
  readonly name: string
  readonly spec: Json
  /** The spec before the edit, where the file holds an edit. */
  readonly old: Json
  readonly expected: Problem
}

const FOLDER = path.resolve(import.meta.dirname, '../../manifests/samples/illegal')

export function readIllegalSamples(): readonly Sample[] {
  return readdirSync(FOLDER).map((name) => readSample(path.join(FOLDER, name)))
}

function readSample(file: string): Sample {
  const text = readFileSync(file, 'utf8')
  const [, place = '', message = ''] = /^# ([^:\s]+): (.*)$/.exec(text.split('\n')[2] ?? '') ?? []
  const documents = parseAllDocuments(text).map((document): Json => document.toJS())
  const refused = documents.at(-1)
  const kind = textAt(refused, 'kind')
  if (!isKindName(kind)) throw new TypeError(`${file}: ${kind} is no kind of ours`)
  const old = documents.length === 2 ? at(documents[0], 'spec') : undefined
  const name = textAt(refused, 'metadata', 'name')
  return { rule: ruleOf(file), file, kind, name, spec: at(refused, 'spec'), old, expected: { path: place, message } }
}

function ruleOf(file: string): string {
  return path.basename(file, '.yaml')
}
