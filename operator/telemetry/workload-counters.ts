// The counters with series per workload, under the names of the Go version. Kept as plain numbers and written as text at
// scrape: in prom-client each series costs 400 bytes of heap, and 10,000 workloads block the event loop for 100 ms.
// The label set has no namespace, as in the Go version: workloads of one type and name share their series.
import type { KindName } from '#api/generated/kinds.ts'
import { kindInfo, kinds } from '#api/generated/kinds.ts'
import type { Metrics } from '#api/ports.ts'
import { headOf } from './compat-metrics.ts'
import type { MetricSpec } from './metrics.ts'
import { perWorkload } from './metrics.ts'

export interface WorkloadCounters {
  readonly metrics: Pick<Metrics, 'workloadOperation' | 'workloadError' | 'workloadForgotten'>
  /** The next leader counts on; two replicas with series of one workload would make sums wrong. */
  reset(): void
  /** In the text format of Prometheus, with a last newline. HELP and TYPE are there also when no series is. */
  render(): string
}

export function createWorkloadCounters(): WorkloadCounters {
  const operations = new NamedCounter(perWorkload.operations, 'operation')
  const errors = new NamedCounter(perWorkload.errors, 'error_type')
  return {
    metrics: {
      workloadOperation: (kind, name, operation) => operations.count(kind, name, operation),
      workloadError: (kind, name, reason) => errors.count(kind, name, reason),
      workloadForgotten: (kind, _namespace, name) => {
        operations.forget(kind, name)
        errors.forget(kind, name)
      },
    },
    reset: () => {
      operations.reset()
      errors.reset()
    },
    render: () => `${operations.render()}\n${errors.render()}`,
  }
}

/** One metric: for each workload a number per word. */
class NamedCounter {
  readonly #spec: MetricSpec
  readonly #label: string
  /** In the order of their first use; a workload's numbers stand at their places. */
  readonly #words: string[] = []
  readonly #counts: Readonly<Record<KindName, Map<string, number[]>>> = {
    WorkloadProcess: new Map(),
    WorkloadCronJob: new Map(),
    WorkloadService: new Map(),
    WorkloadPersistent: new Map(),
  }

  constructor(spec: MetricSpec, label: string) {
    this.#spec = spec
    this.#label = label
  }

  count(kind: KindName, name: string, word: string): void {
    const at = this.#placeOf(word)
    const known = this.#counts[kind].get(name) ?? []
    // A new array of just the length: one that grows by itself reserves room for 16 more.
    const counts = at < known.length ? known : Array.from({ length: at + 1 }, (_, place) => known[place] ?? 0)
    counts[at] = (counts[at] ?? 0) + 1
    if (counts !== known) this.#counts[kind].set(name, counts)
  }

  forget(kind: KindName, name: string): void {
    this.#counts[kind].delete(name)
  }

  reset(): void {
    for (const kind of kinds) this.#counts[kind].clear()
  }

  render(): string {
    const lines = [headOf(this.#spec)]
    for (const kind of kinds) {
      for (const [name, counts] of this.#counts[kind]) lines.push(...this.#series(kindInfo[kind].type, name, counts))
    }
    return `${lines.join('\n')}\n`
  }

  /** Names of Kubernetes objects and words of ours need no escaping. */
  #series(type: string, name: string, counts: readonly number[]): readonly string[] {
    const labels = `type="${type}",name="${name}",${this.#label}`
    return counts.flatMap((count, at) =>
      count === 0 ? [] : [`${this.#spec.name}{${labels}="${this.#words[at]}"} ${count}`],
    )
  }

  #placeOf(word: string): number {
    const at = this.#words.indexOf(word)
    return at === -1 ? this.#words.push(word) - 1 : at
  }
}
