// The probes of the main container. `healthCheckPath` makes two of them; no other probe is ever invented.
import type { PodTemplate, Port, Probe } from '#api/generated/kinds.ts'
import { plain, type Fields } from './json.ts'
import { mainOverlay } from './overlay.ts'

export interface ProbesInput {
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly healthCheckPath?: string
  readonly healthCheckPort?: number
  readonly ports?: readonly Port[]
  readonly podTemplate?: PodTemplate
}

/** Fields of the container; an explicit probe replaces its half of the health check. */
export function probes(input: ProbesInput): Fields {
  return {
    startupProbe: plain(input.startupProbe),
    readinessProbe: plain(input.readinessProbe) ?? healthCheck(input, 10),
    livenessProbe: plain(input.livenessProbe) ?? healthCheck(input, 15),
  }
}

export function hasReadinessProbe(input: ProbesInput): boolean {
  if (input.readinessProbe !== undefined || input.healthCheckPath !== undefined) return true
  return mainOverlay(input)['readinessProbe'] !== undefined
}

/** The liveness half starts later and asks less often, so that a slow start shows as not ready and is not killed. */
function healthCheck(input: ProbesInput, seconds: number): Fields | undefined {
  const { healthCheckPath: path, ports } = input
  const port = input.healthCheckPort ?? ports?.[0]?.containerPort
  if (path === undefined || port === undefined) return undefined
  return {
    httpGet: { path, port },
    initialDelaySeconds: seconds,
    periodSeconds: seconds,
    timeoutSeconds: 5,
    failureThreshold: 3,
  }
}
