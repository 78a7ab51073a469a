// A restart that somebody asked for by annotation on the resource: any new text asks for one new instance.
// What was handled is in the status; what was done about it is in the annotation of the pod template. So a leader that
// dies between the two leaves a successor that sees the new template and does not restart again. A request that was
// there at creation, or in a cluster that is not active, is recorded only.
import { annotation } from '#api/labels.ts'
import type { Observed } from '../workload.ts'

/** Longer texts do not fit into the status, and would be asked for for ever. */
const LONGEST = 253

/** The value of a request annotation; undefined when it asks for nothing. */
export function askedFor(seen: Observed, key: string): string | undefined {
  const text = seen.cr.annotations[key]
  return text === undefined || text === '' || text.length > LONGEST ? undefined : text
}

/** Nothing was reported yet: what is asked for was there at creation. */
export function isRecordedOnly(seen: Observed): boolean {
  return seen.stored.conditions === undefined || seen.role !== 'active'
}

/** The request that is still to be handled. */
export function pendingRestart(seen: Observed): string | undefined {
  const asked = askedFor(seen, annotation.restartRequestedAt)
  return asked === handledRestart(seen) || isRecordedOnly(seen) ? undefined : asked
}

export function handledRestart({ stored }: Observed): string | undefined {
  return 'lastHandledRestartAt' in stored ? stored.lastHandledRestartAt : undefined
}

/** For the pod template: what is asked for, else what it has. A request that is withdrawn restarts nothing. */
export function templateRestart(
  seen: Observed,
  live: { readonly restartedAt?: string } | undefined,
): string | undefined {
  return pendingRestart(seen) ?? live?.restartedAt
}

/** `isDone`: the new instance is on its way, whoever leads. */
export function restartFields(
  seen: Observed,
  isDone: (asked: string) => boolean,
): { readonly lastHandledRestartAt?: string } {
  const asked = askedFor(seen, annotation.restartRequestedAt)
  const isHandled = asked !== undefined && (isRecordedOnly(seen) || isDone(asked))
  const handled = isHandled ? asked : handledRestart(seen)
  return handled === undefined ? {} : { lastHandledRestartAt: handled }
}
