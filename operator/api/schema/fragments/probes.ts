// Probes of the main container and what happens around its end.
import type { Fields, Rule, Schema } from '../model.ts'
import { choice, duration, exactlyOne, int32, int64, intOrString, list, object, text } from './words.ts'

const portReference = intOrString('Port number, or the name of an entry in `ports`.', { maxLength: 15, example: 8080 })

const exec = (description: string): Schema =>
  object(
    description,
    {
      command: list(
        'Command and its arguments; no shell is involved.',
        text('One word of the command.', { maxLength: 4096 }),
        { minItems: 1, maxItems: 64, example: ['/app/alive'] },
      ),
    },
    { required: ['command'], title: 'ExecAction' },
  )

const httpGet = (description: string): Schema =>
  object(
    description,
    {
      path: text("Path to request. Default: '/'.", { maxLength: 1024, example: '/health' }),
      port: portReference,
      scheme: choice('Scheme of the request. Default: HTTP.', ['HTTP', 'HTTPS']),
      httpHeaders: list(
        'Request headers beside the usual ones. Default: none.',
        object(
          'One header.',
          {
            name: text('Name of the header.', { minLength: 1, maxLength: 256, example: 'Accept' }),
            value: text('Value of the header.', { maxLength: 4096, example: 'text/plain' }),
          },
          { required: ['name', 'value'] },
        ),
        { maxItems: 16, example: [{ name: 'Accept', value: 'text/plain' }] },
      ),
    },
    { required: ['port'], title: 'HttpGetAction' },
  )

const handlers = ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const

const probe = (description: string): Schema =>
  object(
    description,
    {
      httpGet: httpGet('Succeeds when an HTTP GET answers with a status from 200 to 399.'),
      tcpSocket: object(
        'Succeeds when a TCP connection can be opened.',
        { port: portReference },
        { required: ['port'] },
      ),
      exec: exec('Succeeds when a command in the container ends with code 0.'),
      grpc: object(
        'Succeeds when a gRPC health check answers SERVING.',
        {
          port: int32('Port number.', 1, 65_535, { example: 9090 }),
          service: text('Service named in the health check request. Default: empty.', { maxLength: 253 }),
        },
        { required: ['port'] },
      ),
      initialDelaySeconds: int32('Seconds to wait after the container started. Default: 0.', 0, 86_400),
      periodSeconds: int32('Seconds between two checks. Default: 10.', 1, 86_400),
      timeoutSeconds: int32('Seconds after which a check counts as failed. Default: 1.', 1, 3600),
      successThreshold: int32('Successes in a row needed after a failure. Default: 1.', 1, 100),
      failureThreshold: int32('Failures in a row after which the probe acts. Default: 3.', 1, 1000),
      terminationGracePeriodSeconds: int64(
        'Grace period when this probe ends the container. Default: that of the workload.',
        1,
        86_400,
      ),
    },
    { title: 'Probe', example: { httpGet: { path: '/health', port: 8080 } } },
  )

/** Not for CronJobs: a run has nothing to be probed for. */
export const probeFields: Fields = {
  livenessProbe: probe('Restarts the container when it fails. Default: none.'),
  readinessProbe: probe('Decides if the instance is healthy and gets traffic. Default: ready while it runs.'),
  startupProbe: probe('Holds back the other probes until it has succeeded once. Default: none.'),
}

export const probeRules: readonly Rule[] = Object.keys(probeFields).map((field) => ({
  id: 'K8',
  path: `spec.${field}`,
  ...exactlyOne(...handlers),
}))

export const endFields: Fields = {
  lifecycle: object(
    'Actions around the life of the main container. Default: none.',
    {
      preStop: object(
        'Runs before the container gets SIGTERM; its time counts against the grace period. Default: none.',
        {
          exec: exec('Runs a command in the container.'),
          httpGet: httpGet('Sends an HTTP GET to the container.'),
          sleep: object(
            'Waits.',
            { seconds: int64('Seconds to wait.', 1, 86_400, { example: 5 }) },
            { required: ['seconds'] },
          ),
        },
        { example: { sleep: { seconds: 5 } } },
      ),
    },
    { title: 'Lifecycle' },
  ),
  terminationGracePeriodSeconds: int64(
    'Seconds the process has to stop after SIGTERM before it is killed. Default: 30.',
    1,
    86_400,
    { example: 60 },
  ),
  gracePeriod: duration(
    'The same as `terminationGracePeriodSeconds`, written as a duration. Rounded up to seconds. Default: 30s.',
    { example: '15s' },
  ),
}

export const endRules: readonly Rule[] = [
  {
    id: 'K3',
    path: 'spec',
    cel: '!(has(self.gracePeriod) && has(self.terminationGracePeriodSeconds))',
    message: 'may set only one of `gracePeriod` and `terminationGracePeriodSeconds`',
  },
  {
    id: 'K4',
    path: 'spec.gracePeriod',
    cel: "duration(self) >= duration('1s')",
    message: "must be at least '1s'",
  },
  { id: 'K9', path: 'spec.lifecycle.preStop', ...exactlyOne('exec', 'httpGet', 'sleep') },
]
