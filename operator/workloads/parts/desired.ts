// Sorts the wanted children: those that can be written now, and those whose name is not free yet.
import type { ServiceFact } from '#api/facts.ts'
import type { Port, ServiceSettings } from '#api/generated/kinds.ts'
import type { Child } from '#api/ports.ts'
import type { Desired, Observed } from '../workload.ts'
import { judge, sameName, type Owner } from './owner.ts'
import { isOfNewerOperator, ofItsRevision } from './revision.ts'
import { buildService, hasAddress, inPlace, mustRecreateService } from './service.ts'

export type Placed = Required<Pick<Desired, 'children' | 'onHold' | 'remove' | 'replace'>>

export const nothing: Placed = { children: [], onHold: [], remove: [], replace: [] }

/** A name held by a predecessor or a stranger, or by an object that is being deleted, is waited for. */
export function place(child: Child, seen: Observed, owner: Owner): Placed {
  return isFree(child, seen, owner) && !isLeftAlone(child, seen) ? { ...nothing, children: [child] } : hold(child)
}

function isLeftAlone(child: Child, seen: Observed): boolean {
  const live = sameName(child, seen.children)
  return live !== undefined && isOfNewerOperator(live, seen)
}

export function hold(child: Child): Placed {
  return { ...nothing, onHold: [{ kind: child.kind, name: child.name }] }
}

export function together(...parts: readonly Placed[]): Placed {
  return {
    children: parts.flatMap((part) => part.children),
    onHold: parts.flatMap((part) => part.onHold),
    remove: parts.flatMap((part) => part.remove),
    replace: parts.flatMap((part) => part.replace),
  }
}

function isFree(child: Pick<Child, 'kind' | 'name'>, seen: Observed, owner: Owner): boolean {
  const live = sameName(child, seen.children) ?? sameName(child, seen.others)
  if (live === undefined) return true
  const ownership = judge(live, owner)
  return !live.deleting && (ownership === 'ours' || ownership === 'adoptable')
}

export interface FrontInput {
  readonly owner: Owner
  readonly name: string
  readonly settings: ServiceSettings
  readonly ports: readonly Port[]
  /** The governing Service of a StatefulSet: exists without ports, and keeps the address it was adopted with. */
  readonly governing: boolean
}

/** The Service in front of the instance. One that was left behind is adopted as it is, whatever comes then. */
export function placeService(input: FrontInput, seen: Observed): Placed {
  const { owner, settings, ports } = input
  if (ports.length === 0 && !input.governing) return nothing
  const keeps = keepsAddress(input, seen)
  const live = liveService(input, seen)
  const mustRecreate = live !== undefined && !keeps && mustRecreateService(live, settings)
  const isLeft = mustRecreate && judge(live, owner) === 'adoptable'
  const form = isLeft ? { ...input, settings: inPlace(settings, live) } : input
  const child = ofItsRevision(live, (revision) => buildService({ ...form, revision, keepsAddress: keeps }))
  const placed = place(child, seen, owner)
  return mustRecreate && !isLeft && placed.children.length > 0 ? { ...placed, replace: [live] } : placed
}

export function keepsAddress(input: FrontInput, seen: Observed): boolean {
  const live = liveService(input, seen)
  return input.governing && input.settings.headless && live !== undefined && hasAddress(live)
}

function liveService(input: FrontInput, seen: Observed): ServiceFact | undefined {
  const live = sameName({ kind: 'Service', name: input.name }, [...seen.children, ...seen.others])
  return live?.kind === 'Service' ? live : undefined
}
