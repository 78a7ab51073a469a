// The Kubernetes types we read and write, as they are on the wire: client-node's types with every Date as text.
// The only place where client-node's types enter; nothing of its code is loaded for them.
import type {
  V1Container,
  V1CronJob,
  V1Deployment,
  V1EnvVar,
  V1Job,
  V1Lease,
  V1Node,
  V1ObjectMeta,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node'

/** T as JSON carries it: times are RFC 3339 text. */
export type Json<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Name in keyof T]: Json<T[Name]> }
      : T

export type Container = Json<V1Container>
export type CronJob = Json<V1CronJob>
export type Deployment = Json<V1Deployment>
export type EnvVar = Json<V1EnvVar>
export type Job = Json<V1Job>
export type Lease = Json<V1Lease>
export type Node = Json<V1Node>
export type ObjectMeta = Json<V1ObjectMeta>
export type OwnerReference = Json<V1OwnerReference>
export type PersistentVolumeClaim = Json<V1PersistentVolumeClaim>
export type Pod = Json<V1Pod>
export type PodSpec = Json<V1PodSpec>
export type PodTemplateSpec = Json<V1PodTemplateSpec>
export type Service = Json<V1Service>
export type StatefulSet = Json<V1StatefulSet>

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
}
