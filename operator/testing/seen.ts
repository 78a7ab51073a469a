// One look at one workload in tests of the kinds: what was found goes in, what is wanted and what is said comes out in
// a form that fits on a line.
import { appliedHash } from '#api/child.ts'
import type { ChildFact, PodFact } from '#api/facts.ts'
import type { KindName, Statuses } from '#api/generated/kinds.ts'
import { workloads } from '#workloads/registry.ts'
import type { Desired, Observed, Reported } from '#workloads/workload.ts'
import { given, NAME } from './given.ts'

export interface Found {
  /** Beside what the kind requires. */
  readonly spec?: object
  readonly annotations?: Readonly<Record<string, string>>
  readonly generation?: number
  readonly facts?: readonly ChildFact[]
  readonly stored?: Partial<Statuses[KindName]>
  readonly over?: Partial<Observed>
}

const required: Readonly<Record<KindName, object>> = {
  WorkloadProcess: {},
  WorkloadCronJob: { schedule: '0 0 * * *' },
  WorkloadService: {},
  WorkloadPersistent: {},
}

function crOf(kind: KindName, { spec, annotations = {}, generation = 1 }: Found) {
  return given.cr({
    kind,
    generation,
    annotations,
    spec: { image: 'example.test/report:1', ...required[kind], ...spec },
  })
}

export function lookAt(kind: KindName) {
  /** Fingerprint of the child that this spec asks for. */
  const hashOf = (childKind: ChildFact['kind'], found: Found = {}): string => {
    const child = workloads[kind]
      .look(given.observed({ cr: crOf(kind, { ...found, spec: { ...found.spec, suspend: false } }) }))
      .desired?.children.find((one) => one.kind === childKind)
    return child === undefined ? '' : appliedHash(child)
  }

  /** A child with the fingerprint 'applied' is as the spec asks for. */
  const observe = (found: Found): Observed => {
    const facts = (found.facts ?? []).map((fact) =>
      fact.applied === 'applied' ? { ...fact, applied: hashOf(fact.kind, found) } : fact,
    )
    return given.observed({
      cr: crOf(kind, found),
      stored: found.stored ?? {},
      children: facts.filter((fact) => fact.controller?.uid === `uid-${NAME}`),
      others: facts.filter((fact) => fact.controller?.uid !== `uid-${NAME}`),
      pods: facts.filter((fact) => fact.kind === 'Pod'),
      ...found.over,
    })
  }

  const report = (found: Found): Reported => {
    const seen = observe(found)
    return workloads[kind].look(seen).status(seen)
  }

  const condition = (found: Found, type: string) => {
    const all = report(found).status.conditions ?? []
    const one = all.find((candidate) => candidate.type === type)
    return one === undefined ? undefined : `${one.status} ${one.reason}`
  }

  return {
    observe,
    hashOf,
    report,
    /** The status as the writer stores it: the next look starts from it. */
    status: (found: Found): Partial<Statuses[KindName]> => ({ ...report(found).status }),
    condition,
    message: (found: Found, type: string): string =>
      report(found).status.conditions?.find((one) => one.type === type)?.message ?? '',
    /** `False CrashLoop, active, not healthy` */
    ready: (found: Found): string => {
      const { active, healthy } = report(found).status
      const booleans = `${active ? 'active' : 'not active'}, ${healthy ? 'healthy' : 'not healthy'}`
      return `${condition(found, 'Ready') ?? 'none'}, ${booleans}`
    },
    /** `write Deployment; hold Service; remove report-pod` */
    desired: (found: Found): string => sentenceOf(workloads[kind].look(observe(found)).desired),
    wish: (found: Found) => workloads[kind].look(observe(found)).desired,
  }
}

function sentenceOf(wish: Desired | undefined): string {
  if (wish === undefined) return 'untouched'
  const parts = [
    ['write', wish.children.map((child) => child.kind)],
    ['hold', (wish.onHold ?? []).map((child) => child.kind)],
    ['remove', (wish.remove ?? []).map((fact) => fact.name)],
    ['replace', (wish.replace ?? []).map((ref) => ref.name)],
  ] as const
  const said = parts.filter(([, names]) => names.length > 0).map(([verb, names]) => `${verb} ${names.join(' ')}`)
  return said.length === 0 ? 'nothing' : said.join('; ')
}

/** Without a controller: left behind by its owner. */
export function orphaned(pod: PodFact): PodFact {
  const { controller: _none, ...rest } = pod
  return rest
}
