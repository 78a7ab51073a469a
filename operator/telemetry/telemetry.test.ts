import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'

import { createWorkloads } from '#api/view.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import {
  fakeInformers,
  fakeOperatorView,
  fakeSources,
  fakeStores,
  standbyLeadership,
  syncedStates,
} from '#testing/fake-views.ts'
import type { CrOverrides } from '#testing/given.ts'
import { given, NOW_MS } from '#testing/given.ts'
import { allMetrics } from './metrics.ts'
import { openTelemetry } from './telemetry.ts'

function open() {
  const { build, identity, process } = fakeOperatorView()
  const clock = createFakeClock({ nowMs: NOW_MS + 5_000 })
  const workloads = createWorkloads(identity)
  const stream = new PassThrough()
  const telemetry = openTelemetry({
    level: 'error',
    format: 'json',
    stream,
    build,
    identity,
    store: 'lease',
    process,
    workloads,
    clock,
  })
  const scrape = async (): Promise<string> => {
    await clock.advance(1_000)
    return (await telemetry.scrape()).text
  }
  return { telemetry, scrape, clock }
}

const healthy = { active: true, healthy: true, conditions: [{ type: 'Ready', status: 'True', reason: 'Running' }] }

function stored(over: CrOverrides = {}) {
  return given.cr({ namespace: 'default', name: 'data-processor', status: healthy, ...over })
}

describe('the metrics of the announcement', () => {
  it('keep their text word for word', async () => {
    const { telemetry, scrape } = open()
    telemetry.observe(fakeSources({ informers: fakeInformers(fakeStores([stored()])) }))
    telemetry.metrics.termStarted(false)

    const text = await scrape()

    expect(text).toContain(
      [
        '# HELP k8_highlander_is_leader Indicates if this instance is currently the leader (1) or not (0)',
        '# TYPE k8_highlander_is_leader gauge',
        'k8_highlander_is_leader 1',
        '',
      ].join('\n'),
    )
    expect(text).toContain(
      [
        '# HELP k8_highlander_leadership_transitions_total Total number of leadership transitions',
        '# TYPE k8_highlander_leadership_transitions_total counter',
        'k8_highlander_leadership_transitions_total 1',
        '',
      ].join('\n'),
    )
    expect(text).toContain(
      [
        '# HELP k8_highlander_workload_status Status of managed workloads (1=active, 0=inactive)',
        '# TYPE k8_highlander_workload_status gauge',
        'k8_highlander_workload_status{name="data-processor",namespace="default",type="process"} 1',
        '',
      ].join('\n'),
    )
  })
})

describe('every metric of the table', () => {
  it('is exposed with its help and type before anything has happened', async () => {
    const { scrape } = open()

    const text = await scrape()

    for (const { name, help, type } of allMetrics) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
    }
  })

  it('has a name of the documented form, once', () => {
    const names = allMetrics.map(({ name }) => name)

    expect(new Set(names).size).toBe(names.length)
    for (const { name, type } of allMetrics) {
      expect(name).toMatch(/^k8_highlander_[a-z][a-z_]*$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
    }
  })

  it('starts closed label sets at 0', async () => {
    const { scrape } = open()

    const text = await scrape()

    expect(text).toContain('k8_highlander_reconcile_total{type="process",outcome="done"} 0')
    expect(text).toContain('k8_highlander_leader_terms_ended_total{reason="lost"} 0')
    expect(text).toContain('k8_highlander_workqueue_depth{class="urgent"} 0')
    expect(text).toContain('k8_highlander_reconcile_duration_seconds_count{type="service"} 0')
    expect(text).toContain('k8_highlander_workloads{type="cronjob",state="scheduled"} 0')
  })

  it('comes without the metrics that need a timer of their own', async () => {
    const { scrape } = open()

    const text = await scrape()

    expect(text).toContain('nodejs_eventloop_lag_seconds')
    expect(text).toContain('process_resident_memory_bytes')
    expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds')
  })
})

describe('gauges', () => {
  it('show what the sources say at the scrape', async () => {
    const { telemetry, scrape } = open()
    const states = syncedStates({ Pod: { objects: 3, freshAtMs: NOW_MS } })
    const informers = fakeInformers(fakeStores([stored()]), states)
    telemetry.observe(fakeSources({ informers, queueDepth: () => ({ urgent: 2, normal: 0, background: 1 }) }))

    const text = await scrape()

    expect(text).toContain('k8_highlander_leader_term 7')
    expect(text).toContain('k8_highlander_leader_info{holder="replica-1",cluster="primary"} 1')
    expect(text).toContain('k8_highlander_store_objects{resource="pods"} 3')
    expect(text).toContain('k8_highlander_watch_last_event_age_seconds{resource="pods"} 6')
    expect(text).toContain('k8_highlander_workqueue_depth{class="urgent"} 2')
    expect(text).toContain('k8_highlander_workloads{type="process",state="running"} 1')
    expect(text).toContain(
      'k8_highlander_instance_info{id="replica-1",tenant="default",cluster="primary",store="lease"} 1',
    )
    expect(text).toContain('k8_highlander_memory_usage_bytes 3000')
    expect(text).toContain('k8_highlander_system_load 0.5')
  })
})

describe('workload series', () => {
  it('come from the leader only', async () => {
    const { telemetry, scrape } = open()
    const informers = fakeInformers(fakeStores([stored()]))

    telemetry.observe(fakeSources({ informers, leadership: standbyLeadership() }))

    const text = await scrape()
    expect(text).toContain('k8_highlander_is_leader 0')
    expect(text).not.toContain('data-processor')
    expect(text).toContain('k8_highlander_workloads{type="process",state="running"} 0')
  })

  it('leave out the resources of other tenants', async () => {
    const { telemetry, scrape } = open()
    const foreign = stored({ name: 'foreign', labels: { 'highlander.plexobject.io/tenant': 'b' } })

    telemetry.observe(fakeSources({ informers: fakeInformers(fakeStores([stored(), foreign])) }))

    const text = await scrape()
    expect(text).not.toContain('foreign')
    expect(text).toContain('k8_highlander_workloads{type="process",state="ignored"} 1')
  })

  it('end with the object', async () => {
    const { telemetry, scrape } = open()
    telemetry.observe(fakeSources())
    telemetry.metrics.workloadOperation('WorkloadProcess', 'gone', 'startup')
    telemetry.metrics.workloadError('WorkloadProcess', 'gone', 'timeout')
    expect(await scrape()).toContain('workload_operations_total{type="process",name="gone",operation="startup"} 1')

    telemetry.metrics.workloadForgotten('WorkloadProcess', 'default', 'gone')

    expect(await scrape()).not.toContain('gone')
  })

  it('count each operation and error of a workload', async () => {
    const { telemetry, scrape } = open()
    const { metrics } = telemetry
    metrics.workloadOperation('WorkloadProcess', 'one', 'startup')
    metrics.workloadOperation('WorkloadCronJob', 'two', 'sync')
    metrics.workloadOperation('WorkloadProcess', 'one', 'sync')
    metrics.workloadOperation('WorkloadProcess', 'one', 'sync')
    metrics.workloadError('WorkloadCronJob', 'two', 'already_exists')

    const text = await scrape()

    expect(text.split('\n').filter((line) => /^k8_highlander_workload_(operations|errors)_total/.test(line))).toEqual([
      'k8_highlander_workload_operations_total{type="process",name="one",operation="startup"} 1',
      'k8_highlander_workload_operations_total{type="process",name="one",operation="sync"} 2',
      'k8_highlander_workload_operations_total{type="cronjob",name="two",operation="sync"} 1',
      'k8_highlander_workload_errors_total{type="cronjob",name="two",error_type="already_exists"} 1',
    ])
  })

  it('end with the leadership', async () => {
    const { telemetry, scrape } = open()
    telemetry.metrics.workloadOperation('WorkloadProcess', 'mine', 'startup')

    telemetry.metrics.termEnded('lost', 60)

    const text = await scrape()
    expect(text).not.toContain('mine')
    expect(text).toContain('k8_highlander_leadership_losses_total 1')
    expect(text).toContain('k8_highlander_leader_terms_ended_total{reason="lost"} 1')
  })
})

it('renders once for scrapes within a second', async () => {
  const { telemetry, clock } = open()

  const [first, second] = await Promise.all([telemetry.scrape(), telemetry.scrape()])
  await clock.advance(1_000)
  const third = await telemetry.scrape()

  expect(second).toBe(first)
  expect(third).not.toBe(first)
})
