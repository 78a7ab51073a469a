// What Service and Persistent share: a server that is scaled, addressed and checked.
import type { Fields, Rule } from '../model.ts'
import { isBestEffort } from './exclusivity.ts'
import { healthFields, healthRules, portFields, portRules } from './network.ts'
import { probeFields, probeRules } from './probes.ts'
import { changing, int32 } from './words.ts'

export const serverFields: Fields = {
  ...changing('live', {
    replicas: int32('Number of instances: 0 or 1; more only with `exclusivity.mode: BestEffort`. 0 suspends.', 0, 100, {
      default: 1,
    }),
  }),
  ...probeFields,
  ...portFields,
  ...healthFields,
}

export const serverRules: readonly Rule[] = [
  {
    id: 'N3',
    path: '',
    fieldPath: '.metadata.name',
    optionalOldSelf: true,
    cel: "oldSelf.hasValue() || self.metadata.name.matches('^[a-z]')",
    message: 'name must start with a letter: it becomes the name of a Service',
  },
  ...probeRules,
  ...portRules,
  ...healthRules,
  {
    id: 'S1',
    path: 'spec',
    fieldPath: '.replicas',
    cel: `self.replicas <= 1 || ${isBestEffort}`,
    message: "must be 0 or 1 while `exclusivity.mode` is 'Strict'; more than one instance needs 'BestEffort'",
  },
]
