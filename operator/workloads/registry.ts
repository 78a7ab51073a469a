// The list of kinds. A kind that is missing here does not compile.
import type { KindName } from '#api/generated/kinds.ts'
import { defineWorkload } from './define.ts'
import { cronJob } from './cronjob/index.ts'
import { persistent } from './persistent/index.ts'
import { process } from './process/index.ts'
import { service } from './service/index.ts'
import type { Workload, WorkloadDefinition } from './workload.ts'

export type Registry = { readonly [K in KindName]: WorkloadDefinition<K> }
export type Workloads = Readonly<Record<KindName, Workload>>

export const registry: Registry = {
  WorkloadProcess: process,
  WorkloadCronJob: cronJob,
  WorkloadService: service,
  WorkloadPersistent: persistent,
}

/** The same definitions with their kinds erased, as the engine holds them. */
export const workloads: Workloads = {
  WorkloadProcess: defineWorkload(process),
  WorkloadCronJob: defineWorkload(cronJob),
  WorkloadService: defineWorkload(service),
  WorkloadPersistent: defineWorkload(persistent),
}
