// Environment variables HIGHLANDER_*. What Kubernetes injects for Services named highlander… is recognised and ignored.
import type { Gathered, Setting } from './gathered.ts'
import { isEmpty, knownKeys } from './gathered.ts'
import type { KeyInfo } from './keys.ts'
import type { Problem } from './problems.ts'
import { nearest } from './suggest.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'HIGHLANDER_'
/** Names the file; read by file.ts. */
const CONFIG_VARIABLE = 'HIGHLANDER_CONFIG'
const SERVICE_LINK = /(_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)$/
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//

export function readEnvironment(env: Environment): Gathered {
  const settings: Setting[] = []
  const problems: Problem[] = []
  const warnings: Problem[] = []
  for (const [name, raw] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || name === CONFIG_VARIABLE || isEmpty(raw) || isServiceLink(name, raw)) continue
    const key = knownKeys.find((known) => names(known, name))
    if (key !== undefined) settings.push({ key, raw, place: { source: 'env', name } })
    else reportUnknown(name, problems, warnings)
  }
  return { settings, problems, warnings }
}

function reportUnknown(name: string, problems: Problem[], warnings: Problem[]): void {
  const known = knownKeys.flatMap(({ variable }) => (variable === undefined || variable.endsWith('*') ? [] : variable))
  const near = nearest(name, [...known, CONFIG_VARIABLE])
  const place = { source: 'env', name } as const
  if (near === undefined) warnings.push({ place, sentence: 'unknown variable; it has no effect' })
  else problems.push({ place, sentence: `unknown variable; did you mean \`${near}\`?` })
}

/** A secret may also be given as the path of a file that holds it: the same name with _FILE. */
function names(key: KeyInfo, name: string): boolean {
  if (key.variable === undefined) return false
  if (key.variable.endsWith('*')) return name.startsWith(key.variable.slice(0, -1))
  return name === key.variable || (key.secret && name === `${key.variable}_FILE`)
}

function isServiceLink(name: string, raw: string | undefined): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && SERVICE_LINK_VALUE.test(raw ?? ''))
}
