// The files for GitOps tools agree with each other.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { API_GROUP } from '#api/labels.ts'
import { at, textAt } from './support/api.ts'

const folder = path.resolve(import.meta.dirname, '../manifests/gitops/argocd')
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8')

it('argocd-cm.yaml holds the health script, for all kinds of the group', () => {
  const patch: unknown = parse(read('argocd-cm.yaml'))

  const customizations: unknown = parse(textAt(patch, 'data', 'resource.customizations'))

  expect(at(customizations, `${API_GROUP}/*`)).toEqual({ 'health.lua': read('health.lua') })
})
