// The import rules of docs/architecture.md are only worth something if the linter really refuses what they forbid.
// A copy of the rules is run over a small tree with one planted offence per folder, and one with none.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const oxlint = path.join(root, 'node_modules/.bin/oxlint')

/** Folder → what it must not import. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  lib: ['#api/key.ts', 'express'],
  'api/schema': ['#lib/time.ts', 'yaml'],
  api: ['#kube/client.ts', '#workloads/registry.ts', 'winston'],
  workloads: ['node:fs', '#kube/client.ts', '#lib/clock.ts', '#controller/plan.ts'],
  controller: ['#kube/writer.ts', '#leader/elector.ts', '#http/server.ts', '@kubernetes/client-node'],
  kube: ['#controller/plan.ts', '#leader/elector.ts', 'ioredis', '#testing/given.ts'],
  leader: ['#kube/client.ts', '#controller/plan.ts', 'express'],
  config: ['#http/server.ts', 'express'],
  http: ['#kube/client.ts', '#telemetry/metrics.ts', 'winston'],
  telemetry: ['#http/server.ts', 'express'],
}

describe('import rules', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'lint-canary-'))
    await cp(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'))
  })

  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it.each(Object.entries(forbidden))('refuse in %s what it may not import', async (name, imports) => {
    for (const [index, from] of imports.entries()) await plant(`operator/${name}/canary${index}.ts`, from)

    const complaints = await lint('no-restricted-imports')

    expect(complaints).toHaveLength(imports.length)
  })

  it('refuse production code that imports testing or tools', async () => {
    await plant('operator/operator.ts', '#testing/given.ts')
    await plant('operator/main.ts', '#tools/bundle.ts')

    const complaints = await lint('no-restricted-imports')

    expect(complaints).toHaveLength(2)
  })

  it('refuse a package nobody has decided on, in every folder', async () => {
    const folders = Object.keys(forbidden)
    for (const name of folders) await plant(`operator/${name}/canary.ts`, 'left-pad')

    const complaints = await lint('no-restricted-imports')

    expect(complaints).toHaveLength(folders.length)
  })

  it('refuse a cycle', async () => {
    await plant('operator/kube/a.ts', './b.ts')
    await plant('operator/kube/b.ts', './a.ts')

    const complaints = await lint('no-cycle')

    expect(complaints.length).toBeGreaterThan(0)
  })

  it('refuse the clock in pure code', async () => {
    await write('operator/workloads/canary.ts', 'export const now = Date.now()\n')

    const complaints = await lint('no-restricted-globals')

    expect(complaints).toHaveLength(1)
  })

  it('accept what is allowed', async () => {
    await plant('operator/controller/canary.ts', '#workloads/registry.ts')
    await plant('operator/kube/canary.ts', 'node:https')
    await plant('operator/workloads/process/canary.ts', '../parts/pod.ts')

    const complaints = await lint('no-restricted-imports')

    expect(complaints).toEqual([])
  })

  async function plant(file: string, from: string): Promise<void> {
    await write(file, `import * as planted from '${from}'\nexport const used = planted\n`)
  }

  async function write(file: string, text: string): Promise<void> {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), text)
  }

  /** One line per complaint of the rule. */
  async function lint(rule: string): Promise<readonly string[]> {
    const output = await new Promise<string>((resolve) => {
      // Exit code 1 is the expected answer; only what it says counts.
      execFile(oxlint, ['--format=unix', '.'], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } }, (_, stdout) =>
        resolve(stdout),
      )
    })
    return output.split('\n').filter((line) => line.includes(rule))
  }
})
