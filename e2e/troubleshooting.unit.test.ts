// docs/troubleshooting.md has a section for each reason in the code, and for no other.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { kindInfo, kinds } from '#api/generated/kinds.ts'
import { annotation, label } from '#api/labels.ts'
import { conditionReasons, eventReasons } from '#api/reasons.ts'

const root = path.resolve(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs/troubleshooting.md'), 'utf8')
const sections = page
  .split(/^#{2,3} /m)
  .slice(1)
  .filter((section) => /^\w+\n/.test(section) && !section.startsWith('Events\n'))
const titleOf = (section: string): string => section.slice(0, section.indexOf('\n'))

describe('troubleshooting', () => {
  it('has one section for each reason, and none besides', () => {
    const reasons = new Set<string>([...conditionReasons, ...eventReasons])

    expect(sections.map(titleOf).toSorted()).toEqual([...reasons].toSorted())
  })

  it('is about reasons that some code gives', () => {
    const files = globSync('operator/{workloads,controller}/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })
    const code = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n')

    const isGiven = (reason: string): boolean => code.includes(`'${reason}'`) || code.includes(`/${reason}'`)

    expect([...conditionReasons, ...eventReasons].filter((reason) => !isGiven(reason))).toEqual([])
  })

  it.each(sections.map((section) => [titleOf(section), section]))('%s: symptom, cause, command', (_title, section) => {
    expect(section).toMatch(/\*\*Symptom\.\*\* [\s\S]*\*\*Cause\.\*\* [\s\S]*```sh\nkubectl /)
  })

  it('links to sections that exist', () => {
    const anchors = sections.map((section) => titleOf(section).toLowerCase())

    const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor)

    expect(links.filter((link) => !anchors.includes(link))).toEqual([])
  })

  it('names labels, annotations and kinds that exist', () => {
    const keys: readonly string[] = [...Object.values(label), ...Object.values(annotation)]
    const names = kinds.map((kind) => kindInfo[kind].plural.replace(/(?:e?s)$/, ''))

    const namedKeys = [...page.matchAll(/highlander\.plexobject\.io\/[a-z-]*[a-z]/g)].map(([key]) => key)
    const namedKinds = [...page.matchAll(/workload[a-z]+/g)].map(([kind]) => kind)

    expect(namedKeys.filter((key) => !keys.includes(key))).toEqual([])
    expect(namedKinds.filter((kind) => !names.some((name) => kind.startsWith(name)))).toEqual([])
  })
})
