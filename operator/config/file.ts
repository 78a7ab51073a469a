// The configuration file: which one, and what it says, with the line and column of each key. YAML 1.2, no duplicates.
// The parser is loaded only when there is a file.
import { readFile } from 'node:fs/promises'
import type * as Yaml from 'yaml'
import type { Document, LineCounter, Node, Pair } from 'yaml'
import { messageOf } from '#lib/errors.ts'
import type { Environment } from './environment.ts'
import type { Gathered, Setting } from './gathered.ts'
import { isEmpty, knownKeys } from './gathered.ts'
import type { Place, Problem } from './problems.ts'
import { suggest } from './suggest.ts'

export interface FileResult extends Gathered {
  /** The file that was read. */
  readonly file?: string
}

const MAX_BYTES = 4 * 1024 * 1024
const nothing: FileResult = { settings: [], problems: [], warnings: [] }

/** One that was named must be readable; without a name, the first that exists is taken, and none is fine. */
export async function readConfigFile(flag: string | undefined, env: Environment, home: string): Promise<FileResult> {
  const named = namedFile(flag, env)
  if (named !== undefined) {
    const text = await readText(named.file)
    if (text.type === 'text') return await readYaml(named.file, text.text)
    return { ...nothing, problems: [{ place: named.place, sentence: `cannot read ${named.file}: ${text.reason}` }] }
  }
  for (const file of ['/etc/k8-highlander/config.yaml', `${home}/.k8-highlander/config.yaml`, './config.yaml']) {
    const text = await readText(file)
    if (text.type === 'text') return await readYaml(file, text.text)
    if (text.type === 'unreadable')
      return { ...nothing, problems: [{ place: inFile(file), sentence: `cannot read it: ${text.reason}` }] }
  }
  return nothing
}

function namedFile(flag: string | undefined, env: Environment): { file: string; place: Place } | undefined {
  if (flag !== undefined) return { file: flag, place: { source: 'flag', name: '--config' } }
  for (const name of ['HIGHLANDER_CONFIG', 'CONFIG_PATH']) {
    const file = env[name]
    if (file !== undefined && file !== '') return { file, place: { source: 'env', name } }
  }
  return undefined
}

type Text =
  { readonly type: 'text'; readonly text: string } | { readonly type: 'absent' | 'unreadable'; readonly reason: string }

async function readText(file: string): Promise<Text> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > MAX_BYTES) return { type: 'unreadable', reason: 'it is larger than 4 MiB' }
    return { type: 'text', text: bytes.toString('utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return { type: 'absent', reason: 'there is no such file' }
    return { type: 'unreadable', reason: messageOf(error) }
  }
}

interface Reading {
  readonly yaml: Pick<typeof Yaml, 'isAlias' | 'isMap' | 'isNode'>
  readonly document: Document.Parsed
  readonly place: (node: unknown) => Place
  readonly settings: Setting[]
  readonly problems: Problem[]
}

async function readYaml(file: string, text: string): Promise<FileResult> {
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({ place: at(file, lines, pos[0]), sentence: message }))
    return { ...nothing, file, problems }
  }
  const place = (node: unknown): Place => at(file, lines, offsetOf(node))
  const reading: Reading = { yaml, document, place, settings: [], problems: [] }
  if (document.contents !== null) readMapping(document.contents, '', reading)
  return { file, settings: reading.settings, problems: reading.problems, warnings: [] }
}

/** Descends only along known paths, so neither depth nor aliases of the rest matter. */
function readMapping(node: Node, prefix: string, reading: Reading): void {
  const mapping = reading.yaml.isAlias(node) ? node.resolve(reading.document) : node
  if (reading.yaml.isMap(mapping)) {
    for (const pair of mapping.items) readPair(pair, prefix, reading)
    return
  }
  const raw = plain(node, reading.document)
  if (isEmpty(raw)) return
  const what = prefix === '' ? 'the file' : `\`${prefix}\``
  const example = childKeys(prefix).slice(0, 3).join(', ')
  const sentence = `${what} must be a mapping with keys such as ${example}`
  reading.problems.push({ place: reading.place(node), ...(prefix === '' ? {} : { path: prefix }), sentence })
}

function readPair(pair: Pair, prefix: string, reading: Reading): void {
  const name = String(pair.key)
  const path = prefix === '' ? name : `${prefix}.${name}`
  const key = knownKeys.find((known) => known.path === path)
  const value = reading.yaml.isNode(pair.value) ? pair.value : undefined
  const place = reading.place(pair.key)
  if (key !== undefined) {
    const raw = value === undefined ? undefined : plain(value, reading.document)
    if (!isEmpty(raw)) reading.settings.push({ key, raw, place })
    return
  }
  if (childKeys(path).length > 0) {
    if (value !== undefined) readMapping(value, path, reading)
    return
  }
  const near = suggest(path, [...knownKeys.map((known) => known.path), ...groups()])
  const hint = near === undefined ? 'see --help' : `did you mean \`${near}\`?`
  reading.problems.push({ place, path, sentence: `unknown key; ${hint}` })
}

/** The value as data; a text that fails every rule when it uses too many aliases. */
function plain(node: Node, document: Document.Parsed): unknown {
  try {
    return node.toJS(document, { maxAliasCount: 100 })
  } catch (error) {
    return messageOf(error)
  }
}

function childKeys(path: string): readonly string[] {
  const prefix = path === '' ? '' : `${path}.`
  return knownKeys.filter((key) => key.path.startsWith(prefix)).map((key) => key.path)
}

function groups(): readonly string[] {
  return [...new Set(knownKeys.filter(({ path }) => path.includes('.')).map(({ path }) => path.split('.')[0] ?? ''))]
}

function offsetOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node)) return 0
  const { range } = node
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0
}

function at(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { source: 'file', file, line, column: col }
}

function inFile(file: string): Place {
  return { source: 'file', file, line: 0, column: 0 }
}
