// Which resources belong to this operator. Pure.
import type { CrFact } from './facts.ts'
import { label } from './labels.ts'

export interface TenantSettings {
  readonly tenant: string
  /** The configured namespace: unlabelled resources there belong to this tenant. */
  readonly namespace: string
}

const DEFAULT_TENANT = 'default'

/** A label names the tenant; without one the resource belongs to `default`, or to the tenant whose namespace it is in. */
export function isOurs(cr: CrFact, settings: TenantSettings): boolean {
  const named = cr.labels[label.tenant]
  if (named !== undefined) return named === settings.tenant
  return settings.tenant === DEFAULT_TENANT || settings.namespace === cr.namespace
}
