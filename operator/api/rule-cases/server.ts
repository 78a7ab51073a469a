// Rules about restarts, ports, the Service, schedules and names.
import { BEST_EFFORT, FIRST_LETTER, cron, named, ofCron, ofProcess, ofServer, server } from './rule-case.ts'
import type { Cases, Spec } from './rule-case.ts'

const address = (accepted: string, refused: string) =>
  ofServer(
    { service: { clusterIP: accepted } },
    { service: { clusterIP: refused } },
    'spec.service.clusterIP',
    'must be an IP address; `headless: true` gives the Service none',
  )

export const serverCases = {
  B1: [
    ofProcess(
      { backoff: { initial: '60s', max: '1m' } },
      { backoff: { initial: '61s', max: '1m' } },
      'spec.backoff',
      '`initial` must be less than or equal to `max`',
    ),
    // Nothing is finer than a nanosecond.
    ofProcess(
      { backoff: { initial: '1.0000000001s', max: '1s' } },
      { backoff: { initial: '1.000000001s', max: '1s' } },
      'spec.backoff',
      '`initial` must be less than or equal to `max`',
    ),
  ],
  T1: [
    ofProcess(
      { ports: twoPorts({ containerPort: 53, protocol: 'UDP' }, { containerPort: 53, servicePort: 54 }) },
      { ports: twoPorts({ containerPort: 53, protocol: 'TCP' }, { containerPort: 53, servicePort: 54 }) },
      'spec.ports',
      '`containerPort` must be unique per protocol',
    ),
  ],
  T2: [
    ofProcess(
      { ports: twoPorts({ containerPort: 80 }, { containerPort: 81, servicePort: 82 }) },
      { ports: twoPorts({ containerPort: 80 }, { containerPort: 81, servicePort: 80 }) },
      'spec.ports',
      '`servicePort` must be unique per protocol',
    ),
  ],
  T3: [ofProcess({}, { service: {} }, 'spec.service', '`service` needs at least one entry in `ports`')],
  T4: [
    ofServer(
      { service: { headless: true, type: 'ClusterIP' } },
      { service: { headless: true, type: 'NodePort' } },
      'spec.service',
      "`headless` may not be combined with `clusterIP` or with a `type` other than 'ClusterIP'",
    ),
  ],
  T5: [
    {
      kind: 'WorkloadPersistent',
      accepted: { ...server, service: { headless: false, type: 'LoadBalancer' } },
      refused: { ...server, service: { type: 'LoadBalancer' } },
      path: 'spec.service',
      message: "`clusterIP` and a `type` other than 'ClusterIP' need `headless: false`",
    },
  ],
  T6: [
    address('10.96.0.20', 'None'),
    address('255.249.199.0', ''),
    address('fd00:10:96::a', 'fd00'),
    address('::ffff', '10.96.0'),
    address('0.0.0.1', '10.96.0.256'),
    address('1.2.3.4', '010.96.0.1'),
    address('10.96.0.200', '10.96.0.20 '),
  ],
  S1: [
    ofServer(
      { replicas: 2, exclusivity: BEST_EFFORT },
      { replicas: 2 },
      'spec.replicas',
      "must be 0 or 1 while `exclusivity.mode` is 'Strict'; more than one instance needs 'BestEffort'",
    ),
  ],
  S2: [
    ofServer(
      { healthCheckPort: 80, healthCheckPath: '/' },
      { healthCheckPort: 80 },
      'spec.healthCheckPort',
      '`healthCheckPort` needs `healthCheckPath`',
    ),
  ],
  S3: [
    ofServer(
      { healthCheckPath: '/' },
      { healthCheckPath: '/', ports: [] },
      'spec.healthCheckPath',
      '`healthCheckPath` needs `healthCheckPort` or an entry in `ports`',
    ),
  ],
} satisfies Cases

const forced = { nodeUnreachable: 'ForceAfter' }

export const exclusivityCases = {
  G1: [
    ofServer(
      { exclusivity: { ...forced, forceAfter: '10m' } },
      { exclusivity: forced },
      'spec.exclusivity',
      "`forceAfter` is required when `nodeUnreachable` is 'ForceAfter'",
    ),
  ],
  G2: ['Wait', undefined].map((nodeUnreachable) =>
    ofProcess(
      { exclusivity: { nodeUnreachable: 'Wait' } },
      { exclusivity: { ...(nodeUnreachable === undefined ? {} : { nodeUnreachable }), forceAfter: '10m' } },
      'spec.exclusivity',
      "`forceAfter` may only be set when `nodeUnreachable` is 'ForceAfter'",
    ),
  ),
  G3: [
    ofCron(
      { exclusivity: { ...forced, forceAfter: '1m' } },
      { exclusivity: { ...forced, forceAfter: '59s' } },
      'spec.exclusivity.forceAfter',
      "must be at least '60s'",
    ),
  ],
} satisfies Cases

export const scheduleCases = {
  J1: ['0 0 * *', '0 0 * * 7', '60 0 * * *', '@reboot', '@every 5', '0 0 * * * *', '*/0 * * * *'].map((schedule) =>
    ofCron(
      { schedule: '*/5,7 0-23/2 1 jan-MAR,12 Sun-6' },
      { schedule },
      'spec.schedule',
      "must be a 5-field cron expression such as '*/5 * * * *' or a macro such as '@daily'",
    ),
  ),
  J2: [
    ofCron(
      { schedule: '@every 1h30m' },
      { schedule: 'CRON_TZ=UTC 0 0 * * *' },
      'spec.schedule',
      "must not contain 'TZ='; set `timeZone` instead",
    ),
  ],
  J3: [
    ofCron(
      { concurrencyPolicy: 'Allow', exclusivity: BEST_EFFORT },
      { concurrencyPolicy: 'Replace' },
      'spec.concurrencyPolicy',
      "must be 'Forbid' while `exclusivity.mode` is 'Strict'; 'Replace' and 'Allow' can run two instances at once",
    ),
  ],
} satisfies Cases

export const nameCases = {
  N1: [
    named('a'.repeat(52), 'a'.repeat(53), {
      kind: 'WorkloadCronJob',
      accepted: cron,
      message: 'name must be no more than 52 characters: Kubernetes appends suffixes to it',
    }),
  ],
  N2: [
    named('a-b', 'a.b', {
      kind: 'WorkloadCronJob',
      accepted: cron,
      message: "name must not contain '.': it becomes a host name and a label value",
    }),
  ],
  N3: [named('a1', '1a', { kind: 'WorkloadService', accepted: server, message: FIRST_LETTER })],
  'N3-ports': [named('a1', '1a', { kind: 'WorkloadProcess', accepted: server, message: FIRST_LETTER })],
} satisfies Cases

function twoPorts(a: Spec, b: Spec): readonly Spec[] {
  return [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ]
}
