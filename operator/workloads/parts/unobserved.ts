// What a status says while a paused workload has a newer spec: that is not observed, so its policy, its values and its
// address are not those in use. The stored status has those of the older spec.
import type { Observed, Reported } from '../workload.ts'
import { policyIn, type Policied } from './force.ts'
import { isSpecUnobserved } from './pause.ts'

/** The spec, with the policy in use. */
export function withPolicyInUse<S extends Policied['resource']['spec']>(spec: S, seen: Observed): S {
  const { effective } = seen.stored
  if (!isSpecUnobserved(seen) || effective === undefined) return spec
  const { exclusivityMode: mode, nodeUnreachable, forceAfter } = effective
  return { ...spec, ...policyIn({ exclusivity: { mode, nodeUnreachable, forceAfter } }) }
}

export function withValuesInUse(reported: Reported, seen: Observed): Reported {
  const { stored } = seen
  if (!isSpecUnobserved(seen)) return reported
  const { effective: _effective, address: _address, ...rest } = { address: undefined, ...reported.status }
  const { effective } = stored
  const address = 'address' in stored ? stored.address : undefined
  const kept = {
    ...(effective === undefined ? {} : { effective }),
    ...(address === undefined ? {} : { address }),
  }
  return { ...reported, status: { ...rest, ...kept } }
}
