// What the status of a live workload says in each situation that can be brought about here, and what kstatus (Flux,
// Helm) and Argo CD make of the very object that kubectl shows.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KindName } from '#api/generated/kinds.ts'
import { label } from '#api/labels.ts'
import { testCluster } from '../cluster/fixture.ts'
import { openJudges, type Judges } from '../conformance/programs.ts'
import { at, itemsOf, textAt, type Json } from '../support/api.ts'
import { eventually, needsCluster, openWorld, type World } from '../support/world.ts'

const PROCESS = 'WorkloadProcess'
const CRON_JOB = 'WorkloadCronJob'
const SERVICE = 'WorkloadService'
const PERSISTENT = 'WorkloadPersistent'
const kinds: readonly KindName[] = [PROCESS, CRON_JOB, SERVICE, PERSISTENT]
const servers: readonly KindName[] = [PROCESS, SERVICE, PERSISTENT]

const port = { name: 'http', containerPort: 8080, servicePort: 80 }
const common = { image: 'busybox:1', terminationGracePeriodSeconds: 1 }
const base: Readonly<Record<KindName, object>> = {
  WorkloadProcess: common,
  WorkloadCronJob: { ...common, schedule: '0 0 1 1 *' },
  WorkloadService: { ...common, ports: [port] },
  WorkloadPersistent: { ...common, ports: [port] },
}

type Provoke = (world: World, kind: KindName, name: string) => Promise<void>

interface Row {
  readonly what: string
  readonly kinds: readonly KindName[]
  readonly spec?: object
  /** Before the resource is made, or once it is. */
  readonly before?: Provoke
  readonly provoke?: Provoke
  /** Ready, booleans, and the conditions that show only while they hold. */
  readonly says: string
  readonly kstatus: 'Current' | 'InProgress' | 'Failed'
}

const simulated = (what: string, value: string) => ({
  podAnnotations: { [`simulation.highlander.plexobject.io/${what}`]: value },
})
const failing = {
  podAnnotations: {
    ...simulated('ends', 'Failed').podAnnotations,
    ...simulated('run-for', '100ms').podAnnotations,
  },
}
const homeless = { nodeSelector: { disk: 'none' } }
const deaf = { ...simulated('ignores-sigterm', '1'), terminationGracePeriodSeconds: 45 }
const claim = { name: 'data', mountPath: '/data', size: '1Gi', storageClassName: 'unknown' }
const absent = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'absent' } }] }

const current: readonly Row[] = [
  { what: 'running', kinds: servers, says: 'True Running, active, healthy', kstatus: 'Current' },
  { what: 'scheduled', kinds: [CRON_JOB], says: 'True Scheduled, active, healthy', kstatus: 'Current' },
  {
    what: 'failedrun',
    kinds: [CRON_JOB],
    spec: { ...failing, backoffLimit: 0 },
    provoke: createRun,
    says: 'True Scheduled, active, not healthy',
    kstatus: 'Current',
  },
  {
    what: 'completed',
    kinds: [PROCESS],
    spec: simulated('run-for', '100ms'),
    says: 'True Completed, not active, healthy',
    kstatus: 'Current',
  },
  {
    what: 'suspended',
    kinds,
    spec: { suspend: true },
    says: 'True Suspended, not active, healthy, Suspended',
    kstatus: 'Current',
  },
  {
    what: 'scaled',
    kinds: [SERVICE, PERSISTENT],
    provoke: scaleToZero,
    says: 'True Suspended, not active, healthy, Suspended',
    kstatus: 'Current',
  },
  { what: 'paused', kinds, provoke: pause, says: '', kstatus: 'Current' },
  { what: 'pausededit', kinds, provoke: pauseAndEdit, says: '', kstatus: 'InProgress' },
]

const moving: readonly Row[] = [
  { ...inProgress('Starting'), what: 'starting', kinds: servers, spec: simulated('ready-after', '90s') },
  { ...inProgress('Unhealthy'), what: 'unhealthy', kinds: servers, provoke: turnUnready },
  { ...inProgress('CrashLoop'), what: 'crashing', kinds: servers, spec: homeless, provoke: waits('CrashLoopBackOff') },
  { ...inProgress('ImagePullFailed'), what: 'pulling', kinds, spec: homeless, provoke: waits('ErrImagePull') },
  {
    ...inProgress('ConfigMissing'),
    what: 'keyless',
    kinds,
    spec: homeless,
    provoke: waits('CreateContainerConfigError'),
  },
  { ...inProgress('Unschedulable'), what: 'homeless', kinds, spec: homeless, provoke: createRun },
  { ...inProgress('VolumePending'), what: 'claimless', kinds: [PROCESS, CRON_JOB], spec: absent, provoke: createRun },
  { ...inProgress('VolumePending'), what: 'unbound', kinds: [PERSISTENT], spec: { persistentVolumes: [claim] } },
  { ...inProgress('HandoverPending'), what: 'deaf', kinds: servers, spec: deaf, provoke: edit },
  { ...inProgress('HandoverPending'), what: 'leftover', kinds: [CRON_JOB], before: leaveBehind },
]

const failed: readonly Row[] = [
  {
    what: 'late',
    kinds: [SERVICE, PERSISTENT],
    spec: { ...homeless, readinessTimeout: '2s' },
    says: 'False Unschedulable, active, not healthy, Stalled',
    kstatus: 'Failed',
  },
  {
    what: 'givenup',
    kinds: [PROCESS],
    spec: { ...failing, maxRestarts: 1 },
    says: 'False RestartLimitReached, not active, not healthy, Stalled',
    kstatus: 'Failed',
  },
  {
    what: 'refused',
    kinds,
    spec: { affinity: { nodeAffinity: 'nonsense' } },
    says: 'False NotAccepted, not active, not healthy, Stalled',
    kstatus: 'Failed',
  },
  {
    what: 'refusededit',
    kinds,
    provoke: editBadly,
    says: 'False NotAccepted, active, healthy, Stalled',
    kstatus: 'Failed',
  },
]

const rows = [...current, ...moving, ...failed].flatMap((row) =>
  row.kinds.map((kind) => [row.what, kind, row] as const),
)

function inProgress(reason: string): Pick<Row, 'says' | 'kstatus'> {
  return { says: `False ${reason}, active, not healthy, Reconciling`, kstatus: 'InProgress' }
}

describe('the status of a live workload', () => {
  let world: World
  let poor: World
  let judges: Judges | undefined

  beforeAll(async () => {
    if (testCluster() === undefined) return
    judges = await openJudges()
    world = await openWorld('status')
    poor = await openWorld('poor')
    await Promise.all([world.operator(), poor.operator(), limit(poor)])
  }, 600_000)

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
    await poor?.[Symbol.asyncDispose]()
  })

  it.concurrent.each(rows)('%s: %s', async (what, kind, row) => {
    const name = `${what}-${kind.slice('Workload'.length).toLowerCase()}`
    await row.before?.(world, kind, name)
    await world.create(kind, name, { ...base[kind], ...row.spec })
    await row.provoke?.(world, kind, name)

    const seen = await settles(world, kind, name, row.says === '' ? pausedText(kind) : row.says)

    await expectVerdicts(seen, row.kstatus)
  })

  it.concurrent.each(kinds)('a quota holds back a %s', async (kind) => {
    await poor.create(kind, 'held', base[kind])

    const seen = await settles(poor, kind, 'held', 'False QuotaExceeded, not active, not healthy, Reconciling')

    await expectVerdicts(seen, 'InProgress')
  })

  async function expectVerdicts(seen: Json, expected: Row['kstatus']): Promise<void> {
    if (judges === undefined) return
    const health = { Current: 'Healthy', InProgress: 'Progressing', Failed: 'Degraded' }[expected]
    const isSuspended = lasting(seen).includes('Suspended')

    const verdicts = [...(await judges.kstatus([seen])), ...(await judges.argo([seen]))]

    expect(verdicts.map(({ status }) => status)).toEqual([expected, isSuspended ? 'Suspended' : health])
  }
})

function pausedText(kind: KindName): string {
  return `True ${kind === CRON_JOB ? 'Scheduled' : 'Running'}, active, healthy, Paused`
}

async function settles(world: World, kind: KindName, name: string, says: string): Promise<Json> {
  let last = ''
  const ask = async (): Promise<Json> => {
    const seen = await world.get(kind, name)
    last = textOf(seen)
    return last === says ? seen : undefined
  }
  return await eventually(`${kind} ${name} says ${says}`, ask).catch((error: unknown) => {
    throw new Error(`last was: ${last}`, { cause: error })
  })
}

function textOf(seen: Json): string {
  const ready = itemsOf(seen, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready')
  const flag = (name: string): string => (at(seen, 'status', name) === true ? name : `not ${name}`)
  return [
    `${textAt(ready, 'status')} ${textAt(ready, 'reason')}`,
    flag('active'),
    flag('healthy'),
    ...lasting(seen),
  ].join(', ')
}

function lasting(seen: Json): readonly string[] {
  const types = itemsOf(seen, 'status', 'conditions').map((condition) => textAt(condition, 'type'))
  return ['Reconciling', 'Stalled', 'Suspended', 'Paused'].filter((type) => types.includes(type))
}

async function pause(world: World, kind: KindName, name: string): Promise<void> {
  await world.healthy(kind, name)
  await world.patch(kind, name, { metadata: { annotations: { 'highlander.plexobject.io/reconcile': 'disabled' } } })
}

async function pauseAndEdit(world: World, kind: KindName, name: string): Promise<void> {
  await pause(world, kind, name)
  await world.patch(kind, name, { spec: { image: 'busybox:2', suspend: true } })
}

async function edit(world: World, kind: KindName, name: string): Promise<void> {
  await world.healthy(kind, name)
  await world.patch(kind, name, { spec: { image: 'busybox:2' } })
}

async function editBadly(world: World, kind: KindName, name: string): Promise<void> {
  await world.healthy(kind, name)
  await world.patch(kind, name, { spec: { volumeMounts: [{ name: 'missing', mountPath: '/x' }] } })
}

async function scaleToZero(world: World, kind: KindName, name: string): Promise<void> {
  await world.healthy(kind, name)
  await world.kubectl.run(['scale', kind, name, '--replicas=0', '-n', world.namespace])
}

/** Of a CronJob: now. The other kinds run anyway. */
async function createRun(world: World, kind: KindName, name: string): Promise<void> {
  if (kind !== CRON_JOB) return
  await world.healthy(kind, name)
  await world.kubectl.run(['create', 'job', `${name}-now`, `--from=cronjob/${name}`, '-n', world.namespace])
}

/** What a kubelet would report of a pod that is on no simulated node, so that nobody else writes its status. */
function waits(reason: string): Provoke {
  const waiting = { waiting: { reason, message: 'from the test' } }
  const main = { name: 'main', image: 'busybox:1', imageID: '', ready: false, restartCount: 3, state: waiting }
  return async (world, kind, name) => {
    await createRun(world, kind, name)
    await settles(world, kind, name, inProgress('Unschedulable').says)
    await report(world, name, { containerStatuses: [main], conditions: [{ type: 'PodScheduled', status: 'True' }] })
  }
}

async function turnUnready(world: World, kind: KindName, name: string): Promise<void> {
  await world.healthy(kind, name)
  await report(world, name, { conditions: [{ type: 'Ready', status: 'False' }] })
}

async function report(world: World, workload: string, status: object): Promise<void> {
  const [pod] = await world.list('Pod', `${label.name}=${workload}`)
  const path = `/api/v1/namespaces/${world.namespace}/pods/${textAt(pod, 'metadata', 'name')}/status`
  await world.api.must('PATCH', path, { body: { status }, contentType: 'application/strategic-merge-patch+json' })
}

/** A pod of the workload that nobody knows any more and that does not end. */
async function leaveBehind(world: World, kind: KindName, name: string): Promise<void> {
  const labels = { [label.managedBy]: 'k8-highlander', [label.kind]: kind, [label.name]: name }
  const body = { metadata: { name, labels }, spec: { containers: [{ name: 'main', image: 'busybox:1' }] } }
  await world.api.must('POST', `/api/v1/namespaces/${world.namespace}/pods`, { body })
}

async function limit(world: World): Promise<void> {
  const hard = { pods: '0', 'count/statefulsets.apps': '0', 'count/cronjobs.batch': '0' }
  const quotas = `/api/v1/namespaces/${world.namespace}/resourcequotas`
  await world.api.must('POST', quotas, { body: { metadata: { name: 'none' }, spec: { hard } } })
  await eventually('the quota is in force', async () => {
    const inForce = at(await world.api.must('GET', `${quotas}/none`), 'status', 'hard')
    return at(inForce, 'count/cronjobs.batch') === '0'
  })
}
