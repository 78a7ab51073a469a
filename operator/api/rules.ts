// The twin of every CEL rule of the models: the same verdict with the same sentence where no API server is asked,
// which are the configuration file, the command line, and resources that were stored under an older schema.
// A twin sees what the API server sees: the spec as it was given, without our defaults. Its shape has been checked.
import { parseDurationMs } from '#lib/time.ts'
import type {
  ExtraVariable,
  KindName,
  PersistentVolume,
  Resources,
  RuleId,
  Specs,
  VariableSource,
} from './generated/kinds.ts'
import { parseQuantity } from './quantity.ts'
import { cronPattern } from './schema/cronjob.ts'
import { addressPattern } from '#api/schema/fragments/network.ts'
import { variableName } from '#api/schema/fragments/words.ts'

/** Does the rule hold? A method's parameters are compared both ways, so each twin may name the type of its `self`. */
type Twin = { holds(self: unknown, old: unknown): boolean }['holds']

/** What the API server knows before defaults are filled in. */
type Given<T> = { readonly [Name in keyof T]?: T[Name] }
type Process = Given<Specs['WorkloadProcess']>
type CronJob = Given<Specs['WorkloadCronJob']>
type Server = Given<Specs['WorkloadService']>
type Persistent = Given<Specs['WorkloadPersistent']>
type Common = Given<Pick<Specs[KindName], keyof Specs[KindName]>>
type Ports = NonNullable<Specs['WorkloadService']['ports']>
type GivenPort = Given<Ports[number]>
interface Root {
  readonly metadata: { readonly name: string }
  readonly spec: Process
}
type Exclusivity = Given<Specs['WorkloadService']['exclusivity']>
type Values = Readonly<Record<string, unknown>>

const reservedPrefix = 'highlander.plexobject.io/'
const reservedLabels: ReadonlySet<string> = new Set(['app', 'managed-by', 'app.kubernetes.io/managed-by'])
const isVariableName = new RegExp(variableName)
const isAddress = new RegExp(addressPattern)
const isCron = new RegExp(cronPattern)
// What Go trims, which is not what JavaScript trims.
const isBlank = /^\p{White_Space}*$/u
const LONGEST_NS = 2 ** 63

export const twins: Readonly<Record<RuleId, Twin>> = {
  N1: (root: Root) => root.metadata.name.length <= 52,
  N2: (root: Root) => !root.metadata.name.includes('.'),
  N3: (root: Root) => /^[a-z]/.test(root.metadata.name),
  'N3-ports': (root: Root) => root.spec.ports === undefined || /^[a-z]/.test(root.metadata.name),

  K1: (spec: Common) => spec.script === undefined || (spec.command === undefined && spec.args === undefined),
  K2: (commands: readonly string[]) => commands.every((command) => !isBlank.test(command)),
  K3: (spec: Common) => spec.gracePeriod === undefined || spec.terminationGracePeriodSeconds === undefined,
  K4: (gracePeriod: string) => (parseDuration(gracePeriod) ?? 0) >= 1e9,
  K5: (spec: Common) => !namesOf(spec.initContainers).includes('main'),
  K6: (spec: Common) =>
    namesOf(spec.sidecars).every((name) => name !== 'main' && !namesOf(spec.initContainers).includes(name)),
  K7: (spec: Common) => (spec.volumeMounts ?? []).every((mount) => isMountPath(mount.mountPath)),
  K8: (probe: Values) => isOneOf(probe, ['httpGet', 'tcpSocket', 'exec', 'grpc']),
  K9: (preStop: Values) => isOneOf(preStop, ['exec', 'httpGet', 'sleep']),

  E1: (env: Values) => Object.keys(env).every((name) => isVariableName.test(name)),
  E2: (env: Values) => Object.keys(env).every((name) => !isReservedVariable(name)),
  'E2-extraEnv': (variable: ExtraVariable) => !isReservedVariable(variable.name),
  E3: (spec: Common) => (spec.extraEnv ?? []).every((variable) => !Object.hasOwn(spec.env ?? {}, variable.name)),
  E4: (variable: ExtraVariable) => variable.value === undefined || variable.valueFrom === undefined,
  'E4-valueFrom': (source: Values) =>
    isOneOf(source, ['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef']),
  'E4-envFrom': (source: VariableSource) => (source.configMapRef === undefined) !== (source.secretRef === undefined),
  E5: (labels: Values) =>
    Object.keys(labels).every((name) => !name.startsWith(reservedPrefix) && !reservedLabels.has(name)),
  E6: (annotations: Values) => Object.keys(annotations).every((name) => !name.startsWith(reservedPrefix)),

  Q1: (quantity: number | string) => parseQuantity(quantity) !== undefined,
  Q2: (quantity: number | string) => parseQuantity(quantity) === undefined || !String(quantity).startsWith('-'),
  'Q3-cpu': ({ cpuRequest, cpuLimit }: Resources) => isOrdered(cpuRequest, cpuLimit, parseQuantity),
  'Q3-memory': ({ memoryRequest, memoryLimit }: Resources) => isOrdered(memoryRequest, memoryLimit, parseQuantity),
  Q4: (resources: Resources) =>
    !isTwice(resources.requests, resources.cpuRequest, resources.memoryRequest) &&
    !isTwice(resources.limits, resources.cpuLimit, resources.memoryLimit),

  G1: (given: Exclusivity) => given.nodeUnreachable !== 'ForceAfter' || given.forceAfter !== undefined,
  G2: (given: Exclusivity) => given.forceAfter === undefined || given.nodeUnreachable === 'ForceAfter',
  G3: (forceAfter: string) => (parseDuration(forceAfter) ?? 0) >= 60e9,

  B1: ({ initial, max }: Given<Specs['WorkloadProcess']['backoff']>) =>
    initial === undefined || max === undefined || (parseDuration(initial) ?? Infinity) <= (parseDuration(max) ?? -1),
  T1: (ports: Ports) => isUnique(ports, (port) => `${port.containerPort}/${protocolOf(port)}`),
  T2: (ports: Ports) => isUnique(ports, (port) => `${port.servicePort ?? port.containerPort}/${protocolOf(port)}`),
  T3: (spec: Process) => spec.service === undefined || hasPorts(spec),
  T4: (service: Values) => service['headless'] !== true || !needsAddress(service),
  T5: (service: Values) => service['headless'] === false || !needsAddress(service),
  T6: (clusterIP: string) => isAddress.test(clusterIP),
  S1: (spec: Server) => (spec.replicas ?? 1) <= 1 || spec.exclusivity?.mode === 'BestEffort',
  S2: (spec: Server) => spec.healthCheckPort === undefined || spec.healthCheckPath !== undefined,
  S3: (spec: Server) => spec.healthCheckPath === undefined || spec.healthCheckPort !== undefined || hasPorts(spec),

  J1: (schedule: string) => schedule.includes('TZ=') || isCron.test(schedule),
  J2: (schedule: string) => !schedule.includes('TZ='),
  J3: (spec: CronJob) => (spec.concurrencyPolicy ?? 'Forbid') === 'Forbid' || spec.exclusivity?.mode === 'BestEffort',

  V1: (volume: GivenVolume) => (volume.size === undefined) !== (volume.existingClaim === undefined),
  V2: (volume: GivenVolume) =>
    volume.existingClaim === undefined || claimFields.every((field) => volume[field] === undefined),
  V3: isMountPath,
  V4: (volumes: readonly PersistentVolume[]) => isUnique(volumes, (volume) => volume.mountPath),
  V5: (size: string) => (parseQuantity(size) ?? 0n) > 0n,
  V6: (size: string, old: string) => isOrdered(old, size, parseQuantity),
  V7: (volume: GivenVolume, old: GivenVolume) =>
    (volume.existingClaim === undefined) === (old.existingClaim === undefined) &&
    claimFields.every((field) => fingerprint(volume[field]) === fingerprint(old[field])),
  V8: (volumes: readonly PersistentVolume[], old: readonly PersistentVolume[]) =>
    ownNames(volumes).every((name) => namesOf(old).includes(name)) &&
    ownNames(old).every((name) => namesOf(volumes).includes(name)),
  V9: (spec: Persistent, old: Persistent) =>
    (spec.persistentVolumes !== undefined || ownNames(old.persistentVolumes).length === 0) &&
    (old.persistentVolumes !== undefined || ownNames(spec.persistentVolumes).length === 0),
  V10: (spec: Persistent, old: Persistent) => spec.serviceName === old.serviceName,
}

/** Sentences that quote values; all others are constants of the models. */
export const sentences: Partial<Readonly<Record<RuleId, (self: unknown, old: unknown) => string>>> = {
  V6: (size, old) => `may not be reduced from '${String(old)}' to '${String(size)}'; volumes can only grow`,
}

type GivenVolume = Given<PersistentVolume>
const claimFields = ['storageClassName', 'accessModes', 'labels', 'annotations'] as const

function namesOf(items: readonly { readonly name: string }[] | undefined): readonly string[] {
  return (items ?? []).map((item) => item.name)
}

/** Names of the volumes that have a claim of their own. */
function ownNames(volumes: readonly PersistentVolume[] | undefined): readonly string[] {
  return namesOf(volumes?.filter((volume) => volume.existingClaim === undefined))
}

/** Whole nanoseconds, as the API server counts them; undefined when they are more than it can count, 292 years. */
function parseDuration(text: string): number | undefined {
  const nanoseconds = Math.floor((parseDurationMs(text) ?? Infinity) * 1e6)
  return nanoseconds < LONGEST_NS ? nanoseconds : undefined
}

function isMountPath(path: string): boolean {
  return path.startsWith('/') && !path.includes(':')
}

function isOneOf(value: Values, fields: readonly string[]): boolean {
  return fields.filter((field) => value[field] !== undefined).length === 1
}

function isReservedVariable(name: string): boolean {
  return name.startsWith('HIGHLANDER_')
}

/** Holds too when one of the two is missing or malformed: another rule says that. */
function isOrdered<T>(
  low: T | undefined,
  high: T | undefined,
  parse: (value: T) => bigint | number | undefined,
): boolean {
  const lower = low === undefined ? undefined : parse(low)
  const upper = high === undefined ? undefined : parse(high)
  return lower === undefined || upper === undefined || lower <= upper
}

function isTwice(amounts: Values | undefined, cpu: unknown, memory: unknown): boolean {
  const has = (name: string): boolean => Object.hasOwn(amounts ?? {}, name)
  return (has('cpu') && cpu !== undefined) || (has('memory') && memory !== undefined)
}

function isUnique<T>(items: readonly T[], identityOf: (item: T) => string): boolean {
  return new Set(items.map((item) => identityOf(item))).size === items.length
}

function protocolOf(port: GivenPort): string {
  return port.protocol ?? 'TCP'
}

function hasPorts(spec: { readonly ports?: Ports }): boolean {
  return (spec.ports ?? []).length > 0
}

function needsAddress(service: Values): boolean {
  return (service['type'] ?? 'ClusterIP') !== 'ClusterIP' || service['clusterIP'] !== undefined
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}

/** Equal for equal lists and maps, whatever their order: a list of access modes is a set. */
function fingerprint(value: PersistentVolume[(typeof claimFields)[number]]): string {
  if (value === undefined || typeof value === 'string') return JSON.stringify(value ?? null)
  const parts = Array.isArray(value) ? value : Object.entries(value)
  return JSON.stringify(parts.map((part) => JSON.stringify(part)).toSorted(byText))
}
