// Random worlds for fast-check: what was found for one workload, and what is wanted of it.
import fc from 'fast-check'
import type { ChildFact, ControllerRef, CrFact } from '#api/facts.ts'
import type { ChildKind } from '#api/generated/kinds.ts'
import type { Child } from '#api/ports.ts'
import type { GrantStep } from '#workloads/parts/grant.ts'
import type { Desired, Observed } from '#workloads/workload.ts'
import { given } from './given.ts'

/** A resource that owns all kinds of children; no real kind does, but the engine must not care. */
const cr: CrFact = given.cr({ kind: 'WorkloadService' })

const ours: ControllerRef = { kind: cr.kind, name: cr.name, uid: cr.uid }
const predecessor: ControllerRef = { ...ours, uid: 'uid-before' }
const replicaSet: ControllerRef = { kind: 'ReplicaSet', name: `${cr.name}-7c9d`, uid: 'uid-rs' }
const foreign: ControllerRef = { kind: 'ReplicaSet', name: 'other-7c9d', uid: 'uid-other-rs' }
const statefulSet: ControllerRef = { kind: 'StatefulSet', name: 'a', uid: 'uid-StatefulSet-a' }

const childKinds: readonly ChildKind[] = ['Pod', 'Deployment', 'StatefulSet', 'CronJob', 'Service']
const names = ['a', 'b', 'c']

/** Whose objects may occur. A stranger keeps a name for ever, so laws about the end leave it out. */
export interface WorldOptions {
  readonly strangers: boolean
}

export interface World {
  readonly seen: Observed
  readonly desired: Desired
}

export function world(options: WorldOptions): fc.Arbitrary<World> {
  return fc
    .uniqueArray(found(options), { maxLength: 8, selector: (fact) => `${fact.kind}/${fact.name}` })
    .map(observe)
    .chain((seen) => wish(seen).map((desired) => ({ seen, desired })))
}

export function observe(facts: readonly ChildFact[]): Observed {
  const isChild = (fact: ChildFact): boolean => fact.controller?.uid === cr.uid
  return given.observed({
    cr,
    children: facts.filter(isChild),
    others: facts.filter((fact) => !isChild(fact)),
    pods: facts.filter((fact) => fact.kind === 'Pod'),
  })
}

function found({ strangers }: WorldOptions): fc.Arbitrary<ChildFact> {
  const controllers = [ours, ours, predecessor, replicaSet, statefulSet, undefined, ...(strangers ? [foreign] : [])]
  return fc
    .record({
      kind: fc.constantFrom<ChildKind>(...childKinds, 'Job', 'PersistentVolumeClaim'),
      name: fc.constantFrom(...names),
      controller: fc.constantFrom(...controllers),
      deleting: fc.boolean(),
      ended: fc.boolean(),
      anyRunning: fc.boolean(),
      gated: fc.boolean(),
    })
    .map(({ kind, name, controller, deleting, ...pod }) => {
      const own = { name, uid: `uid-${kind}-${name}`, deleting, labels: labelsFor(controller) }
      const fact = build(kind, own, { ...pod, phase: pod.ended ? 'Failed' : 'Running' })
      const { controller: _default, ...orphan } = fact
      return controller === undefined ? orphan : { ...fact, controller }
    })
    .filter((fact) => strangers || isNamedByUs(fact))
}

/** Pods made by controllers and objects of strangers have other names than those we want. */
function isNamedByUs(fact: ChildFact): boolean {
  return fact.controller === undefined || [ours, predecessor].includes(fact.controller) || fact.kind === 'Job'
}

function labelsFor(controller: ControllerRef | undefined): Readonly<Record<string, string>> {
  const hash = controller?.kind === 'ReplicaSet' ? { 'pod-template-hash': '7c9d' } : {}
  return { ...given.labels('WorkloadService'), ...hash }
}

interface PodState {
  readonly phase: 'Failed' | 'Running'
  readonly anyRunning: boolean
  readonly gated: boolean
}

type CommonFields = Partial<Pick<ChildFact, 'name' | 'uid' | 'deleting' | 'labels' | 'applied' | 'controller'>>

/** A fact of any kind, with what facts of all kinds have. */
export function build(kind: ChildKind, own: CommonFields, pod: Partial<PodState> = {}): ChildFact {
  switch (kind) {
    case 'Pod':
      return given.pod({ ...own, ...pod })
    case 'Deployment':
      return given.deployment(own)
    case 'StatefulSet':
      return given.statefulSet(own)
    case 'CronJob':
      return given.cronJob(own)
    case 'Job':
      return given.job(own)
    case 'Service':
      return given.service(own)
    case 'PersistentVolumeClaim':
      return given.claim(own)
    default:
      return kind satisfies never
  }
}

const child: fc.Arbitrary<Child> = fc
  .record({ kind: fc.constantFrom(...childKinds), name: fc.constantFrom(...names) })
  .map(({ kind, name }) => given.child(kind, { name }))

function wish(seen: Observed): fc.Arbitrary<Desired> {
  const children = fc.uniqueArray(child, { maxLength: 5, selector: ({ kind, name }) => `${kind}/${name}` })
  const some = <T>(items: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...items])
  return fc.record(
    {
      children,
      onHold: fc.array(child, { maxLength: 2 }),
      replace: some(seen.children),
      remove: some([...seen.children, ...seen.others]),
      grant: grantStep(seen),
    },
    { requiredKeys: ['children'] },
  )
}

function grantStep({ pods }: Observed): fc.Arbitrary<GrantStep> {
  const rest: GrantStep = { type: 'rest' }
  if (pods.length === 0) return fc.constant(rest)
  return fc
    .constantFrom(...pods)
    .chain((pod) =>
      fc.constantFrom<GrantStep>(
        rest,
        { type: 'wait', for: pod, because: 'running' },
        { type: 'remove', pods: [pod] },
        { type: 'record', to: pod },
        { type: 'move', to: pod },
        { type: 'open', pod },
      ),
    )
}
