// CPU, memory and other resources of the main container.
import type { Fields, Rule, Schema } from '../model.ts'
import { intOrString, map, object, quantity } from './words.ts'

const flat = (description: string, example: string): Schema => intOrString(description, { maxLength: 32, example })

const amounts = (description: string, example: Readonly<Record<string, string | number>>): Schema =>
  map(description, quantity('Amount of the resource.'), { maxProperties: 16, example })

export const resourcesFields: Fields = {
  resources: object(
    'CPU, memory and other resources of the main container. Default: none are reserved or limited.',
    {
      cpuRequest: flat('CPU reserved for the container. Default: none.', '200m'),
      memoryRequest: flat('Memory reserved for the container. Default: none.', '256Mi'),
      cpuLimit: flat('CPU the container may use at most. Default: no limit.', '1'),
      memoryLimit: flat('Memory the container may use; above it the container is killed. Default: no limit.', '512Mi'),
      requests: amounts('Any other resource to reserve, by name. Default: none.', { 'ephemeral-storage': '1Gi' }),
      limits: amounts('Any other resource to limit, by name. Default: none.', { 'nvidia.com/gpu': 1 }),
    },
    { title: 'Resources', example: { cpuRequest: '200m', memoryRequest: '256Mi' } },
  ),
}

const flatFields = ['cpuRequest', 'memoryRequest', 'cpuLimit', 'memoryLimit'] as const

const ordered = (request: string, limit: string): string =>
  [
    `!has(self.${request})`,
    `!has(self.${limit})`,
    `!isQuantity(string(self.${request}))`,
    `!isQuantity(string(self.${limit}))`,
    `quantity(string(self.${request})).compareTo(quantity(string(self.${limit}))) <= 0`,
  ].join(' || ')

const twice = (list: string, cpu: string, memory: string): string =>
  `(has(self.${list}) && (('cpu' in self.${list} && has(self.${cpu})) || ('memory' in self.${list} && has(self.${memory}))))`

export const resourcesRules: readonly Rule[] = [
  ...flatFields.flatMap((field): readonly Rule[] => [
    {
      id: 'Q1',
      path: `spec.resources.${field}`,
      cel: 'isQuantity(string(self))',
      message: "must be a quantity such as '250m', '2' or '512Mi'",
    },
    {
      id: 'Q2',
      path: `spec.resources.${field}`,
      cel: "!isQuantity(string(self)) || !string(self).startsWith('-')",
      message: 'must not be negative',
    },
  ]),
  {
    id: 'Q3-cpu',
    path: 'spec.resources',
    cel: ordered('cpuRequest', 'cpuLimit'),
    message: '`cpuRequest` must be less than or equal to `cpuLimit`',
  },
  {
    id: 'Q3-memory',
    path: 'spec.resources',
    cel: ordered('memoryRequest', 'memoryLimit'),
    message: '`memoryRequest` must be less than or equal to `memoryLimit`',
  },
  {
    id: 'Q4',
    path: 'spec.resources',
    cel: `!${twice('requests', 'cpuRequest', 'memoryRequest')} && !${twice('limits', 'cpuLimit', 'memoryLimit')}`,
    message: 'may not give the same resource twice: use either the short field or the map',
  },
]
