// T1, T2, C1: resources that are already there when the operator starts, against the raw loop of the same writes.
// Raw and ours take turns, so that a machine that slows down slows both; each of ours is held against its neighbours.
import { systemClock } from '#lib/clock.ts'
import { at, itemsOf, textAt } from '../support/api.ts'
import { auditSince, isWrite, markAudit } from '../support/audit.ts'
import { observe, type Observer } from './observe.ts'
import { podPath } from './objects.ts'
import { SERVICE_ACCOUNT } from '../support/identity.ts'
import type { Stage } from './plane.ts'
import { rawLoop, type Templates } from './raw.ts'
import { bootstrap, median, type Row } from './report.ts'

/** Raw segments on both sides of one of ours may differ by this much; else the machine was disturbed. */
const MAX_DISTURBANCE = 0.15
const GOAL_RATIO = 0.85
const GOAL_FIRST_WRITE_MS = 2_000
const LIMIT_MS = 600_000

interface Segment {
  readonly perSecond: number
  readonly firstWriteMs: number
  readonly writes: number
  readonly reads: number
}

export interface Throughput {
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

export async function measureThroughput(
  stage: Stage,
  count: number,
  pairs: number,
  preload?: string,
): Promise<Throughput> {
  await using observer = observe(stage.api, { objects: '/api/v1/pods', ownerOf: (name) => name.replace(/-pod$/, '') })
  const templates = await stage.templates()
  observer.forget()
  const raws = [await rawSegment(stage, observer, templates, count)]
  const ours: Segment[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    ours.push(await ourSegment(stage, observer, count, preload))
    raws.push(await rawSegment(stage, observer, templates, count))
    console.error(
      `  pair ${pair + 1}/${pairs}: ours ${ours.at(-1)?.perSecond.toFixed(0)}/s, raw ${raws.at(-1)?.toFixed(0)}/s`,
    )
  }
  return report(ours, raws, count)
}

async function rawSegment(stage: Stage, observer: Observer, templates: Templates, count: number): Promise<number> {
  const subjects = await stage.createResources('r', count)
  const perSecond = await rawLoop(stage.api, 'r', templates, subjects)
  await observer.until('statuses', count, LIMIT_MS)
  await stage.clear()
  observer.forget()
  return perSecond
}

async function ourSegment(stage: Stage, observer: Observer, count: number, preload?: string): Promise<Segment> {
  await stage.createResources('o', count)
  const mark = await markAudit(stage.plane.auditLog ?? '')
  const spawnedMs = systemClock.monotonicMs()
  await using operator = await stage.operator(preload)
  await observer.until('statuses', count, LIMIT_MS)
  const first = Math.min(...observer.objects.values())
  const last = Math.max(...observer.statuses.values())
  await check(stage, count)
  operator.send('SIGTERM')
  await operator.exited
  const calls = await auditSince(
    mark,
    (entry) =>
      entry.user === SERVICE_ACCOUNT &&
      ['pods', 'workloadprocesses'].includes(entry.resource) &&
      entry.verb !== 'watch',
  )
  await stage.clear()
  observer.forget()
  const writes = calls.filter(isWrite).length
  return {
    perSecond: (count * 1000) / (last - first),
    firstWriteMs: first - spawnedMs,
    writes: writes / count,
    reads: calls.length - writes,
  }
}

/** Every object: the right owner, the hash of what was asked for, the right status. */
async function check(stage: Stage, count: number): Promise<void> {
  const resources = itemsOf(await stage.api.must('GET', '/apis/highlander.plexobject.io/v1/workloadprocesses'), 'items')
  const pods = new Map(
    itemsOf(await stage.api.must('GET', podPathOfAll()), 'items').map((pod) => [
      textAt(pod, 'metadata', 'ownerReferences', 0, 'uid'),
      pod,
    ]),
  )
  const wrong = resources.filter((resource) => {
    const pod = pods.get(textAt(resource, 'metadata', 'uid'))
    const applied = textAt(pod, 'metadata', 'annotations', 'highlander.plexobject.io/applied')
    return at(resource, 'status', 'active') !== true || !/^[0-9a-f]{16}$/.test(applied)
  })
  if (resources.length !== count || pods.size !== count || wrong.length > 0) {
    throw new Error(
      `${resources.length} resources, ${pods.size} pods, ${wrong.length} of them wrong; expected ${count}`,
    )
  }
}

function podPathOfAll(): string {
  return podPath('x').replace('/namespaces/x', '')
}

function report(ours: readonly Segment[], raws: readonly number[], count: number): Throughput {
  const ratios: number[] = []
  for (const [index, segment] of ours.entries()) {
    const [before = 0, after = 0] = [raws[index], raws[index + 1]]
    if (Math.abs(before - after) / Math.max(before, after) > MAX_DISTURBANCE) continue
    ratios.push(segment.perSecond / ((before + after) / 2))
  }
  const ratio = median(ratios)
  const [low, high] = bootstrap(ratios)
  const writes = median(ours.map((segment) => segment.writes))
  const reads = Math.max(...ours.map((segment) => segment.reads))
  const firstMs = median(ours.map((segment) => segment.firstWriteMs))
  const figures = { ratios, raws, ours, interval: [low, high], discarded: ours.length - ratios.length }
  return {
    rows: [
      row(
        'T1',
        'converge throughput, ours / raw',
        `${median(ours.map((s) => s.perSecond)).toFixed(0)}/s = ${ratio.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`,
        `${median(raws).toFixed(0)}/s`,
        `>= ${GOAL_RATIO}`,
        ratio >= GOAL_RATIO,
        figures,
      ),
      row(
        'T2',
        'writes per workload / reads after sync',
        `${writes} / ${reads}`,
        '2 / 0',
        '2 / 0',
        writes === 2 && reads === 0,
        { writes, reads },
      ),
      row(
        'C1',
        `process start → first write, ${count} resources there`,
        `${(firstMs / 1000).toFixed(2)} s`,
        '-',
        '<= 2 s',
        firstMs <= GOAL_FIRST_WRITE_MS,
        { firstMs },
      ),
    ],
    notes: [
      `T1: ${ratios.length} of ${ours.length} pairs counted (the others had raw neighbours more than 15 % apart).`,
    ],
  }
}

function row(
  ...[id, what, ours, raw, goal, isMet, figures]: [string, string, string, string, string, boolean, Row['figures']]
): Row {
  return { id, what, ours, raw, goal, isMet, figures }
}
