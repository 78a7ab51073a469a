// The main container, and the further ones that users bring along.
import type { FurtherContainer, Port, Script, Specs } from '#api/generated/kinds.ts'
import type { KindName } from '#api/generated/kinds.ts'
import { environment, variables } from './environment.ts'
import { isFields, nonEmpty, plain, present, type Fields } from './json.ts'
import { probes, type ProbesInput } from './probes.ts'
import { containerResources } from './resources.ts'
import { containerSecurity } from './security.ts'
import { mainMounts, type VolumesInput } from './volumes.ts'

const MAIN = 'main'

/** The part of a spec that all kinds have. */
export type CommonSpec = Pick<Specs[KindName], keyof Specs[KindName]>

export interface ContainerInput {
  readonly spec: CommonSpec
  readonly probes: ProbesInput
  readonly volumes: VolumesInput
  readonly ports?: readonly Port[]
  readonly fenced: boolean
}

export function mainContainer(input: ContainerInput): Fields {
  const { spec } = input
  return present({
    name: MAIN,
    image: spec.image,
    imagePullPolicy: spec.imagePullPolicy,
    ...program(spec),
    workingDir: spec.workingDir,
    env: environment(spec, input.fenced),
    envFrom: nonEmpty((spec.envFrom ?? []).map(plain)),
    ports: nonEmpty((input.ports ?? []).map(containerPort)),
    resources: containerResources(spec.resources),
    ...probes(input.probes),
    lifecycle: plain(spec.lifecycle),
    securityContext: containerSecurity(spec.securityProfile, spec.securityContext),
    volumeMounts: nonEmpty(mainMounts(input.volumes)),
  })
}

function program(spec: CommonSpec): Fields {
  if (spec.script !== undefined) return scripted(spec.script)
  return { command: nonEmpty([...(spec.command ?? [])]), args: nonEmpty([...(spec.args ?? [])]) }
}

/**
 * Every `$` is doubled, because Kubernetes expands `$(NAME)` and shortens `$$` in arguments: so the shell gets the
 * text exactly as it was written.
 */
function scripted(script: Script): Fields {
  const text = `#!${script.shell}\nset -e\n\n${script.commands.join('\n')}`
  return { command: [script.shell], args: ['-c', text.replaceAll('$', '$$$$')] }
}

function containerPort(port: Port): Fields {
  return { name: port.name, containerPort: port.containerPort, protocol: port.protocol }
}

/** Runs to its end before main. */
export function initContainer(container: FurtherContainer, spec: CommonSpec): Fields {
  return further(container, spec, {})
}

/** A native sidecar: starts before main, stops after it, and does not keep a finished pod alive. */
export function sidecar(container: FurtherContainer, spec: CommonSpec): Fields {
  return further(container, spec, { restartPolicy: 'Always' })
}

function further(container: FurtherContainer, spec: CommonSpec, fixed: Fields): Fields {
  const { name, image, ...rest } = container
  const copy = plain(rest)
  const own = isFields(copy) ? copy : {}
  return present({
    name,
    image,
    imagePullPolicy: spec.imagePullPolicy,
    ...own,
    ...fixed,
    env: listOfVariables(own['env']),
    resources: nativeResources(own['resources']),
    securityContext: containerSecurity(spec.securityProfile, own['securityContext']),
  })
}

/** Entries of the Go version write `env` as a map. */
function listOfVariables(env: unknown): unknown {
  return isFields(env) ? nonEmpty(variables(env)) : env
}

const shortFields: ReadonlySet<string> = new Set(['cpuRequest', 'memoryRequest', 'cpuLimit', 'memoryLimit'])

/** And `resources` as four short fields. */
function nativeResources(resources: unknown): unknown {
  if (!isFields(resources)) return resources
  if (!Object.keys(resources).some((key) => shortFields.has(key))) return resources
  return containerResources(resources)
}
