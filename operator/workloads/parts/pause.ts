// A paused workload: no child is written, and a newer spec is not observed. What is told is what was made of the older
// one.
import { annotation } from '#api/labels.ts'
import type { Observed } from '../workload.ts'

export function isPaused(seen: Observed): boolean {
  return seen.cr.annotations[annotation.reconcile] === 'disabled'
}

/** Paused, and the spec is newer than the one that what runs was made of. Before the first look there is only the spec. */
export function isSpecUnobserved(seen: Observed): boolean {
  const { observedGeneration = -1 } = seen.stored
  return isPaused(seen) && observedGeneration !== -1 && observedGeneration !== seen.cr.generation
}

/** While paused a later wish to suspend or to resume waits; before the first look there is only the wish. */
export function isSuspensionInForce(seen: Observed, wished: boolean): boolean {
  const { observedGeneration = -1 } = seen.stored
  return isPaused(seen) && observedGeneration !== -1 ? wasSuspended(seen) : wished
}

/** At the last look. */
export function wasSuspended({ stored }: Observed): boolean {
  return (stored.conditions ?? []).some(({ type, status }) => type === 'Suspended' && status === 'True')
}

/** What a person does to end the suspension; undefined when nothing in the spec asks for it. */
export function resumeStep(spec: { readonly suspend: boolean; readonly replicas?: number }): string | undefined {
  const steps = [...(spec.suspend ? ['suspend to false'] : []), ...(spec.replicas === 0 ? ['replicas to 1'] : [])]
  return steps.length === 0 ? undefined : `Set ${steps.join(' and ')} to resume.`
}
