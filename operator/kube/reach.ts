// The way to the cluster at start-up: a kubeconfig or account, then a server that answers. What is missing is said once,
// in words, and looked for again until it is there. Nothing here limits what happens once the way is found.
import type { Logger } from '#api/ports.ts'
import { orAbort } from '#lib/abort.ts'
import type { Clock } from '#lib/clock.ts'
import { isAbort, messageOf, TerminalError } from '#lib/errors.ts'
import type { Client } from './call.ts'
import type { KubeOptions, KubePlaces, KubeSettings } from './config.ts'
import { loadKubeSettings } from './config.ts'

export interface Waiting {
  readonly clock: Clock
  readonly log: Logger
  /** What stands in the way, as a sentence; undefined when nothing does any more. */
  readonly onObstacle: (sentence: string | undefined) => void
}

const TRY_AGAIN_MS = 2_000
const ANSWER_MS = 5_000

/** Undefined when the signal fired first. */
export async function findCluster(
  from: { readonly options: KubeOptions; readonly places: KubePlaces },
  waiting: Waiting,
  signal: AbortSignal,
): Promise<KubeSettings | undefined> {
  const settings = await untilItWorks(() => loadKubeSettings(from.options, from.places), waiting, signal)
  if (settings !== undefined)
    waiting.log.info('found the cluster', { server: settings.server, source: settings.source })
  return settings
}

/**
 * One question before all the watches, so that a server that is out of reach is one sentence and not one per kind.
 * Whatever it answers, a refusal too, it is there. False when the signal fired first.
 */
export async function reachServer(client: Client, waiting: Waiting, signal: AbortSignal): Promise<boolean> {
  const call = { method: 'GET', path: '/version', deadlineMs: ANSWER_MS, resource: 'version' } as const
  const ask = async (): Promise<true> => {
    try {
      await client.send(call, 'request', signal)
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error
    }
    return true
  }
  return (await untilItWorks(ask, waiting, signal)) ?? false
}

async function untilItWorks<T>(act: () => Promise<T>, waiting: Waiting, signal: AbortSignal): Promise<T | undefined> {
  const { clock, log, onObstacle } = waiting
  let told: string | undefined
  while (!signal.aborted) {
    try {
      const found = await orAbort(act(), signal)
      onObstacle(undefined)
      return found
    } catch (error) {
      if (isAbort(error)) return undefined
      const sentence = messageOf(error)
      if (sentence !== told) log.warn('no way to the cluster yet, trying again', { sentence })
      told = sentence
      onObstacle(sentence)
      await clock.sleep(TRY_AGAIN_MS, signal).catch(() => undefined)
    }
  }
  return undefined
}
