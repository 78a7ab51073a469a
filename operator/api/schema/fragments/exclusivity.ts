// How strictly two instances at once are prevented, and the switch that stops a workload.
import type { Fields, Rule, Schema } from '../model.ts'
import { changing, choice, duration, flag, object } from './words.ts'

export const suspendFields: Fields = changing('live', {
  suspend: flag('Stops the workload and keeps its definition.', { default: false }),
})

/** CEL: the workload gave up strict exclusivity. */
export const isBestEffort =
  "(has(self.exclusivity) && has(self.exclusivity.mode) && self.exclusivity.mode == 'BestEffort')"

const unreachableFields: Fields = changing('live', {
  nodeUnreachable: choice(
    'What happens when the node of the instance does not answer. Wait: nothing is started before a proof that the instance has ended. ForceAfter: it counts as ended after `forceAfter`, though it may still run.',
    ['Wait', 'ForceAfter'],
    { default: 'Wait' },
  ),
  forceAfter: duration('How long the node has to be silent. At least 60s; with `nodeUnreachable: ForceAfter` only.', {
    example: '10m',
  }),
})

export const exclusivityRules: readonly Rule[] = [
  {
    id: 'G1',
    path: 'spec.exclusivity',
    cel: "!has(self.nodeUnreachable) || self.nodeUnreachable != 'ForceAfter' || has(self.forceAfter)",
    message: "`forceAfter` is required when `nodeUnreachable` is 'ForceAfter'",
  },
  {
    id: 'G2',
    path: 'spec.exclusivity',
    cel: "!has(self.forceAfter) || (has(self.nodeUnreachable) && self.nodeUnreachable == 'ForceAfter')",
    message: "`forceAfter` may only be set when `nodeUnreachable` is 'ForceAfter'",
  },
  {
    id: 'G3',
    path: 'spec.exclusivity.forceAfter',
    cel: "duration(self) >= duration('60s')",
    message: "must be at least '60s'",
  },
]

/** A Process is single by the name of its pod; it has no weaker mode. */
export const strictOnly: Schema = object(
  'How strictly two instances at the same time are prevented.',
  { mode: choice('Strict: never two instances.', ['Strict'], { default: 'Strict' }), ...unreachableFields },
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
    ...unreachableFields,
  },
  { default: {}, change: 'live', title: 'Exclusivity' },
)
