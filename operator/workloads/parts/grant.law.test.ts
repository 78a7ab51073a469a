// The law of the grant, under any schedule: operators without any leader election, with views of any age, beside a
// ReplicaSet, a kubelet, people and lost nodes, never make two pods that are open and not proven ended.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import { given, NAME, NAMESPACE, NOW_MS } from '#testing/given.ts'
import { grantStep, type Grant, type GrantStep } from './grant.ts'
import { unended } from './proof.ts'

interface World {
  readonly pods: readonly PodFact[]
  readonly gone: ReadonlySet<string>
  readonly grant?: Grant
  /** resourceVersion of the custom resource. */
  readonly version: number
  readonly made: number
}

/** Pods and resource come from two watches, so a view of one may be older than that of the other. */
interface View {
  readonly pods: World
  readonly resource: World
}

const HASH = '7c9d'
/** A grant that moves takes some ten steps in the right order: short schedules would hardly ever get there. */
const LONG = { minLength: 40, maxLength: 80, size: 'max' } as const
const start: World = { pods: [], gone: new Set(), version: 1, made: 0 }

describe('the grant', () => {
  it('never has two pods open and unended, whoever acts and whatever is known late', () => {
    fc.assert(
      fc.property(fc.array(anyMove(), LONG), (moves) => {
        const history = [start]
        for (const move of moves) {
          history.push(play(history, move))
          expect(openPods(lastOf(history)).length).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('ends with one open pod once the faults have stopped', () => {
    fc.assert(
      fc.property(fc.array(anyMove(), LONG), (moves) => {
        const history = [start]
        for (const move of moves) history.push(play(history, move))

        const end = settle(lastOf(history))

        const open = openPods(end)
        expect(open.map((pod) => pod.uid)).toEqual([end.grant?.uid])
      }),
      { numRuns: 500 },
    )
  })

  it('never moves without a proof', () => {
    fc.assert(
      fc.property(fc.array(anyMove(), LONG), (moves) => {
        const history = [start]
        for (const move of moves) history.push(play(history, move))
        const world = lastOf(history)

        const step = stepOf({ pods: world, resource: world })

        if (step.type !== 'move' || world.grant === undefined) return
        expect(step.after?.pod.uid).toBe(world.grant.uid)
        expect(unended(world.pods, world.gone).map((pod) => pod.uid)).toEqual([step.to.uid])
      }),
      { numRuns: 1000 },
    )
  })
})

type Move =
  | { readonly type: 'create' }
  | { readonly type: 'pod'; readonly what: PodMove; readonly which: number }
  /** An operator acts on views that are so many steps old. */
  | { readonly type: 'operate'; readonly podsAge: number; readonly resourceAge: number }
  | { readonly type: 'lose-status' }

type PodMove = 'bind' | 'crash' | 'restart' | 'succeed' | 'fail' | 'gc' | 'delete' | 'vanish'

function anyMove(): fc.Arbitrary<Move> {
  const podMoves = ['bind', 'crash', 'restart', 'succeed', 'fail', 'gc', 'delete', 'vanish'] as const
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Move>({ type: 'create' }) },
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('pod' as const), what: fc.constantFrom(...podMoves), which: fc.nat(2) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('operate' as const), podsAge: fc.nat(3), resourceAge: fc.nat(3) }),
    },
    { weight: 1, arbitrary: fc.constant<Move>({ type: 'lose-status' }) },
  )
}

function play(history: readonly World[], move: Move): World {
  const world = lastOf(history)
  switch (move.type) {
    case 'create':
      return world.pods.length < 4 ? withPod(world) : world
    case 'pod':
      return onPod(world, move.what, move.which)
    case 'operate':
      return operate(world, { pods: aged(history, move.podsAge), resource: aged(history, move.resourceAge) })
    case 'lose-status': {
      const { grant: _lost, ...rest } = world
      return { ...rest, version: world.version + 1 }
    }
    default:
      return move satisfies never
  }
}

function lastOf(history: readonly World[]): World {
  return history.at(-1) ?? start
}

function aged(history: readonly World[], age: number): World {
  return history[Math.max(0, history.length - 1 - age)] ?? start
}

/** The ReplicaSet makes a gated pod. */
function withPod(world: World): World {
  const made = world.made + 1
  const { node: _none, ...pod } = given.pod({
    name: `p${made}`,
    uid: `uid-${made}`,
    resourceVersion: '1',
    createdAtMs: NOW_MS + made * 1000,
    phase: 'Pending',
    ready: false,
    gated: true,
    anyRunning: false,
    labels: { ...given.labels('WorkloadService'), 'pod-template-hash': HASH },
    controller: { kind: 'ReplicaSet', name: `${NAME}-${HASH}`, uid: 'uid-rs' },
  })
  return { ...world, made, pods: [...world.pods, pod] }
}

function onPod(world: World, what: PodMove, which: number): World {
  const pod = world.pods[which]
  if (pod === undefined) return world
  if (what === 'delete') return deleted(world, pod)
  // The kubelet lets the object go when its containers have ended; a person may force it, and vouches for that.
  if (what === 'vanish') return pod.deleting || hasEnded(pod) ? vanish(world, pod) : world
  return pod.gated || hasEnded(pod) ? world : change(world, pod, changes[what])
}

function deleted(world: World, pod: PodFact): World {
  return pod.gated || hasEnded(pod) ? vanish(world, pod) : change(world, pod, { deleting: true })
}

const changes: Readonly<Record<Exclude<PodMove, 'delete' | 'vanish'>, Partial<PodFact>>> = {
  bind: { node: 'n1', phase: 'Running', anyRunning: true },
  crash: { anyRunning: false },
  restart: { anyRunning: true },
  succeed: { phase: 'Succeeded', anyRunning: false },
  fail: { phase: 'Failed', anyRunning: false },
  gc: { phase: 'Failed', anyRunning: true },
}

function change(world: World, pod: PodFact, over: Partial<PodFact>): World {
  const next = { ...pod, ...over, resourceVersion: String(Number(pod.resourceVersion) + 1) }
  return { ...world, pods: world.pods.map((found) => (found.uid === pod.uid ? next : found)) }
}

function vanish(world: World, pod: PodFact): World {
  return {
    ...world,
    pods: world.pods.filter((found) => found.uid !== pod.uid),
    gone: new Set([...world.gone, pod.uid]),
  }
}

function stepOf({ pods, resource }: View): GrantStep {
  return grantStep({
    namespace: NAMESPACE,
    name: NAME,
    ...(resource.grant === undefined ? {} : { grant: resource.grant }),
    deployment: given.deployment(),
    pods: pods.pods,
    gone: pods.gone,
    nodes: new Map(),
    nowMs: NOW_MS,
    wanted: true,
  })
}

/** Every write is a compare-and-swap against the world as it is now. */
function operate(world: World, view: View): World {
  const step = stepOf(view)
  switch (step.type) {
    case 'rest':
    case 'wait':
      return world
    case 'remove':
      return step.pods.reduce((next, { uid }) => removed(next, view.pods, uid), world)
    case 'record':
    case 'move':
      if (world.version !== view.resource.version) return world
      // Judged by the world as it is, whatever the view was: nothing else that is open may still run.
      expect(openPods(world).filter((pod) => pod.uid !== step.to.uid)).toEqual([])
      return { ...world, grant: { pod: step.to.name, uid: step.to.uid }, version: world.version + 1 }
    case 'open':
      return opened(world, view.pods, step.pod.uid)
    default:
      return step satisfies never
  }
}

function removed(world: World, view: World, uid: string): World {
  const pod = sameVersion(world, view, uid)
  if (pod === undefined) return world
  return pod.gated ? vanish(world, pod) : change(world, pod, { deleting: true })
}

function opened(world: World, view: World, uid: string): World {
  const pod = sameVersion(world, view, uid)
  return pod === undefined ? world : change(world, pod, { gated: false })
}

function sameVersion(world: World, view: World, uid: string): PodFact | undefined {
  const known = view.pods.find((pod) => pod.uid === uid)
  const now = world.pods.find((pod) => pod.uid === uid)
  return known?.resourceVersion === now?.resourceVersion ? now : undefined
}

/** What may still run something, by the rules of this world and not by those under test. */
function openPods(world: World): readonly PodFact[] {
  return world.pods.filter((pod) => !pod.gated && (!hasEnded(pod) || pod.anyRunning))
}

function hasEnded(pod: PodFact): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed'
}

/** Fresh views, a kubelet that ends what is deleted, and a ReplicaSet that keeps one pod. */
function settle(world: World): World {
  let next = world
  for (let round = 0; round < 30; round += 1) {
    for (const pod of next.pods) if (pod.deleting || hasEnded(pod)) next = vanish(next, pod)
    if (next.pods.length === 0) next = withPod(next)
    next = operate(next, { pods: next, resource: next })
  }
  return next
}
