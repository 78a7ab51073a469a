// The program: image, script or command, and the configuration files it finds.
import type { Fields, Rule } from '../model.ts'
import { choice, filePath, keyedList, list, object, objectName, set, text } from './words.ts'

const script = object(
  'Shell script to run instead of the entrypoint of the image. The lines run in one shell with `set -e`: the first failing line ends the script. Start a long-running last line with `exec`, so that it receives the stop signal. Default: the entrypoint of the image runs.',
  {
    commands: list(
      'Lines of the script, in order.',
      text('One line of the script; the shell receives it exactly as written.', {
        minLength: 1,
        maxLength: 16_384,
        example: 'exec /app/run.sh',
      }),
      { minItems: 1, maxItems: 256, example: ['echo starting', 'exec /app/run.sh'] },
    ),
    shell: text('Shell that runs the script; it must understand `-c` and `set -e`.', {
      minLength: 1,
      maxLength: 256,
      pattern: '^[A-Za-z0-9_./+-]+$',
      default: '/bin/sh',
      example: '/bin/bash',
    }),
  },
  { required: ['commands'], title: 'Script' },
)

export const containerFields: Fields = {
  image: text('Container image of the workload.', {
    minLength: 1,
    maxLength: 1024,
    pattern: '^\\S+$',
    example: 'mycompany/data-processor:1.4.2',
  }),
  imagePullPolicy: choice(
    'When the node pulls the image. Also for sidecars and init containers that set none.',
    ['Always', 'IfNotPresent', 'Never'],
    { default: 'IfNotPresent' },
  ),
  imagePullSecrets: keyedList(
    'Secrets with the credentials of image registries. Default: none.',
    'name',
    object(
      'Reference to one Secret.',
      { name: text('Name of a Secret in the same namespace.', { ...objectName, example: 'registry' }) },
      { required: ['name'], title: 'SecretReference' },
    ),
    { maxItems: 16, example: [{ name: 'registry' }] },
  ),
  script,
  command: list(
    'Replaces the entrypoint of the image. No shell is involved. Default: the entrypoint of the image.',
    text('One word of the command.', { maxLength: 16_384 }),
    { minItems: 1, maxItems: 64, example: ['/app/run'] },
  ),
  args: list(
    'Replaces the arguments of the image, or follows `command`. Default: the arguments of the image.',
    text('One argument.', { maxLength: 16_384 }),
    { maxItems: 256, example: ['--verbose'] },
  ),
  workingDir: text('Folder in which the process starts. Default: the folder set in the image.', {
    ...filePath,
    example: '/app',
  }),
  configMaps: set(
    'ConfigMaps to mount read-only, each at /etc/config/<name>. Default: none.',
    text('Name of a ConfigMap in the same namespace.', objectName),
    { maxItems: 32, example: ['rules'] },
  ),
  secrets: set(
    'Secrets to mount read-only, each at /etc/secrets/<name>. Default: none.',
    text('Name of a Secret in the same namespace.', objectName),
    { maxItems: 32, example: ['db-credentials'] },
  ),
}

export const containerRules: readonly Rule[] = [
  {
    id: 'K1',
    path: 'spec',
    cel: '!(has(self.script) && (has(self.command) || has(self.args)))',
    message: 'may not set `script` together with `command` or `args`',
  },
  {
    id: 'K2',
    path: 'spec.script.commands',
    cel: 'self.all(c, c.trim().size() > 0)',
    message: 'must not contain empty commands',
  },
]
