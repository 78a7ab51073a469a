// What the benchmark makes, and the words for it. One namespace per 200 workloads, at least fifty of them.
import { API_VERSION } from '#api/labels.ts'

export const NAMESPACES = 50
export const CR_PATH = '/apis/highlander.plexobject.io/v1'

export function namespaceOf(index: number): string {
  return `bench-${index % NAMESPACES}`
}

export function nameOf(prefix: string, index: number): string {
  return `${prefix}-${index}`
}

export function resourcePath(namespace: string, name = ''): string {
  return `${CR_PATH}/namespaces/${namespace}/workloadprocesses${name === '' ? '' : `/${name}`}`
}

export function podPath(namespace: string, name = ''): string {
  return `/api/v1/namespaces/${namespace}/pods${name === '' ? '' : `/${name}`}`
}

/** A Process as people write it: script, environment, resources. */
export function resource(namespace: string, name: string): object {
  return {
    apiVersion: API_VERSION,
    kind: 'WorkloadProcess',
    metadata: { name, namespace },
    spec: {
      image: 'mycompany/data-processor:1.4.2',
      script: { commands: ["echo 'Starting data processor'", 'exec /app/process-data.sh'] },
      env: { DB_HOST: 'postgres.example.com', WORKERS: 4 },
      resources: { cpuRequest: '200m', memoryRequest: '256Mi', memoryLimit: '512Mi' },
      restartPolicy: 'OnFailure',
    },
  }
}

/** At most `limit` pieces of work under way; resolves when all are done. */
export async function inFlight(count: number, limit: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      await work(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker))
}
