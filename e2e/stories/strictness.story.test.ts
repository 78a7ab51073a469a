// Typos: in a typed part the API server names the field; in an untyped part the workload says so in its status, in the
// words of the API server, and what runs runs on.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kinds, type KindName } from '#api/generated/kinds.ts'
import { apiVersionOf, pathOf, resourceOf } from '#api/resource.ts'
import { testCluster } from '../cluster/fixture.ts'
import { at, textAt } from '../support/api.ts'
import { resourceWith, typedLevelsOf } from '../support/levels.ts'
import { eventually, needsCluster, openWorld, uidOf, type Found, type World } from '../support/world.ts'

const TYPO = 'tpyo'

const examples: Readonly<Record<KindName, { readonly spec: object; readonly child: Found; readonly suffix: string }>> =
  {
    WorkloadProcess: { spec: { image: 'busybox:1' }, child: 'Pod', suffix: '-pod' },
    WorkloadCronJob: { spec: { image: 'busybox:1', schedule: '@yearly' }, child: 'CronJob', suffix: '' },
    WorkloadService: {
      spec: { image: 'nginx:1', ports: [{ name: 'http', containerPort: 80 }] },
      child: 'Deployment',
      suffix: '',
    },
    WorkloadPersistent: { spec: { image: 'redis:8' }, child: 'StatefulSet', suffix: '' },
  }

/** An edit with a typo in a part that our schema leaves open, and the field as the API server names it. */
const untyped: readonly (readonly [part: string, edit: object, field: string])[] = [
  ['affinity', { affinity: { nodeAfinity: {} } }, 'affinity.nodeAfinity'],
  ['volumes', { volumes: [{ name: 'a', emptyDri: {} }] }, 'volumes[0].emptyDri'],
  ['initContainers', { initContainers: [{ name: 'a', image: 'a', comand: ['a'] }] }, 'initContainers[0].comand'],
  ['podTemplate', { podTemplate: { spec: { hostNetwrok: true } } }, 'hostNetwrok'],
  ['sidecars', { sidecars: [{ name: 'a', image: 'a', comand: ['a'] }] }, 'initContainers[0].comand'],
]

describe('strictness', () => {
  let world: World

  beforeAll(async () => {
    if (testCluster() === undefined) return
    world = await openWorld('strict')
    await world.operator()
  })

  beforeEach(needsCluster)

  afterAll(async () => {
    await world?.[Symbol.asyncDispose]()
  })

  describe.each(kinds)('%s', (kind) => {
    it('names a misspelt field on every level', async () => {
      const levels = typedLevelsOf(kind)
      const path = `${pathOf(resourceOf(kind), { namespace: world.namespace })}?fieldValidation=Strict&dryRun=All`
      const header = { apiVersion: apiVersionOf(resourceOf(kind)), kind }

      const answers = await Promise.all(
        levels.map((level) => world.api.request('POST', path, { body: { ...header, ...resourceWith(TYPO, level) } })),
      )

      expect(levels.length).toBeGreaterThan(30)
      const sentences = levels.map((level) => `unknown field "${level.path === '' ? '' : `${level.path}.`}${TYPO}"`)
      expect(answers.map(({ body }) => textAt(body, 'message').replace(/.*strict decoding error: /, ''))).toEqual(
        sentences,
      )
    })

    it('kubectl prints it', async () => {
      const resource = {
        apiVersion: apiVersionOf(resourceOf(kind)),
        kind,
        metadata: { name: 'misspelt', namespace: world.namespace },
        spec: { ...examples[kind].spec, comand: ['a'] },
      }

      const { ok, output } = await world.kubectl.attempt(['apply', '-f', '-'], JSON.stringify(resource))

      expect(ok).toBe(false)
      expect(output).toContain('unknown field "spec.comand"')
    })

    it.each(untyped)('says what is misspelt in %s, while the old instance runs on', async (part, edit, field) => {
      const name = `${kind.slice('Workload'.length).toLowerCase()}-${part.toLowerCase()}`
      const child = `${name}${examples[kind].suffix}`
      await world.create(kind, name, { ...examples[kind].spec, terminationGracePeriodSeconds: 1 })
      await world.healthy(kind, name)
      const before = await world.get(examples[kind].child, child)

      await world.patch(kind, name, { spec: edit })

      const accepted = await eventually('the refusal', async () => {
        const condition = await world.condition(kind, name, 'Accepted')
        return condition?.status === 'False' ? condition : undefined
      })
      expect(accepted.reason).toBe('InvalidPodTemplate')
      // A Pod is created, the others are applied: the API server words it differently.
      const sentence = kind === 'WorkloadProcess' ? `unknown field "spec.${field}"` : notDeclared(field)
      expect(accepted.message).toContain(sentence)
      const after = await world.get(examples[kind].child, child)
      expect(uidOf(after)).toBe(uidOf(before))
      expect(at(after, 'metadata', 'generation')).toBe(at(before, 'metadata', 'generation'))
    })
  })
})

function notDeclared(field: string): string {
  return `template.spec.${field.replace('[0]', '[name="a"]')}: field not declared in schema`
}
