// Bundles the operator for the image and the benchmarks: highlander.mjs and the chunks that it loads when needed, into
// dist/ or the folder that is named.
// Promises the same bytes for the same sources, revision and time.
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { leanClient } from './lean-client.ts'
import { checksAtBuildTime } from './ready-checks.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

async function bundleOperator(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await build({
    absWorkingDir: ROOT,
    entryPoints: { highlander: 'operator/main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    sourcemap: true,
    legalComments: 'linked',
    // CommonJS packages inside the bundle ask for built-in modules with require.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [leanClient, checksAtBuildTime],
    define: { HIGHLANDER_BUILD: JSON.stringify(await describeBuild()) },
  })
  return path.join(folder, 'highlander.mjs')
}

/** The time is that of the commit (or SOURCE_DATE_EPOCH), so that building twice gives the same file. */
async function describeBuild(): Promise<{
  readonly version: string
  readonly revision: string
  readonly builtAt: string
}> {
  const { version }: { version: string } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'))
  const revision = await git('rev-parse', '--short=12', 'HEAD')
  const builtAt = process.env['SOURCE_DATE_EPOCH'] ?? (await git('log', '-1', '--format=%cI'))
  return { version, revision, builtAt }
}

async function git(...parameters: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', [...parameters], { cwd: ROOT })
    return stdout.trim()
  } catch {
    return 'unknown' // A source archive has no history.
  }
}

console.log(await bundleOperator(path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'))))
