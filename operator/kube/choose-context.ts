// Which context of a kubeconfig is meant. Pure.
import { TerminalError } from '#lib/errors.ts'

export interface ContextEntry {
  readonly name: string
  readonly cluster: string
  readonly user: string
  readonly namespace?: string | undefined
}

export interface ContextChoice {
  readonly contexts: readonly ContextEntry[]
  readonly clusters: readonly string[]
  /** '' when the file names none. */
  readonly current: string
  /** '' when none was asked for. */
  readonly wanted: string
  readonly clusterName: string
}

/**
 * The wanted context. Else the current one, if its cluster has the given name or no cluster entry has that name. Else
 * the only context of that entry; else, when no context names that entry, the entry with the current user. Several
 * candidates are an error. `where` names the file in sentences.
 */
export function chooseContext(from: ContextChoice, where: string): ContextEntry {
  const known = from.contexts.map(({ name }) => name).join(', ')
  if (from.wanted !== '') {
    const wanted = from.contexts.find(({ name }) => name === from.wanted)
    if (wanted !== undefined) return wanted
    throw new TerminalError(`${where} has no context ${from.wanted}; it has: ${known === '' ? 'none' : known}`)
  }
  const current = from.contexts.find(({ name }) => name === from.current)
  if (from.clusterName === '' || !from.clusters.includes(from.clusterName)) return currentOf(current, from, where)
  if (current?.cluster === from.clusterName) return current

  const [first, second] = from.contexts.filter(({ cluster }) => cluster === from.clusterName)
  if (second !== undefined) {
    throw new TerminalError(
      `${where} has several contexts for the cluster ${from.clusterName}: set cluster.context to one of ${known}`,
    )
  }
  if (first !== undefined) return first
  const { user, namespace } = currentOf(current, from, where)
  return { name: from.clusterName, cluster: from.clusterName, user, namespace }
}

function currentOf(current: ContextEntry | undefined, from: ContextChoice, where: string): ContextEntry {
  if (current !== undefined) return current
  throw new TerminalError(
    from.current === ''
      ? `${where} has no current-context: set cluster.context to one of its contexts`
      : `${where} has no context ${from.current}, which its current-context names: set cluster.context`,
  )
}
