// A server with volumes: its StatefulSet, its claims, and what is said about them.
import { describe, expect, it } from 'vitest'
import type { PodFact } from '#api/facts.ts'
import { given, NAME } from '#testing/given.ts'
import { lookAt, type Found } from '#testing/seen.ts'

const persistent = lookAt('WorkloadPersistent')
const set = given.statefulSet()
const labels = { ...given.labels('WorkloadPersistent'), 'controller-revision-hash': 'report-1' }
const controller = { kind: 'StatefulSet', name: NAME, uid: set.uid }

function member(over: Partial<PodFact> = {}): PodFact {
  return given.pod({ name: 'report-0', uid: 'uid-report-0', labels, controller, ...over })
}

const foreign = member({
  name: 'old-0',
  uid: 'uid-old',
  controller: { kind: 'StatefulSet', name: NAME, uid: 'uid-old-set' },
})
const size = { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }] }
const updated = given.statefulSet({ updateRevision: 'report-2' })

function specOf(found: Found): unknown {
  const spec: unknown = persistent.wish(found)?.children.find(({ kind }) => kind === 'StatefulSet')?.object.spec
  return spec
}

describe('the children of a persistent workload', () => {
  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'write StatefulSet Service'],
    ['another pod of the workload is left', { facts: [foreign] }, 'write Service; hold StatefulSet'],
    [
      'mode BestEffort waits for nobody',
      { spec: { exclusivity: { mode: 'BestEffort' } }, facts: [foreign] },
      'write StatefulSet Service',
    ],
    ['running', { facts: [set, member()] }, 'write StatefulSet Service'],
    [
      'a predecessor',
      { facts: [given.statefulSet({ controller: { kind: 'WorkloadPersistent', name: NAME, uid: 'old' } })] },
      'write Service; hold StatefulSet',
    ],
    ['an adopted Service keeps its address', { facts: [set, given.service()] }, 'write StatefulSet Service'],
    [
      'an address asked for',
      {
        spec: { ports: [{ name: 'a', containerPort: 1 }], service: { headless: false } },
        facts: [set, given.service({ clusterIp: 'None' })],
      },
      'write StatefulSet Service; replace report',
    ],
    [
      'an older revision that never got ready',
      { facts: [updated, member({ ready: false })] },
      'write StatefulSet Service; remove report-0',
    ],
    ['an older revision that is ready', { facts: [updated, member()] }, 'write StatefulSet Service'],
    [
      'an older revision that ends',
      { facts: [updated, member({ ready: false, deleting: true })] },
      'write StatefulSet Service',
    ],
    ['the newest revision that is not ready', { facts: [set, member({ ready: false })] }, 'write StatefulSet Service'],
    [
      'a change not yet seen by the controller',
      { facts: [{ ...updated, generation: 2 }, member({ ready: false })] },
      'write StatefulSet Service',
    ],
    [
      'OnDelete',
      { spec: { updateStrategy: 'OnDelete' }, facts: [updated, member({ ready: false })] },
      'write StatefulSet Service',
    ],
  ])('%s', (_what, found, expected) => {
    expect(persistent.desired(found)).toBe(expected)
  })

  it.each<[string, Found, number]>([
    ['1', {}, 1],
    ['suspended', { spec: { suspend: true } }, 0],
    ['on standby', { over: { role: 'passive' } }, 0],
    ['not raised from 0 beside a foreign pod', { facts: [given.statefulSet({ replicas: 0 }), foreign] }, 0],
    ['raised from 0 beside its own pod', { facts: [given.statefulSet({ replicas: 0 }), member()] }, 1],
  ])('%s', (_what, found, replicas) => {
    expect(specOf(found)).toMatchObject({ replicas })
  })
})

describe('claim templates', () => {
  const defaulted = (storage: string) =>
    JSON.stringify([
      {
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', labels: claimLabels },
        spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', resources: { requests: { storage } } },
        status: { phase: 'Pending' },
      },
    ])
  const claimLabels = {
    app: NAME,
    'managed-by': 'k8-highlander',
    'highlander.plexobject.io/kind': 'WorkloadPersistent',
    'highlander.plexobject.io/name': NAME,
  }

  it('are repeated as we wrote them when the server only added defaults', () => {
    const facts = [given.statefulSet({ claimTemplates: defaulted('1Gi') })]

    expect(specOf({ spec: size, facts })).toEqual(specOf({ spec: size }))
  })

  it('keep the size they were made with: growth writes nothing to the StatefulSet', () => {
    const facts = [given.statefulSet({ claimTemplates: defaulted('500Mi') })]
    const smaller = { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '500Mi' }] }

    expect(specOf({ spec: size, facts })).toEqual(specOf({ spec: smaller }))
  })

  it('are repeated as they are when they differ in anything else', () => {
    const claimTemplates = defaulted('1Gi').replace('ReadWriteOnce', 'ReadWriteMany')
    const facts = [given.statefulSet({ claimTemplates })]

    expect(specOf({ spec: size, facts })).toMatchObject({ volumeClaimTemplates: JSON.parse(claimTemplates) })
  })

  it('are repeated as we wrote them when the size was spelled in another way', () => {
    const spec = { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '1024Mi' }] }
    const facts = [given.statefulSet({ claimTemplates: defaulted('1Gi') })]

    expect(specOf({ spec, facts })).toEqual(specOf({ spec }))
  })

  it('are not made for an existing claim', () => {
    const persistentVolumes = [{ name: 'data', mountPath: '/data', existingClaim: 'old', readOnly: true }]

    expect(specOf({ spec: { persistentVolumes } })).toMatchObject({
      template: {
        spec: {
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'old', readOnly: true } }],
          containers: [{ volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] }],
        },
      },
    })
    expect(JSON.stringify(specOf({ spec: { persistentVolumes } }))).not.toContain('volumeClaimTemplates')
  })
})

describe('claims to change', () => {
  const larger = { persistentVolumes: [{ name: 'data', mountPath: '/data', size: '2Gi' }] }
  const unlabelledTemplates = JSON.stringify([{ metadata: { name: 'data' }, spec: {} }])
  const adopted = given.statefulSet({ claimTemplates: unlabelledTemplates })
  const claims = (found: Found) =>
    (persistent.wish(found)?.claims ?? []).map((child) => `${child.name} ${JSON.stringify(child.object.spec)}`)
  const grown = 'data-report-0 {"resources":{"requests":{"storage":"2Gi"}}}'

  it.each<[string, Found, readonly string[]]>([
    ['a larger size', { spec: larger, facts: [set, given.claim()] }, [grown]],
    ['while suspended', { spec: { ...larger, suspend: true }, facts: [set, given.claim()] }, [grown]],
    ['the same size in other words', { spec: size, facts: [set, given.claim({ requested: '1024Mi' })] }, []],
    ['made larger by hand', { spec: size, facts: [set, given.claim({ requested: '5Gi' })] }, []],
    ['not bound yet', { spec: larger, facts: [set, given.claim({ phase: 'Pending' })] }, []],
    ['being deleted', { spec: larger, facts: [set, given.claim({ deleting: true })] }, []],
    ['the claim of another instance', { spec: larger, facts: [set, given.claim({ name: 'data-report-1' })] }, []],
    ['no claim yet', { spec: larger, facts: [set] }, []],
    ['an adopted claim that no store shows', { spec: size, facts: [adopted, member()] }, ['data-report-0 {}']],
    ['an adopted claim that is known', { spec: size, facts: [adopted, member(), given.claim()] }, []],
    ['nothing to look for without a pod', { spec: size, facts: [adopted] }, []],
  ])('%s', (_what, found, expected) => {
    expect(claims(found)).toEqual(expected)
  })

  it('have the labels of the workload and no owner', () => {
    const wish = persistent.wish({ spec: larger, facts: [set, given.claim()] })?.claims?.[0]

    expect(wish?.object.metadata.ownerReferences).toEqual([])
    expect(wish?.object.metadata.labels).toMatchObject({ app: NAME, 'managed-by': 'k8-highlander' })
  })

  const refused = {
    kind: 'PersistentVolumeClaim',
    name: 'data-report-0',
    reason: 'forbidden',
    sentence: 'the class does not allow it',
  } as const

  it('that are refused are told, and the spec stays accepted', () => {
    const found: Found = { spec: larger, facts: [set, member(), given.claim()], over: { findings: { refused } } }

    expect(persistent.ready(found)).toBe('False VolumePending, active, not healthy')
    expect(persistent.message(found, 'Ready')).toContain('the class does not allow it')
    expect(persistent.condition(found, 'Accepted')).toMatch(/^True/)
  })

  it('that the driver cannot enlarge are told', () => {
    const stuck = given.claim({ requested: '2Gi', resizeProblem: 'no space left in the pool' })

    expect(persistent.message({ spec: larger, facts: [set, member(), stuck] }, 'Ready')).toContain('no space left')
  })
})

describe('the status of a persistent workload', () => {
  it.each<[string, Found, string]>([
    ['nothing yet', {}, 'False Starting, not active, not healthy'],
    ['ready', { facts: [set, member()] }, 'True Running, active, healthy'],
    ['not ready yet', { facts: [set, member({ ready: false })] }, 'False Starting, active, not healthy'],
    ['waits for a foreign pod', { facts: [foreign] }, 'False HandoverPending, active, not healthy'],
    ['ending', { facts: [set, member({ deleting: true })] }, 'False HandoverPending, active, not healthy'],
    ['suspended', { spec: { suspend: true }, facts: [set] }, 'True Suspended, not active, healthy'],
    [
      'suspended, ending',
      { spec: { suspend: true }, facts: [set, member({ deleting: true })] },
      'False HandoverPending, active, not healthy',
    ],
    ['claim lost', { facts: [set, given.claim({ phase: 'Lost' })] }, 'False VolumePending, active, not healthy'],
  ])('%s', (_what, found, expected) => {
    expect(persistent.ready(found)).toBe(expected)
  })

  it('shows the claims', () => {
    const status = persistent.status({ spec: size, facts: [set, member(), given.claim()] })

    expect(status).toMatchObject({
      volumes: [{ name: 'data', claim: 'data-report-0', phase: 'Bound', capacity: '1Gi', requested: '1Gi' }],
      address: 'report.prod.svc',
    })
  })

  it('tells where to look when no pod appears: a quota of pods shows only there', () => {
    expect(persistent.message({ facts: [set] }, 'Ready')).toContain('kubectl describe statefulset report -n prod')
  })

  it('warns about ports that a headless Service cannot translate', () => {
    const spec = { ports: [{ name: 'mq', containerPort: 1414, servicePort: 80 }] }

    expect(persistent.message({ spec }, 'Accepted')).toContain('servicePort 80 has no effect')
  })

  it('warns about an address that an adopted Service keeps', () => {
    expect(persistent.message({ facts: [given.service()] }, 'Accepted')).toContain(
      'already had an address and keeps it',
    )
  })
})
