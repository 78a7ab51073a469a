// The fields and rules that all four kinds have.
import type { Fields, Rule } from '../model.ts'
import { containerFields, containerRules } from './container.ts'
import { envFields, envRules } from './env.ts'
import { exclusivityRules, suspendFields } from './exclusivity.ts'
import { placementFields, securityFields } from './pod.ts'
import { endFields, endRules } from './probes.ts'
import { resourcesFields, resourcesRules } from './resources.ts'
import { overlayFields, podLabelFields, volumeFields, volumeRules } from './volumes.ts'

export const commonFields: Fields = {
  ...containerFields,
  ...envFields,
  ...resourcesFields,
  ...endFields,
  ...securityFields,
  ...placementFields,
  ...volumeFields,
  ...podLabelFields,
  ...overlayFields,
  ...suspendFields,
}

const mustSuit = (longest: number): Rule => ({
  id: 'N1',
  path: '',
  fieldPath: '.metadata.name',
  optionalOldSelf: true,
  cel: `oldSelf.hasValue() || size(self.metadata.name) <= ${longest}`,
  message: `name must be no more than ${longest} characters: Kubernetes appends suffixes to it`,
})

/** Names of children are the workload's name with a suffix of up to 11 characters, in at most 63. */
const nameRules: readonly Rule[] = [
  mustSuit(52),
  {
    id: 'N2',
    path: '',
    fieldPath: '.metadata.name',
    optionalOldSelf: true,
    cel: "oldSelf.hasValue() || !self.metadata.name.contains('.')",
    message: "name must not contain '.': it becomes a host name and a label value",
  },
]

export const commonRules: readonly Rule[] = [
  ...nameRules,
  ...containerRules,
  ...envRules,
  ...resourcesRules,
  ...endRules,
  ...volumeRules,
  ...exclusivityRules,
]
