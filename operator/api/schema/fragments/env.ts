// Environment variables: literal ones, the Kubernetes form, and whole ConfigMaps and Secrets.
import type { Fields, Rule, Schema } from '../model.ts'
import {
  exactlyOne,
  flag,
  intOrString,
  keyedList,
  list,
  map,
  object,
  objectName,
  quantity,
  text,
  variableName,
} from './words.ts'

const reserved = 'HIGHLANDER_'

const keyReference = (description: string, what: string): Schema =>
  object(
    description,
    {
      name: text(`Name of the ${what} in the same namespace.`, { ...objectName, example: 'db' }),
      key: text(`Key inside the ${what}.`, { minLength: 1, maxLength: 253, example: 'password' }),
      optional: flag(`Starts the container although the ${what} or the key is missing. Default: false.`),
    },
    { required: ['name', 'key'], title: 'KeyReference' },
  )

const wholeReference = (description: string, what: string): Schema =>
  object(
    description,
    {
      name: text(`Name of the ${what} in the same namespace.`, { ...objectName, example: 'db' }),
      optional: flag(`Starts the container although the ${what} is missing. Default: false.`),
    },
    { required: ['name'], title: 'WholeReference' },
  )

const valueFrom = object(
  'Source of the value. Exactly one of its fields is set.',
  {
    secretKeyRef: keyReference('Takes the value from a Secret.', 'Secret'),
    configMapKeyRef: keyReference('Takes the value from a ConfigMap.', 'ConfigMap'),
    fieldRef: object(
      'Takes the value from the pod itself.',
      { fieldPath: text('Field of the pod.', { minLength: 1, maxLength: 256, example: 'status.podIP' }) },
      { required: ['fieldPath'] },
    ),
    resourceFieldRef: object(
      'Takes the value from the requests or limits of a container.',
      {
        resource: text('Request or limit to read.', { minLength: 1, maxLength: 256, example: 'limits.memory' }),
        containerName: text('Container to read from. Default: `main`.', { maxLength: 63, example: 'main' }),
        divisor: quantity('Unit of the result. Default: 1.', { example: '1Mi' }),
      },
      { required: ['resource'] },
    ),
  },
  { title: 'ValueFrom' },
)

const extraVariable = object(
  'One variable: a literal `value`, or `valueFrom`.',
  {
    name: text('Name of the variable.', {
      minLength: 1,
      maxLength: 256,
      pattern: variableName,
      example: 'DB_PASSWORD',
    }),
    value: text("Literal value; '$(NAME)' stands for a variable listed earlier. Default: empty.", {
      maxLength: 32_768,
      example: 'postgres',
    }),
    valueFrom,
  },
  { required: ['name'], title: 'ExtraVariable' },
)

const variableSource = object(
  'One source: a ConfigMap or a Secret.',
  {
    prefix: text('Text placed before each key. Default: empty.', { maxLength: 253, example: 'APP_' }),
    configMapRef: wholeReference('Takes all keys of a ConfigMap.', 'ConfigMap'),
    secretRef: wholeReference('Takes all keys of a Secret.', 'Secret'),
  },
  { title: 'VariableSource' },
)

export const envFields: Fields = {
  env: map(
    'Environment variables with literal values. Numbers may be written without quotes. Default: none.',
    intOrString('Value of the variable.', { maxLength: 32_768 }),
    { maxProperties: 256, example: { DB_HOST: 'postgres.example.com', PORT: 8080 } },
  ),
  extraEnv: keyedList(
    'Environment variables in the Kubernetes form, set after `env` in the order given. Default: none.',
    'name',
    extraVariable,
    {
      maxItems: 128,
      example: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
    },
  ),
  envFrom: list('Takes all keys of ConfigMaps or Secrets as environment variables. Default: none.', variableSource, {
    maxItems: 32,
    example: [{ configMapRef: { name: 'settings' } }],
  }),
}

export const envRules: readonly Rule[] = [
  {
    id: 'E1',
    path: 'spec.env',
    cel: `self.all(k, k.matches('${variableName}'))`,
    message: "keys must be environment variable names, such as 'DB_HOST'",
  },
  {
    id: 'E2',
    path: 'spec.env',
    cel: `self.all(k, !k.startsWith('${reserved}'))`,
    message: `keys may not start with '${reserved}', which is reserved`,
  },
  {
    id: 'E2-extraEnv',
    path: 'spec.extraEnv[]',
    fieldPath: '.name',
    cel: `!self.name.startsWith('${reserved}')`,
    message: `may not start with '${reserved}', which is reserved`,
  },
  {
    id: 'E3',
    path: 'spec',
    fieldPath: '.extraEnv',
    cel: '!has(self.env) || !has(self.extraEnv) || self.extraEnv.all(e, !(e.name in self.env))',
    message: '`extraEnv` may not repeat a name from `env`',
  },
  {
    id: 'E4',
    path: 'spec.extraEnv[]',
    cel: '!(has(self.value) && has(self.valueFrom))',
    message: 'may not set both `value` and `valueFrom`',
  },
  {
    id: 'E4-valueFrom',
    path: 'spec.extraEnv[].valueFrom',
    ...exactlyOne('secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef'),
  },
  {
    id: 'E4-envFrom',
    path: 'spec.envFrom[]',
    cel: 'has(self.configMapRef) != has(self.secretRef)',
    message: 'must set exactly one of `configMapRef`, `secretRef`',
  },
]
