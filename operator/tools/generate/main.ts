// `make generate`: writes every file that follows from the models.
// With --check it writes nothing, names the files that differ and ends with code 1.
import { models } from '#api/schema/index.ts'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildOutputs } from './outputs.ts'

const root = join(import.meta.dirname, '../../..')

async function write(outputs: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of outputs) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

async function findStale(outputs: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const stale = [...outputs].map(async ([path, text]) => ((await read(path)) === text ? [] : [path]))
  return (await Promise.all(stale)).flat()
}

/** Undefined when the file is missing. */
async function read(path: string): Promise<string | undefined> {
  return await readFile(join(root, path), 'utf8').catch(() => undefined)
}

async function check(outputs: ReadonlyMap<string, string>): Promise<number> {
  const stale = await findStale(outputs)
  for (const path of stale) console.error(`${path} is out of date; run: make generate`)
  return stale.length === 0 ? 0 : 1
}

const outputs = buildOutputs(models)
if (process.argv.includes('--check')) process.exitCode = await check(outputs)
else await write(outputs)
