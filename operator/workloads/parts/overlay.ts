// The overlay `podTemplate`: what the fields of a spec do not offer, merged last into the pod that was built from them.
// It promises that nothing on which the single instance rests can be changed through it: such an overlay is a problem,
// and then no child is touched. Whether its fields exist is judged by the API server when the child is written.
import type { PodTemplate } from '#api/generated/kinds.ts'
import { API_GROUP, label } from '#api/labels.ts'
import type { Problem } from '#api/validate.ts'
import { isFields, plain, type Fields } from './json.ts'

interface Overlaid {
  readonly podTemplate?: PodTemplate
  readonly podLabels?: Readonly<Record<string, string>>
  readonly podAnnotations?: Readonly<Record<string, string>>
}

/** Labels and annotations of the overlay become those of the pod. */
export function withOverlaidMetadata<S extends Overlaid>(spec: S): S {
  const { labels, annotations } = spec.podTemplate?.metadata ?? {}
  return {
    ...spec,
    ...(labels === undefined ? {} : { podLabels: { ...spec.podLabels, ...labels } }),
    ...(annotations === undefined ? {} : { podAnnotations: { ...spec.podAnnotations, ...annotations } }),
  }
}

export function overlayPod(pod: Fields, overlay: PodTemplate | undefined): Fields {
  return overlay?.spec === undefined ? pod : mergeMaps(pod, overlay.spec)
}

/** What the overlay says about the main container. */
export function mainOverlay(spec: Overlaid): Fields {
  const containers = spec.podTemplate?.spec?.['containers']
  const found: unknown = Array.isArray(containers)
    ? containers.find((item) => isFields(item) && isMain(item))
    : undefined
  return isFields(found) ? found : {}
}

type Merge = (base: readonly unknown[], over: readonly unknown[]) => readonly unknown[]

/** Lists whose items are told apart by their fields; all others are replaced. */
const keyed: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  ports: ['containerPort', 'protocol'],
}

const keyDefaults: Fields = { protocol: 'TCP' }

/** Keys of the base in their order, then new ones by name. */
function mergeMaps(base: Fields, over: Fields): Fields {
  const added = Object.keys(over)
    .filter((key) => !Object.hasOwn(base, key))
    .toSorted()
  return Object.fromEntries(
    [...Object.keys(base), ...added].map((key) => [
      key,
      Object.hasOwn(over, key) ? merge(base[key], over[key], key) : base[key],
    ]),
  )
}

function merge(base: unknown, over: unknown, field: string): unknown {
  if (Array.isArray(over)) {
    const keys = Object.hasOwn(keyed, field) ? keyed[field] : undefined
    const mergeLists = keys === undefined ? replaceItems : mergeItems(keys)
    return mergeLists(Array.isArray(base) ? base : [], over)
  }
  return isFields(over) ? mergeMaps(isFields(base) ? base : {}, over) : plain(over)
}

function replaceItems(_base: readonly unknown[], over: readonly unknown[]): readonly unknown[] {
  return over.filter((item) => !isDeletion(item)).map((item) => merge(undefined, item, ''))
}

function mergeItems(keys: readonly string[]): Merge {
  return (base, over) => {
    const items = new Map(base.map((item) => [keyOf(item, keys), item]))
    for (const item of over) {
      const key = keyOf(item, keys)
      if (isDeletion(item)) items.delete(key)
      else items.set(key, merge(items.get(key), item, ''))
    }
    return [...items.values()]
  }
}

function keyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => (isFields(item) ? (item[key] ?? keyDefaults[key]) : undefined)))
}

function isDeletion(item: unknown): boolean {
  return isFields(item) && item['$patch'] === 'delete'
}

function isMain(container: Fields): boolean {
  return container['name'] === 'main'
}

const PATH = 'spec.podTemplate'

export function overlayProblems(overlay: PodTemplate | undefined): readonly Problem[] {
  if (overlay === undefined) return []
  const { metadata = {}, spec = {} } = overlay
  return [
    ...reservedKeys('labels', metadata.labels ?? {}),
    ...reservedKeys('annotations', metadata.annotations ?? {}),
    ...fixedFields(spec),
    ...removalOfMain(spec),
    ...reservedVariables(spec),
    ...namelessItems(spec, `${PATH}.spec`),
  ]
}

const reservedLabels: ReadonlySet<string> = new Set([
  label.app,
  label.managedBy,
  label.commonName,
  label.commonManagedBy,
  label.clusterName,
  label.controllerId,
])

function reservedKeys(part: 'labels' | 'annotations', map: Readonly<Record<string, string>>): readonly Problem[] {
  const isReserved = (key: string) => key.startsWith(`${API_GROUP}/`) || (part === 'labels' && reservedLabels.has(key))
  return Object.keys(map)
    .filter(isReserved)
    .map((key) => ({ path: `${PATH}.metadata.${part}`, message: `may not set '${key}', which is reserved` }))
}

function fixedFields(spec: Fields): readonly Problem[] {
  const fixed = ['restartPolicy', 'schedulingGates', 'nodeName'].filter((field) => Object.hasOwn(spec, field))
  const problems = fixed.map((field) => ({ path: `${PATH}.spec.${field}`, message: 'may not be set by the overlay' }))
  if (spec['terminationGracePeriodSeconds'] !== 0) return problems
  const message = 'may not be 0: the name of the pod would be free before the process has ended'
  return [...problems, { path: `${PATH}.spec.terminationGracePeriodSeconds`, message }]
}

function removalOfMain({ containers }: Fields): readonly Problem[] {
  const removes = Array.isArray(containers) && containers.some((item) => isDeletion(item) && isMain(item))
  return removes ? [{ path: `${PATH}.spec.containers`, message: "may not remove or rename the container 'main'" }] : []
}

/** As rule E2 says of `env` and `extraEnv`: fencing rests on what the process reads there. */
function reservedVariables({ containers }: Fields): readonly Problem[] {
  if (!Array.isArray(containers)) return []
  return containers.flatMap((item: unknown, index) => {
    const variables = isFields(item) && isMain(item) && Array.isArray(item['env']) ? item['env'] : []
    return variables.flatMap((variable: unknown, place) => {
      const name = isFields(variable) ? variable['name'] : undefined
      const isReserved = typeof name === 'string' && name.startsWith('HIGHLANDER_')
      const path = `${PATH}.spec.containers[${index}].env[${place}].name`
      return isReserved ? [{ path, message: "may not start with 'HIGHLANDER_', which is reserved" }] : []
    })
  })
}

/** Items that could not be told apart. */
function namelessItems(value: unknown, path: string): readonly Problem[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => namelessItems(item, `${path}[${index}]`))
  if (!isFields(value)) return []
  return Object.entries(value).flatMap(([field, part]) => [
    ...(Array.isArray(part) && Object.hasOwn(keyed, field) ? nameless(part, field, `${path}.${field}`) : []),
    ...namelessItems(part, `${path}.${field}`),
  ])
}

function nameless(items: readonly unknown[], field: string, path: string): readonly Problem[] {
  const [key = ''] = keyed[field] ?? []
  return items.flatMap((item, index) => {
    const isNamed = isFields(item) && item[key] !== undefined
    return isNamed ? [] : [{ path: `${path}[${index}].${key}`, message: 'Required value: items are merged by it' }]
  })
}
