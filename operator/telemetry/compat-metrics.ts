// The series with one line per workload, under the names of the Go version. Only the leader exports them, so sums over
// replicas are right, and a series ends with its object. They are written as text straight from the stores: kept in
// prom-client, 10,000 workloads would cost 90 ms of blocked event loop per scrape; this costs about 5 ms.
import { kindInfo } from '#api/generated/kinds.ts'
import type { GaugeSources } from '#api/ports.ts'
import type { Workloads } from '#api/view.ts'
import type { MetricSpec } from './metrics.ts'
import { perWorkload } from './metrics.ts'

/** In the text format of Prometheus, with a last newline. HELP and TYPE are there also when no series is. */
export function renderWorkloadSeries(sources: GaugeSources | undefined, workloads: Workloads): string {
  const status = [headOf(perWorkload.status)]
  const healthy = [headOf(perWorkload.healthy)]
  if (sources?.leadership.isLeader() === true) {
    for (const cr of workloads.ours(sources.informers.stores)) {
      const look = workloads.look(cr)
      // Names of Kubernetes objects need no escaping.
      const labels = `{name="${cr.name}",namespace="${cr.namespace}",type="${kindInfo[cr.kind].type}"}`
      status.push(`${perWorkload.status.name}${labels} ${look.active ? 1 : 0}`)
      healthy.push(`${perWorkload.healthy.name}${labels} ${look.healthy ? 1 : 0}`)
    }
  }
  return `${[...status, '', ...healthy].join('\n')}\n`
}

export function headOf({ name, type, help }: MetricSpec): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}`
}
