// An esbuild plugin that takes into the bundle only what KubeConfig needs of client-node. The package does not say that
// its modules have no effects of their own, so a bundler keeps all of them, with WebSockets, tar and an HTTP client of
// 750 KB: 15 MiB of resident memory for code that the operator never runs, since it has its own transport.
import type { Plugin } from 'esbuild'

const FROM_CLIENT = /[/\\]@kubernetes[/\\]client-node[/\\]/
const CLIENT = '@kubernetes/client-node'
const LEFT_OUT = 'left-out'

export const leanClient: Plugin = {
  name: 'lean-client',
  setup: (build) => {
    build.onResolve({ filter: /.*/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const isResolving = pluginData === LEFT_OUT
      if (isResolving || (path !== CLIENT && !FROM_CLIENT.test(importer))) return undefined
      if (path === 'undici') return { path, namespace: LEFT_OUT }
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: LEFT_OUT })
      return { ...found, sideEffects: false }
    })
    // For fetch with a proxy or certificates: KubeConfig is asked for the options of node:https only.
    build.onLoad({ filter: /.*/, namespace: LEFT_OUT }, () => ({
      contents: `const absent = (name) => class { constructor() { throw new Error(name + ' of undici is not in the bundle') } }
        export const Agent = absent('Agent')
        export const ProxyAgent = absent('ProxyAgent')
        export const fetch = globalThis.fetch`,
    }))
  },
}
