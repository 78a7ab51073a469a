// kubectl as a person types it.
import { execFile } from 'node:child_process'

export interface Kubectl {
  /** Standard output. Throws an Error with what kubectl printed. */
  run(parameters: readonly string[], input?: string): Promise<string>
  /** The same, parsed from -o json. */
  json(parameters: readonly string[]): Promise<unknown>
  /** Everything it printed and whether it succeeded, for tests of refusals. */
  attempt(parameters: readonly string[], input?: string): Promise<{ readonly ok: boolean; readonly output: string }>
}

const LIMIT_BYTES = 256 * 1024 * 1024

export function kubectlFor(binary: string, kubeconfig: string): Kubectl {
  const attempt: Kubectl['attempt'] = (parameters, input) =>
    new Promise((resolve) => {
      const child = execFile(
        binary,
        ['--kubeconfig', kubeconfig, ...parameters],
        { maxBuffer: LIMIT_BYTES },
        (error, stdout, stderr) =>
          resolve(error === null ? { ok: true, output: stdout } : { ok: false, output: `${stdout}${stderr}` }),
      )
      child.stdin?.end(input ?? '')
    })
  const run: Kubectl['run'] = async (parameters, input) => {
    const { ok, output } = await attempt(parameters, input)
    if (!ok) throw new Error(`kubectl ${parameters.join(' ')}: ${output.trim()}`)
    return output
  }
  return { attempt, run, json: async (parameters) => JSON.parse(await run([...parameters, '-o', 'json'])) }
}
