// Leases with the API server's compare-and-swap, and a network in between that a test can make slow, lossy or late.
// A PUT behaves as on a real server: uid and resourceVersion must match, and without a uid it creates what is absent.
import type { LeaseClient, LeaseObject } from '#api/ports.ts'

export interface FakeLeases {
  /** The API server as one replica sees it. */
  client(network?: Network): LeaseClient
  /** The only Lease, undefined when there is none. */
  stored(): LeaseObject | undefined
  /** What a person does with kubectl; nothing when there is no Lease. */
  edit(change: (lease: LeaseObject) => LeaseObject): void
  annotate(annotations: Readonly<Record<string, string>>): void
  remove(): void
  /** Puts an older state back, under a new resourceVersion: a restored backup. */
  restore(lease: LeaseObject): void
  /** Requests that reached the server, such as `get`, `replace 409`. */
  readonly requests: readonly string[]
}

export interface Network {
  /** Runs `commit` when (and if) the request arrives; answers when (and if) the answer does. */
  carry<T>(commit: () => T, signal: AbortSignal): Promise<T>
  /** Hands a watch event to the replica, in order. */
  deliver(event: () => void): void
}

const directly: Network = {
  carry: async (commit, signal) => {
    signal.throwIfAborted()
    return commit()
  },
  deliver: (event) => queueMicrotask(event),
}

export function createFakeLeases(): FakeLeases {
  const server = new LeaseServer()
  return {
    requests: server.requests,
    client: (network = directly) => clientOf(server, network),
    stored: () => server.lease,
    edit: (change) => {
      if (server.lease !== undefined) server.store(change(server.lease))
    },
    annotate: (annotations) => {
      const { lease } = server
      if (lease === undefined) return
      const all = { ...lease.metadata.annotations, ...annotations }
      server.store({ ...lease, metadata: { ...lease.metadata, annotations: all } })
    },
    remove: () => server.remove(),
    restore: (lease) => void server.store(lease),
  }
}

function clientOf(server: LeaseServer, network: Network): LeaseClient {
  return {
    get: (_namespace, _name, signal) => network.carry(() => server.get(), signal),
    create: (lease, signal) => network.carry(() => server.create(lease), signal),
    replace: (lease, signal) => network.carry(() => server.replace(lease), signal),
    watch: (_namespace, _name, onChange, signal) => {
      server.watch((lease) => {
        network.deliver(() => {
          if (!signal.aborted) onChange(lease)
        })
      }, signal)
    },
  }
}

class LeaseServer {
  lease: LeaseObject | undefined
  readonly requests: string[] = []
  readonly #watchers = new Set<(lease: LeaseObject | undefined) => void>()
  #version = 0
  #uids = 0

  get(): LeaseObject | undefined {
    this.requests.push(this.lease === undefined ? 'get 404' : 'get')
    return this.lease
  }

  create(lease: LeaseObject): LeaseObject | undefined {
    if (this.lease !== undefined) return this.#refuse('create 409')
    this.requests.push('create')
    return this.#createNew(lease)
  }

  replace(lease: LeaseObject): LeaseObject | undefined {
    const { uid, resourceVersion } = lease.metadata
    const stored = this.lease?.metadata
    if (stored === undefined && uid === undefined) {
      this.requests.push('replace 201')
      return this.#createNew(lease)
    }
    if (stored === undefined) return this.#refuse('replace 409')
    if (uid !== undefined && uid !== stored.uid) return this.#refuse('replace 409')
    if (resourceVersion !== undefined && resourceVersion !== stored.resourceVersion) return this.#refuse('replace 409')
    this.requests.push('replace')
    return this.store(lease)
  }

  store(lease: LeaseObject): LeaseObject {
    this.#version += 1
    const uid = this.lease?.metadata.uid ?? lease.metadata.uid ?? `uid-${this.#uids}`
    const stored = { ...lease, metadata: { ...lease.metadata, uid, resourceVersion: String(this.#version) } }
    this.lease = stored
    this.#tell()
    return stored
  }

  remove(): void {
    this.lease = undefined
    this.#tell()
  }

  watch(onChange: (lease: LeaseObject | undefined) => void, signal: AbortSignal): void {
    this.#watchers.add(onChange)
    signal.addEventListener('abort', () => this.#watchers.delete(onChange), { once: true })
    onChange(this.lease)
  }

  #createNew(lease: LeaseObject): LeaseObject {
    this.#uids += 1
    return this.store({ ...lease, metadata: { ...lease.metadata, uid: `uid-${this.#uids}` } })
  }

  #refuse(request: string): undefined {
    this.requests.push(request)
    return undefined
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher(this.lease)
  }
}
