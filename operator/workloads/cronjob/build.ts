// The native object of a WorkloadCronJob: a CronJob.
import { intervalOf } from './schedule.ts'
import type { CronJobFact } from '#api/facts.ts'
import { MANUAL_RUN } from '#api/labels.ts'
import type { Child } from '#api/ports.ts'
import { grandchild, nativeObject } from '../parts/child.ts'
import { present } from '../parts/json.ts'
import { objectAnnotations, objectLabels, podAnnotations, templateLabels } from '../parts/names.ts'
import { ownerOf, sameName } from '../parts/owner.ts'
import { podSpec } from '../parts/pod.ts'
import { LATEST_REVISION, ofItsRevision } from '../parts/revision.ts'
import type { Snapshot } from '../workload.ts'

type Seen = Snapshot<'WorkloadCronJob'>

export function isStrict({ resource }: Seen): boolean {
  return resource.spec.exclusivity.mode === 'Strict'
}

export function liveCronJob(seen: Seen): CronJobFact | undefined {
  const wanted = { kind: 'CronJob' as const, name: seen.resource.name }
  const live = sameName(wanted, seen.children) ?? sameName(wanted, seen.others)
  return live?.kind === 'CronJob' ? live : undefined
}

export function buildCronJob(seen: Seen, suspend: boolean): Child {
  return ofItsRevision(liveCronJob(seen), (revision) => cronJobOf(seen, suspend, revision))
}

function cronJobOf(seen: Seen, suspend: boolean, revision: string): Child {
  const { resource } = seen
  const { spec } = resource
  const owner = ownerOf(resource)
  return nativeObject('CronJob', owner, {
    name: resource.name,
    labels: objectLabels(owner),
    annotations: objectAnnotations(revision),
    spec: present({
      schedule: spec.schedule,
      timeZone: spec.timeZone,
      suspend,
      concurrencyPolicy: spec.concurrencyPolicy,
      startingDeadlineSeconds: deadlineSecondsOf(spec),
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit,
      jobTemplate: { metadata: { labels: templateLabels(owner) }, spec: jobSpec(seen) },
    }),
  })
}

/**
 * Of an interval, Kubernetes finds the next time by counting on from the last run, or from the beginning of the deadline
 * if that is later (pkg/controller/cronjob/utils.go): with a deadline below the interval it never finds one that is due.
 */
function deadlineSecondsOf(spec: Seen['resource']['spec']): number {
  return spec.startingDeadlineSeconds + (intervalOf(spec.schedule) ?? 0) / 1000
}

/** A run that is not of the schedule, otherwise like one that is. */
export function buildJob(seen: Seen, name: string, of: CronJobFact): Child {
  const owner = ownerOf(seen.resource)
  const annotations = { ...objectAnnotations(LATEST_REVISION), ...MANUAL_RUN }
  return grandchild('Job', of, owner, { name, labels: objectLabels(owner), annotations, spec: jobSpec(seen) })
}

function jobSpec({ resource }: Seen): object {
  const { spec } = resource
  const owner = ownerOf(resource)
  return present({
    parallelism: 1,
    completions: 1,
    backoffLimit: spec.backoffLimit,
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    ttlSecondsAfterFinished: spec.ttlSecondsAfterFinished,
    // A pod that is still ending is not replaced: no overlap inside a run.
    podReplacementPolicy: 'Failed',
    template: {
      metadata: present({
        labels: templateLabels(owner, spec.podLabels),
        annotations: podAnnotations(spec.podAnnotations),
      }),
      spec: podSpec({ spec, restartPolicy: spec.restartPolicy, volumes: spec, fenced: false, gated: false }),
    },
  })
}
