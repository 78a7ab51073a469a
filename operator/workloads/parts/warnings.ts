// Sentences about specs that are accepted and may still surprise. Never an error, never an Event.
import type { Port, ServiceSettings } from '#api/generated/kinds.ts'
import type { CommonSpec } from './container.ts'
import { fieldAt } from './json.ts'
import { mainOverlay } from './overlay.ts'
import { hasReadinessProbe, type ProbesInput } from './probes.ts'

export function commonWarnings(spec: CommonSpec): readonly string[] {
  const { image } = mainOverlay(spec)
  return [...imageWarnings(typeof image === 'string' ? image : spec.image), ...memoryWarnings(spec)]
}

/** A tag follows the last slash; a digest says everything. */
function imageWarnings(image: string): readonly string[] {
  if (image.includes('@')) return []
  const [, tag] = image.slice(image.lastIndexOf('/') + 1).split(':')
  if (tag !== undefined && tag !== 'latest') return []
  const what = tag === undefined ? 'has no tag' : "has the tag 'latest'"
  return [`Image ${image} ${what}. Two starts may run different programs; name a version.`]
}

function memoryWarnings(spec: CommonSpec): readonly string[] {
  const { resources } = spec
  if (resources?.memoryLimit !== undefined || resources?.limits?.['memory'] !== undefined) return []
  const overlaid = fieldAt(mainOverlay(spec), 'resources', 'limits', 'memory')
  if (overlaid !== undefined) return []
  return ['No memory limit is set. A leak can take the node down; set resources.memoryLimit.']
}

export function probeWarnings(spec: ProbesInput): readonly string[] {
  if (hasReadinessProbe(spec)) return []
  return [
    'No readiness probe is set. The instance counts as ready as soon as it runs; set healthCheckPath or readinessProbe.',
  ]
}

export function headlessWarnings(
  settings: ServiceSettings,
  ports: readonly Port[],
  keepsAddress: boolean,
): readonly string[] {
  if (!settings.headless) return []
  if (keepsAddress)
    return [
      'The Service already had an address and keeps it. Set service.headless to false, or delete the Service to have it made headless.',
    ]
  return ports
    .filter((port) => port.servicePort !== undefined && port.servicePort !== port.containerPort)
    .map(
      (port) =>
        `Port ${port.name}: a headless Service cannot translate ports, so servicePort ${port.servicePort ?? ''} has no effect and clients use ${port.containerPort}. Set service.headless to false for an address of its own.`,
    )
}
