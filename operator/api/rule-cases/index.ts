// For each rule a spec that it accepts and one that it refuses, with the literal path and sentence. The same table is
// put to the twin predicates and to a real API server, which must agree.
import type { RuleId } from '#api/generated/kinds.ts'
import { containerCases, resourceCases, variableCases } from './pod.ts'
import type { RuleCase } from './rule-case.ts'
import { exclusivityCases, nameCases, scheduleCases, serverCases } from './server.ts'
import { volumeCases } from './volumes.ts'

export type { RuleCase } from './rule-case.ts'

export const ruleCases: Readonly<Record<RuleId, readonly RuleCase[]>> = {
  ...nameCases,
  ...containerCases,
  ...variableCases,
  ...resourceCases,
  ...serverCases,
  ...exclusivityCases,
  ...scheduleCases,
  ...volumeCases,
}
