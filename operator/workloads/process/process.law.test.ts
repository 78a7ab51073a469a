// The law of a process, under any order of ends, edits and views: its pod is created only when nothing of the workload
// may still run, what runs is removed only for a reason, and once the faults have stopped it comes to rest.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appliedHash } from '#api/child.ts'
import type { PodFact } from '#api/facts.ts'
import type { KindName, Statuses } from '#api/generated/kinds.ts'
import { given, NAME, NOW_MS } from '#testing/given.ts'
import { lookAt } from '#testing/seen.ts'
import type { Desired } from '../workload.ts'

interface World {
  readonly pods: readonly PodFact[]
  readonly gone: ReadonlySet<string>
  readonly stored: Partial<Statuses[KindName]>
  readonly spec: { readonly image: string; readonly suspend: boolean; readonly maxRestarts?: number }
  readonly generation: number
  readonly made: number
  readonly nowMs: number
}

const process = lookAt('WorkloadProcess')

const leftOver = given.pod({
  name: 'other',
  uid: 'uid-other',
  controller: { kind: 'WorkloadProcess', name: NAME, uid: 'before' },
})

const start: World = {
  pods: [leftOver],
  gone: new Set(),
  stored: {},
  spec: { image: 'a:0', suspend: false, maxRestarts: 3 },
  generation: 1,
  made: 0,
  nowMs: NOW_MS,
}

const events = ['ready', 'fail', 'complete', 'crash', 'claim', 'evict', 'delete', 'vanish'] as const
const moves = ['look', 'look', 'look', 'wait', 'edit', 'suspend', ...events] as const
type Move = (typeof moves)[number]

const schedules = fc.array(fc.constantFrom(...moves), { minLength: 20, maxLength: 60, size: 'max' })

describe('a process', () => {
  it('never has two pods that may run, and comes to rest', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        let world = start
        for (const move of schedule) {
          world = play(world, move)
          expect(world.pods.filter(mayRun).length).toBeLessThanOrEqual(1)
        }

        const end = settle(world)

        expect(['Running', 'Completed', 'Suspended', 'RestartLimitReached']).toContain(reasonOf(end))
        expect(settle(end).pods).toEqual(end.pods)
      }),
      { numRuns: 150 },
    )
  })
})

function mayRun(pod: PodFact): boolean {
  return pod.anyRunning || (pod.phase !== 'Succeeded' && pod.phase !== 'Failed')
}

function play(world: World, move: Move): World {
  if (move === 'look') return look(world)
  if (move === 'wait') return { ...world, nowMs: world.nowMs + 30_000 }
  if (move === 'edit') return edited(world, { ...world.spec, image: `a:${world.generation}` })
  if (move === 'suspend') return edited(world, { ...world.spec, suspend: !world.spec.suspend })
  return world.pods.reduce((next, pod) => onPod(next, pod, move), world)
}

function edited(world: World, spec: World['spec']): World {
  return { ...world, spec, generation: world.generation + 1 }
}

const endedMain = (world: World, exitCode: number) =>
  given.container({ state: 'terminated', ready: false, exitCode, finishedAtMs: world.nowMs })

function onPod(world: World, pod: PodFact, event: (typeof events)[number]): World {
  const hasEnded = pod.phase === 'Succeeded' || pod.phase === 'Failed'
  if (event === 'delete') return hasEnded ? gone(world, pod) : change(world, pod, { deleting: true })
  if (event === 'vanish') return pod.deleting ? gone(world, pod) : world
  return hasEnded ? world : change(world, pod, changeOf(world, pod, event))
}

function changeOf(
  world: World,
  pod: PodFact,
  event: Exclude<(typeof events)[number], 'delete' | 'vanish'>,
): Partial<PodFact> {
  const restartCount = (pod.main?.restartCount ?? 0) + 1
  const changes: Readonly<Record<typeof event, Partial<PodFact>>> = {
    ready: { phase: 'Running', ready: true, anyRunning: true },
    fail: { phase: 'Failed', ready: false, anyRunning: false, main: endedMain(world, 1) },
    complete: { phase: 'Succeeded', ready: false, anyRunning: false, main: endedMain(world, 0) },
    crash: { phase: 'Running', main: given.container({ restartCount, lastExitCode: 1, startedAtMs: world.nowMs }) },
    claim: { phase: 'Failed', ready: false, anyRunning: true },
    evict: { phase: 'Failed', ready: false, anyRunning: false, reason: 'Evicted' },
  }
  return changes[event]
}

function change(world: World, pod: PodFact, over: Partial<PodFact>): World {
  return { ...world, pods: world.pods.map((found) => (found.uid === pod.uid ? { ...found, ...over } : found)) }
}

function gone(world: World, pod: PodFact): World {
  return {
    ...world,
    pods: world.pods.filter((found) => found.uid !== pod.uid),
    gone: new Set([...world.gone, pod.uid]),
  }
}

function foundIn(world: World) {
  const { pods, spec, generation, stored, gone: uids, nowMs } = world
  return { spec, generation, facts: pods, stored, over: { gone: uids, nowMs } }
}

/** One reconcile: what is wanted is done, as the plan does it, and the status is stored. */
function look(world: World): World {
  const wish = process.wish(foundIn(world))
  if (wish === undefined) return world
  const next = created(removed(world, wish), wish)
  return { ...next, stored: process.status(foundIn(next)) }
}

function removed(world: World, wish: Desired): World {
  const named = [...(wish.remove ?? []), ...(wish.replace ?? [])].map(({ uid }) => uid)
  const isListed = [...wish.children, ...(wish.onHold ?? [])].some(({ kind }) => kind === 'Pod')
  return world.pods
    .filter((pod) => named.includes(pod.uid) || (!isListed && pod.controller?.uid === `uid-${NAME}`))
    .reduce((next, pod) => (mayRun(pod) ? change(next, pod, { deleting: true }) : gone(next, pod)), world)
}

function created(world: World, wish: Desired): World {
  const child = wish.children.find(({ kind }) => kind === 'Pod')
  if (child === undefined || world.pods.some(({ name }) => name === child.name)) return world
  const uid = `uid-${world.made}`
  const fresh = given.pod({ uid, ready: false, anyRunning: false, phase: 'Pending', applied: appliedHash(child) })
  return { ...world, made: world.made + 1, pods: [...world.pods, fresh] }
}

/** The kubelet ends what is deleted and what is claimed to have ended, and what starts becomes ready. */
function settle(world: World): World {
  let next = world
  for (let round = 0; round < 12; round += 1) {
    for (const pod of next.pods)
      next = pod.deleting || isClaimed(pod) || pod.uid === 'uid-other' ? gone(next, pod) : onPod(next, pod, 'ready')
    next = look({ ...next, nowMs: next.nowMs + 600_000 })
  }
  return next
}

function isClaimed(pod: PodFact): boolean {
  return pod.phase === 'Failed' && pod.anyRunning
}

function reasonOf(world: World): string | undefined {
  return world.stored.conditions?.find(({ type }) => type === 'Ready')?.reason
}
