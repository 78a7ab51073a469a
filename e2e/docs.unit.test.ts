// The documentation names only what exists.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

describe('documentation', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const text = readFileSync(path.join(root, page), 'utf8')

    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) =>
      path.resolve(root, path.dirname(page), target),
    )

    expect(links.filter((link) => !existsSync(link))).toEqual([])
  })

  it('architecture.md names paths that exist', () => {
    const text = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8')

    const paths = [...text.matchAll(/`((?:operator|e2e|crds|manifests|docs)\/?[\w./-]*)`/g)].map(
      ([, name = '']) => name,
    )

    expect(paths.length).toBeGreaterThan(15)
    expect(paths.filter((name) => !existsSync(path.join(root, name)))).toEqual([])
  })

  it('README names make targets that exist', () => {
    const makefile = readFileSync(path.join(root, 'Makefile'), 'utf8')
    const text = pages.map((page) => readFileSync(path.join(root, page), 'utf8')).join('\n')

    const targets = [...text.matchAll(/`(?:\w+=\S+ )*make ([a-z-]+)/g)].map(([, name = '']) => name)

    expect(targets.filter((name) => !makefile.includes(`\n${name}:`))).toEqual([])
  })
})
