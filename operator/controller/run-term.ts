// Runs the engine for one term, with a limit to its end. It promises that the process does not outlive a write that is
// still under way when the next leader may act: a term is over when everything of it has settled, or with the process.
import type { Logger, Term } from '#api/ports.ts'
import { aborted } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import type { Controller } from './controller.ts'

interface TermRunner {
  readonly controller: Pick<Controller, 'run'>
  readonly clock: Clock
  readonly log: Logger
  /** Ends the process at once, without any release. */
  readonly exit: (code: number) => void
}

/** A write has been answered or aborted by then; the next leader may already act. */
const SETTLE_MS = 5_000

/** Resolves when the engine has come to rest; rejects as Controller.run does. */
export async function runTerm(term: Term, runner: TermRunner, signal: AbortSignal): Promise<void> {
  const { controller, clock, log, exit } = runner
  const settled = new AbortController()
  void aborted(term.signal)
    .then(() => clock.sleep(SETTLE_MS, settled.signal))
    .then(
      () => {
        log.error('writes did not settle after the end of the term, ending the process', { epoch: term.epoch })
        exit(1)
      },
      () => undefined,
    )
  try {
    await controller.run(term, signal)
  } finally {
    settled.abort()
  }
}
