// An esbuild plugin that puts ready-made checks in the place of api/checks.ts: what ajv would compile at run time, as
// code. It saves the library, the compilation and its garbage: 10 MiB and more of resident memory.
import type { Plugin } from 'esbuild'
import { _ } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { createAjv } from '#api/ajv.ts'
import { schemas } from '#api/generated/schema.ts'

const FORMATS = '#api/formats.ts'

/** CommonJS, because that is what ajv writes for what it needs at run time. */
function readyChecks(): string {
  const ajv = createAjv({ code: { source: true, lines: true, formats: _`require(${FORMATS}).formats` } })
  const names = Object.entries(schemas).map(([kind, schema]) => {
    ajv.addSchema({ ...schema }, kind)
    return [kind, kind] as const
  })
  // One export per kind; a function that is never called is never compiled either.
  const code = standalone.default(ajv, Object.fromEntries(names))
  return `${code}\nconst checks = { ${names.map(([kind]) => `${kind}: exports.${kind}`).join(', ')} }
exports.checkOf = (kind) => checks[kind]\n`
}

const READY = 'ready-checks'

export const checksAtBuildTime: Plugin = {
  name: READY,
  setup: (build) => {
    // A namespace of its own: files of this package would be taken for ECMAScript modules.
    build.onResolve({ filter: /[/\\]checks\.ts$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: READY,
      pluginData: resolveDir,
    }))
    build.onLoad({ filter: /.*/, namespace: READY }, ({ pluginData }) => ({
      contents: readyChecks(),
      loader: 'js',
      resolveDir: String(pluginData),
    }))
  },
}
