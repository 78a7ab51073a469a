// Which resources belong to this operator. Pure.
import type { CrFact } from './facts.ts'
import { label } from './labels.ts'
import { statusTextOf } from './status-text.ts'

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

export type Claim =
  | 'ours'
  /** No matter of ours. */
  | 'foreign'
  /** We have claimed it, and its label names another tenant now. */
  | 'let-go'
  /** Nothing but its place selects it for us, and another tenant has claimed it: that one keeps it. */
  | 'kept'
  /** Its label names us, and another tenant has not let go yet. */
  | 'awaited'

/** The first status claims a resource for the tenant that writes it. */
export function claimOf(cr: CrFact, settings: TenantSettings): Claim {
  const claimant = claimantOf(cr)
  if (!isOurs(cr, settings)) return claimant === settings.tenant ? 'let-go' : 'foreign'
  if (claimant === undefined || claimant === settings.tenant) return 'ours'
  return cr.labels[label.tenant] === undefined ? 'kept' : 'awaited'
}

export function claimantOf(cr: CrFact): string | undefined {
  const text = statusTextOf(cr)
  if (!text.includes('"tenant"')) return undefined
  const tenant: unknown = Object(leaderIn(text))['tenant']
  return typeof tenant === 'string' && tenant !== '' ? tenant : undefined
}

function leaderIn(status: string): unknown {
  try {
    return Object(JSON.parse(status))['leader']
  } catch {
    return undefined
  }
}
