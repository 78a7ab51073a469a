// The resource definitions go through the API server's own validation, as the oldest supported Kubernetes has it and
// as the current one has it: structural schemas, CEL and its cost.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { execute } from '../cluster/exec.ts'
import { openPrograms } from './programs.ts'

const CRDS = path.resolve(import.meta.dirname, '../../crds')
const BUILD_LIMIT_MS = 10 * 60_000 // Both from nothing: about a minute and a half on 2 cores.

const libraries = [
  { name: 'Kubernetes 1.30', modules: 'oldest.mod', library: 'k8s.io/apiextensions-apiserver v0.30.' },
  { name: 'current Kubernetes', modules: 'go.mod', library: 'k8s.io/apiextensions-apiserver v0.36.' },
]

describe('resource definitions', () => {
  let programs: readonly string[] | undefined
  let folder: string

  beforeAll(async () => {
    programs = await openPrograms(libraries.map(({ modules }) => ({ name: 'crd-validation', modules })))
    folder = await mkdtemp(path.join(os.tmpdir(), 'definitions-'))
  }, BUILD_LIMIT_MS)

  beforeEach((context) => context.skip(programs === undefined, 'no Go; see [conformance] above'))

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it.each(libraries)('are accepted by $name', async ({ modules, library }) => {
    const files = await readdir(CRDS)

    const output = await validate(
      modules,
      files.map((file) => path.join(CRDS, file)),
    )

    expect(output.split('\n')[0]).toContain(library)
    expect(output.split('\n').slice(1)).toEqual(files.map((file) => `${file}: OK`))
  })

  it.each(libraries)('that cost too much are refused by $name', async ({ modules }) => {
    const file = await broken('self.all(a, self.all(b, self.all(c, self.all(d, a + b != c + d))))')

    expect(await validate(modules, [file])).toContain('estimated rule cost exceeds budget')
  })

  it('that use CEL newer than Kubernetes 1.30 are refused by 1.30 alone', async () => {
    const file = await broken('size(self) == 1 || format.dns1123Label().validate(self[0]).hasValue()')

    expect(await validate('oldest.mod', [file])).toContain("undeclared reference to 'format'")
    expect(await validate('go.mod', [file])).toContain('broken.yaml: OK')
  })

  /** A definition with another rule on the commands of the script. */
  async function broken(cel: string): Promise<string> {
    const text = await readFile(path.join(CRDS, 'workloadprocesses.yaml'), 'utf8')
    const file = path.join(folder, 'broken.yaml')
    await writeFile(file, text.replace(/- rule: self[.]all[(]c, c[.]trim.*/, `- rule: ${JSON.stringify(cel)}`))
    return file
  }

  async function validate(modules: string, files: readonly string[]): Promise<string> {
    const program = programs?.[libraries.findIndex((library) => library.modules === modules)] ?? ''
    const { stdout } = await execute(program, files, { timeoutMs: 60_000 }, AbortSignal.timeout(60_000))
    return stdout.trim()
  }
})
