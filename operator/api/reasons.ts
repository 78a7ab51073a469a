// Every reason that a condition of a workload or an Event about one can have: one word for programs, each with its section in
// docs/troubleshooting.md.

/** Of Ready, and of Active, Healthy, Reconciling and Stalled when they follow it. */
const readyReasons = [
  'Starting',
  'Running',
  'Scheduled',
  'Completed',
  'Suspended',
  'Standby',
  'Unhealthy',
  'CrashLoop',
  'RestartLimitReached',
  'ImagePullFailed',
  'ConfigMissing',
  'Unschedulable',
  'VolumePending',
  'QuotaExceeded',
  'HandoverPending',
  'NodeUnreachable',
  'NotAccepted',
] as const
export type ReadyReason = (typeof readyReasons)[number]

/** Of Accepted when it is False. */
const refusedReasons = [
  'InvalidSpec',
  'InvalidPodTemplate',
  'InvalidSchedule',
  'UnknownTimeZone',
  'NameConflict',
  'Forbidden',
  'ClaimedByOtherTenant',
] as const
export type RefusedReason = (typeof refusedReasons)[number]

const acceptedReasons = ['Accepted', 'AcceptedWithWarnings'] as const
export type AcceptedReason = (typeof acceptedReasons)[number]

/** Of Healthy, where a CronJob says more than Ready. */
const runReasons = ['NoRunYet', 'LastRunSucceeded', 'LastRunFailed'] as const
export type RunReason = (typeof runReasons)[number]

const exclusiveReasons = [
  'Verified',
  'OverlapDetected',
  'OldInstanceUnreachable',
  'AtMostOneWaived',
  'NotGuaranteed',
] as const
export type ExclusiveReason = (typeof exclusiveReasons)[number]

/** Of Suspended and Paused. */
const wishReasons = ['SuspendedByUser', 'PausedByAnnotation'] as const

export const conditionReasons = [
  ...readyReasons,
  ...refusedReasons,
  ...acceptedReasons,
  ...runReasons,
  ...exclusiveReasons,
  ...wishReasons,
] as const
export type ConditionReason = (typeof conditionReasons)[number]

/** Of Events. */
export const eventReasons = [
  'Started',
  'Completed',
  'Handover',
  'FailoverStarted',
  'FailoverCompleted',
  'Suspended',
  'Resumed',
  'Paused',
  'Adopted',
  'RestartRequested',
  'RunStarted',
  'RunSucceeded',
  'VolumeExpanding',
  'VolumeExpanded',
  'ConfirmedDead',
  'SpecRejected',
  'WaitingForOldInstance',
  'AtMostOneWaived',
  'OverlapDetected',
  'Unhealthy',
  'CrashLoop',
  'RestartLimitReached',
  'RunFailed',
  'RunMissed',
  'VolumeFailed',
  'NameConflict',
  'ClaimedByOtherTenant',
  'ConfirmDeadRefused',
] as const
export type EventReason = (typeof eventReasons)[number]
