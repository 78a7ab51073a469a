// How strictly two instances at once are prevented, and the switch that stops a workload.
import type { Fields, Schema } from '../model.ts'
import { changing, choice, flag, object } from './words.ts'

export const suspendFields: Fields = changing('live', {
  suspend: flag('Stops the workload and keeps its definition.', { default: false }),
})

/** CEL: the workload gave up strict exclusivity. */
export const isBestEffort =
  "(has(self.exclusivity) && has(self.exclusivity.mode) && self.exclusivity.mode == 'BestEffort')"

/** A Process is single by the name of its pod; it has no weaker mode. */
export const strictOnly: Schema = object(
  'How strictly two instances at the same time are prevented.',
  { mode: choice('Strict: never two instances.', ['Strict'], { default: 'Strict' }) },
  { default: {}, change: 'live', title: 'StrictExclusivity' },
)

export const strictOrBestEffort: Schema = object(
  'How strictly two instances at the same time are prevented.',
  {
    mode: choice(
      'Strict: never two instances. BestEffort: as Kubernetes does it, a short overlap is possible.',
      ['Strict', 'BestEffort'],
      { default: 'Strict', example: 'Strict' },
    ),
  },
  { default: {}, change: 'live', title: 'Exclusivity' },
)
