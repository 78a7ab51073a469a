// The security profile: a starting point that every field of the user wins over.
import type { PodSecurityContext } from '#api/generated/kinds.ts'
import { isFields, plain, present, type Fields } from './json.ts'

export type SecurityProfile = 'Restricted' | 'Baseline' | 'Unset'

export function podSecurity(profile: SecurityProfile, own: PodSecurityContext | undefined): Fields | undefined {
  return unlessEmpty({ ...podDefaults(profile), ...fieldsOf(own) })
}

function podDefaults(profile: SecurityProfile): Fields {
  switch (profile) {
    case 'Unset':
      return {}
    case 'Baseline':
      return { seccompProfile: { type: 'RuntimeDefault' } }
    case 'Restricted':
      return { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
    default:
      return profile satisfies never
  }
}

/** For main and for further containers, whose context is untyped. */
export function containerSecurity(profile: SecurityProfile, own: unknown): Fields | undefined {
  const given = fieldsOf(own)
  const capabilities = { ...dropped(profile), ...fieldsOf(given['capabilities']) }
  return unlessEmpty(present({ ...escalation(profile, given), ...given, capabilities: unlessEmpty(capabilities) }))
}

/** A container with all rights cannot refuse escalation: the API server rejects that pair. */
function escalation(profile: SecurityProfile, given: Fields): Fields {
  if (profile === 'Unset' || given['privileged'] === true || addsAllRights(given)) return {}
  return { allowPrivilegeEscalation: false }
}

function addsAllRights(given: Fields): boolean {
  const added = fieldsOf(given['capabilities'])['add']
  return Array.isArray(added) && added.some((name) => name === 'SYS_ADMIN' || name === 'CAP_SYS_ADMIN')
}

function dropped(profile: SecurityProfile): Fields {
  return profile === 'Restricted' ? { drop: ['ALL'] } : {}
}

function fieldsOf(value: unknown): Fields {
  const copy = plain(value)
  return isFields(copy) ? copy : {}
}

function unlessEmpty(fields: Fields): Fields | undefined {
  return Object.keys(fields).length === 0 ? undefined : fields
}
