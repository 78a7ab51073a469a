// What a model of a kind consists of: plain data in the words of OpenAPI structural schemas.
// The CRDs, the types, the JSON schemas, the RBAC rules and the reference pages are written from it by `make generate`.
// Four words are ours and never reach a CRD as such: `title`, `default`, `example` and `change`.

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json }

/** What an edit of a field does: a new instance, nothing to the instance, or it is refused after creation. */
export type Change = 'restart' | 'live' | 'refused'

export interface Schema {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array' | 'object'
  /** First sentence at most 100 characters. The writers append the default and the example. */
  readonly description: string
  readonly format?: 'int32' | 'int64' | 'date-time'
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema
  readonly maxProperties?: number
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]

  /** Name of the exported TypeScript type, for a part that occurs more than once or that code names. */
  readonly title?: string
  /** What the operator fills in. In a CRD only at `spec.replicas` and in `status`. */
  readonly default?: Json
  readonly example?: Json
  /** Fields of a spec only; left out: 'restart'. */
  readonly change?: Change
}

export type Fields = Readonly<Record<string, Schema>>

export interface ObjectSchema extends Schema {
  readonly type: 'object'
  readonly properties: Fields
}

export interface Rule {
  /** Also the name of its twin predicate in api/rules.ts. */
  readonly id: string
  /** The part that is `self`: '' (whole resource), 'spec', 'spec.extraEnv[].valueFrom'. */
  readonly path: string
  readonly cel: string
  readonly message: string
  /** CEL that makes the message, when it quotes values. `message` is then what older servers fall back to. */
  readonly messageExpression?: string
  /** Where the error points, relative to `path`: '.replicas'. */
  readonly fieldPath?: string
  /** Judges creation only: `oldSelf` is an optional, and stored resources are let be. */
  readonly optionalOldSelf?: true
}

export interface Column {
  readonly name: string
  readonly type: 'boolean' | 'date' | 'integer' | 'string'
  readonly jsonPath: string
  readonly description: string
  /** Left out: always shown; 1: with `-o wide`. */
  readonly priority?: 1
}

export type ChildName = 'Pod' | 'Deployment' | 'StatefulSet' | 'CronJob' | 'Job' | 'Service' | 'PersistentVolumeClaim'

interface ChildModel {
  readonly kind: ChildName
  /** 'read': made by Kubernetes for one of our children, and only watched; 'patch': watched and changed in place. */
  readonly access: 'write' | 'patch' | 'read'
}

export interface KindModel {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  /** The word for the kind in metrics, the HTTP API and the command line. */
  readonly type: string
  readonly description: string
  readonly spec: ObjectSchema
  readonly status: ObjectSchema
  readonly rules: readonly Rule[]
  readonly columns: readonly Column[]
  /** JSON paths that `kubectl get --field-selector` may use; at most 8. */
  readonly selectableFields: readonly string[]
  /** With the subresource `scale`. */
  readonly scale: boolean
  /** The native kinds that belong to a workload: drives informers, RBAC and projections. */
  readonly children: readonly ChildModel[]
}
