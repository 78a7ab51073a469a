// The credentials in use: read at most every 10 s and by one reader at a time, and anew after the server refused them.
// A renewal in the background keeps nobody waiting; only the first read and the one after a refusal do.
import type { Logger } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { messageOf } from '#lib/errors.ts'
import type { Credentials, KubeSettings } from './config.ts'

export interface CredentialKeeper {
  /** Throws what KubeSettings.credentials throws, when there is nothing older to use. */
  get(): Promise<Credentials>
  /** The server answered 401 to these, or its certificate was not trusted with them. */
  refused(used: Credentials): void
}

const FRESH_MS = 10_000
// A plugin may take its time and cost a login: never in a tight loop, whatever the server answers.
const AFTER_REFUSAL_MS = 1_000

export function createCredentialKeeper(settings: KubeSettings, log: Logger, clock: Clock): CredentialKeeper {
  let current: Credentials | undefined
  let readAtMs = 0
  let isRefused = false
  let reading: Promise<Credentials> | undefined

  const read = async (): Promise<Credentials> => {
    readAtMs = clock.monotonicMs()
    try {
      current = await settings.credentials()
      isRefused = false
    } catch (error) {
      if (current === undefined) throw error
      log.warn('credentials could not be read again, the old ones stay', { error: messageOf(error) })
    } finally {
      reading = undefined
    }
    return current
  }
  return {
    get: async () => {
      const ageMs = clock.monotonicMs() - readAtMs
      if (current !== undefined && ageMs < (isRefused ? AFTER_REFUSAL_MS : FRESH_MS)) return current
      reading ??= read()
      if (current === undefined || isRefused) return await reading
      return current
    },
    refused: (used) => {
      if (used !== current || isRefused) return
      isRefused = true
      settings.forget()
    },
  }
}
