// Edits of the volumes of a WorkloadPersistent: what may change once its claims exist, and what is said otherwise.
import type { Problem } from '#api/validate.ts'

interface Transition {
  readonly what: string
  readonly before: Spec
  readonly after: Spec
  readonly problems: readonly Problem[]
}

type Spec = Readonly<Record<string, unknown>>

const KEEP = 'delete the workload (volumes are kept) and create it again'
const VOLUMES = 'spec.persistentVolumes'
const SAME = `volumes may not be added, removed or renamed after creation; ${KEEP}`
const CLASS = `\`storageClassName\`, \`accessModes\`, \`labels\`, \`annotations\` and the kind of volume may not be changed after creation; ${KEEP}`
const LATER = `may not be changed after creation; ${KEEP}`

const data = { name: 'data', mountPath: '/data', size: '10Gi' }
const fast = { ...data, storageClassName: 'fast' }
const logs = { name: 'logs', mountPath: '/logs', size: '1Gi' }
const old = { name: 'old', mountPath: '/old', existingClaim: 'old' }
const other = { ...old, existingClaim: 'other' }

export const transitions: readonly Transition[] = [
  ...edits([data], {
    'grow a volume': [[{ ...data, size: '11Gi' }]],
    'the same size, spelled differently': [[{ ...data, size: '10240Mi' }]],
    'shrink a volume': [[{ ...data, size: '9Gi' }], '[0].size', shrunk('10Gi', '9Gi')],
    'mount a volume elsewhere': [[{ ...data, mountPath: '/elsewhere', subPath: 'a', readOnly: true }]],
    'add a volume': [[data, logs], '', SAME],
    'add a volume in front': [[logs, data], '', SAME],
    'rename a volume': [[{ ...data, name: 'renamed' }], '', SAME],
    'empty the list': [[], '', SAME],
    'remove the list': [undefined, '', SAME],
    'set a class': [[fast], '[0]', CLASS],
    'set access modes': [[{ ...data, accessModes: ['ReadWriteOnce'] }], '[0]', CLASS],
    'set a label': [[{ ...data, labels: { a: 'b' } }], '[0]', CLASS],
    'set an annotation': [[{ ...data, annotations: { a: 'b' } }], '[0]', CLASS],
    'add an existing claim': [[data, old]],
    'make a volume an existing claim': [[{ ...old, name: 'data' }], '[0]', CLASS],
  }),
  ...edits([data, logs], {
    'remove a volume': [[data], '', SAME],
    'change the order': [[logs, data]],
    'shrink the second volume': [[data, { ...logs, size: '1G' }], '[1].size', shrunk('1Gi', '1G')],
  }),
  ...edits([fast], {
    'keep the class and grow': [[{ ...fast, size: '1Ti' }]],
    'change the class': [[{ ...fast, storageClassName: 'slow' }], '[0]', CLASS],
    'drop the class': [[data], '[0]', CLASS],
  }),
  ...edits([data, old], {
    'remove an existing claim': [[data]],
    'change an existing claim': [[data, other]],
    'rename the volume of an existing claim': [[data, { ...old, name: 'renamed' }]],
  }),
  ...edits([old], {
    'remove the list of existing claims': [undefined],
    'make an existing claim a volume': [[{ ...data, name: 'old' }], '[0]', CLASS],
  }),
  ...edits(undefined, {
    'add a list of existing claims': [[old]],
    'add an empty list': [[]],
    'add a list of volumes': [[data], '', SAME],
  }),
  ...edits([], { 'add a volume to an empty list': [[data], '', SAME] }),
  ...named({ serviceName: 'a' }, { 'keep the service name': { serviceName: 'a', suspend: true } }),
  ...named({ serviceName: 'a' }, { 'change the service name': { serviceName: 'b' } }, LATER),
  ...named({ serviceName: 'a' }, { 'drop the service name': {} }, LATER),
  ...named({}, { 'set the service name': { serviceName: 'a' } }, LATER),
]

type Volumes = readonly Spec[] | undefined

/** The volumes after the edit, and where there is one, the problem. */
type Edit = readonly [after: Volumes] | readonly [after: Volumes, path: string, message: string]

function edits(before: Volumes, table: Readonly<Record<string, Edit>>): readonly Transition[] {
  return Object.entries(table).map(([what, [after, path, message]]) => ({
    what,
    before: withVolumes(before),
    after: withVolumes(after),
    problems: path === undefined || message === undefined ? [] : [{ path: `${VOLUMES}${path}`, message }],
  }))
}

function withVolumes(volumes: Volumes): Spec {
  return { image: 'redis:8', ...(volumes === undefined ? {} : { persistentVolumes: volumes }) }
}

function named(before: Spec, table: Readonly<Record<string, Spec>>, message?: string): readonly Transition[] {
  return Object.entries(table).map(([what, after]) => ({
    what,
    before: { image: 'redis:8', ...before },
    after: { image: 'redis:8', ...after },
    problems: message === undefined ? [] : [{ path: 'spec.serviceName', message }],
  }))
}

function shrunk(from: string, to: string): string {
  return `may not be reduced from '${from}' to '${to}'; volumes can only grow`
}
