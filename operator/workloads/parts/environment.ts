// The variables of the main container, in the order that users may rely on: ours, `env` by key, then `extraEnv`.
import type { ExtraVariable } from '#api/generated/kinds.ts'
import { annotation } from '#api/labels.ts'
import { plain, sortedEntries, type Fields } from './json.ts'

export interface EnvironmentInput {
  readonly env?: Readonly<Record<string, string | number>>
  readonly extraEnv?: readonly ExtraVariable[]
}

/** `fenced`: the pod gets a fencing token, because the operator starts it itself (Process, Strict Service). */
export function environment(input: EnvironmentInput, fenced: boolean): readonly unknown[] {
  return [
    fromPod('HIGHLANDER_INSTANCE_ID', 'metadata.uid'),
    ...(fenced ? fencing() : []),
    ...variables(input.env ?? {}),
    ...(input.extraEnv ?? []).map(extraVariable),
  ]
}

export function variables(env: Readonly<Record<string, unknown>>): readonly Fields[] {
  return sortedEntries(env).map(([name, value]) => ({ name, value: String(value) }))
}

function fencing(): readonly Fields[] {
  return [
    fromPod('HIGHLANDER_TERM', `metadata.annotations['${annotation.epoch}']`),
    fromPod('HIGHLANDER_FENCING_TOKEN', `metadata.annotations['${annotation.token}']`),
  ]
}

function fromPod(name: string, fieldPath: string): Fields {
  return { name, valueFrom: { fieldRef: { fieldPath } } }
}

/** An unquoted divisor and a quoted one are the same wish. */
function extraVariable(variable: ExtraVariable): Fields {
  const { name, value, valueFrom } = variable
  if (valueFrom === undefined) return value === undefined ? { name } : { name, value }
  const { resourceFieldRef } = valueFrom
  const divisor = resourceFieldRef?.divisor
  const source =
    divisor === undefined ? valueFrom : { resourceFieldRef: { ...resourceFieldRef, divisor: String(divisor) } }
  return { name, valueFrom: plain(source) }
}
