// The checks of the bundle against those of the sources: same verdicts, same sentences.
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleCases } from '#api/rule-cases/index.ts'
import * as sources from '#api/validate.ts'
import { checksAtBuildTime } from './ready-checks.ts'

let folder = ''
let bundled: typeof sources
let inputs: readonly string[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'ready-checks-'))
  const outfile = path.join(folder, 'validate.mjs')
  const { metafile } = await build({
    entryPoints: [path.resolve(import.meta.dirname, '../api/validate.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    metafile: true,
    plugins: [checksAtBuildTime],
  })
  inputs = Object.keys(metafile.inputs)
  bundled = await import(pathToFileURL(outfile).href)
}, 60_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('checks made at build time', () => {
  it('bring no compiler', () => {
    expect(inputs.filter((file) => file.includes('ajv') && !file.includes('/runtime/'))).toEqual([])
  })

  it('fill in the same defaults and say the same sentences', () => {
    const specs = Object.values(ruleCases)
      .flat()
      .flatMap(({ kind, accepted, refused }) => [accepted, refused].map((spec) => [kind, spec] as const))
    expect(specs.length).toBeGreaterThan(100)
    for (const [kind, spec] of specs) expect(bundled.validateSpec(kind, spec)).toEqual(sources.validateSpec(kind, spec))
  })

  it.each([
    [{ image: 'a:1', configMaps: ['a', 'a'] }],
    [{ image: 'a:1', terminationGracePeriodSeconds: 3e9 }],
    [{ image: 'a:1', comand: [] }],
    [{ image: 5, env: { A: true } }],
    [{}],
  ])('judge %j alike', (spec) => {
    expect(bundled.validateSpec('WorkloadProcess', spec)).toEqual(sources.validateSpec('WorkloadProcess', spec))
    expect(bundled.validateSpec('WorkloadProcess', spec).type).toBe('invalid')
  })
})
