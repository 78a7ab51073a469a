// Resources that were stored under older definitions and break a rule: whatever leaves the broken part alone passes,
// an edit of it must satisfy the rule. On a control plane of its own, because it changes the definitions.
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { ruleCases } from '#api/rule-cases/index.ts'
import { withControlPlane } from '../cluster/fixture.ts'
import { connectApi, type Json } from '../support/api.ts'
import { storedCases } from '../support/broken-edits.ts'
import { kubectlFor, type Kubectl } from '../support/kubectl.ts'
import { store, tryCreate, tryPatch, tryReplace, type Attempt, type Place, type Verdict } from '../support/verdict.ts'

const CRDS = path.resolve(import.meta.dirname, '../../crds')
const PATIENCE_MS = 180_000

it('a stored violation is tolerated until its part is edited', { timeout: PATIENCE_MS }, async (context) => {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const options = { nodes: 'none', controllers: false } as const
  await withControlPlane(
    options,
    context,
    async (plane) => {
      using api = await connectApi(plane.kubeconfig)
      const kubectl = kubectlFor(plane.kubectl, plane.kubeconfig)
      const place = { api, namespace: 'default' }
      await install(kubectl, withoutRules)
      for (const one of storedCases) await store(place, stored(one))
      for (const one of oldNames) await store(place, one)
      await install(kubectl, (definition) => definition)

      expect(await verdictsOf(place)).toEqual(storedCases.map(expectedOf))
      for (const one of oldNames) expect(await edit(place, one)).toMatchObject({ ok: true, problems: [] })
    },
    signal,
  )
})

type Case = (typeof storedCases)[number]

/** The N rules judge creation only: a stored name stays, and its resource can be edited. */
const oldNames: readonly Attempt[] = [ruleCases.N1, ruleCases.N2, ruleCases.N3, ruleCases['N3-ports']].flatMap(
  ([one]) => (one?.names === undefined ? [] : [{ kind: one.kind, name: one.names.refused, spec: one.accepted }]),
)

async function edit(place: Place, { kind, name, spec }: Attempt): Promise<Verdict> {
  return await tryReplace(place, { kind, name, spec: { ...Object(spec), image: 'edited:1' } })
}

interface Verdicts {
  readonly id: string
  /** A label of the resource. */
  readonly label: Verdict
  readonly status: Verdict
  /** A field that has nothing to do with the rule. */
  readonly elsewhere: Verdict
  readonly there: Verdict
  /** Undefined where volumes would have to be removed or change, which no edit may do. */
  readonly repair: Verdict | undefined
  /** The same as a new resource: proof that the definitions with rules are in force. */
  readonly anew: Verdict
}

async function verdictsOf(place: Place): Promise<readonly Verdicts[]> {
  return await Promise.all(
    storedCases.map(async (one) => {
      const attempt = stored(one)
      const label = await tryPatch(place, attempt, { metadata: { labels: { team: 'red' } } })
      const status = await tryPatch(place, attempt, { status: { active: true, observedGeneration: 1 } })
      const anew = await tryCreate(place, { ...attempt, name: `${attempt.name}-anew` })
      const elsewhere = await edit(place, attempt)
      const there = await tryReplace(place, { ...attempt, spec: one.edited })
      const repair = isFinal(one) ? undefined : await tryReplace(place, { ...attempt, spec: one.accepted })
      return { id: one.id, label, status, elsewhere, there, repair, anew }
    }),
  )
}

function expectedOf(one: Case): unknown {
  const problems = [{ path: one.path, message: one.message }]
  const refused = { ok: false, problems, text: expect.stringContaining(one.message) }
  const accepted = { ok: true, problems: [], text: '' }
  const repair = isFinal(one) ? undefined : accepted
  return { id: one.id, label: accepted, status: accepted, elsewhere: accepted, there: refused, repair, anew: refused }
}

function isFinal(one: Case): boolean {
  return ['V1', 'V2', 'V4'].includes(one.id)
}

function stored({ id, kind, refused }: Case): Attempt {
  return { kind, name: `rule-${id.toLowerCase()}`, spec: refused }
}

async function install(kubectl: Kubectl, change: (definition: Json) => Json): Promise<void> {
  const files = await readdir(CRDS)
  const texts = await Promise.all(files.map((file) => readFile(path.join(CRDS, file), 'utf8')))
  const items = texts.map((text) => change(parse(text)))
  await kubectl.run(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  )
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
}

/** The definition as it might have been before there were rules. */
function withoutRules(definition: Json): Json {
  return JSON.parse(
    JSON.stringify(definition, (key, value) => (key === 'x-kubernetes-validations' ? undefined : value)),
  )
}
