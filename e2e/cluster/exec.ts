// Runs a program to its end and hands back what it said. A program that cannot be started is a result too.
import { execFile } from 'node:child_process'

export interface Finished {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface ExecOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** No limit when absent. */
  readonly timeoutMs?: number
}

/** Ends the program with SIGINT when the signal fires; the result is then not ok. */
export function execute(
  file: string,
  args: readonly string[],
  options: ExecOptions,
  signal: AbortSignal,
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      {
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.env === undefined ? {} : { env: { ...options.env } }),
        timeout: options.timeoutMs ?? 0,
        killSignal: 'SIGINT',
        maxBuffer: 64 * 1024 * 1024,
        signal,
      },
      (error, stdout, stderr) =>
        resolve({ ok: error === null, stdout, stderr: stderr === '' && error !== null ? error.message : stderr }),
    )
    // A program that asks for a password gets no answer, instead of waiting for one.
    child.stdin?.end()
  })
}
