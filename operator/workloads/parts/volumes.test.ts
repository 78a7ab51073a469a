// Names of volumes that are made from names of ConfigMaps and Secrets.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mainMounts, podVolumes, type VolumesInput } from './volumes.ts'

function named(items: readonly unknown[]): readonly string[] {
  return items.map((item) => {
    const isNamed = typeof item === 'object' && item !== null && 'name' in item
    return isNamed ? String(item.name) : ''
  })
}

const volumes = (input: VolumesInput) => named(podVolumes(input))

describe('the volumes of ConfigMaps and Secrets', () => {
  it.each<[VolumesInput, readonly string[]]>([
    [{ configMaps: ['a.b', 'c'] }, ['config-a-b', 'config-c']],
    [{ configMaps: ['a-b'], secrets: ['a.b'] }, ['config-a-b', 'secret-a-b']],
    [{ configMaps: ['a.b', 'a-b'] }, ['config-a-b-2e7336dc', 'config-a-b']],
    [{ configMaps: ['a-b', 'a.b'] }, ['config-a-b', 'config-a-b-2e7336dc']],
  ])('of %j are called %j', (input, expected) => {
    expect(volumes(input)).toEqual(expected)
  })

  const part = fc.constantFrom('a', 'b', 'x'.repeat(29), 'y'.repeat(40))
  const name = fc
    .tuple(part, fc.constantFrom('.', '-'), part, fc.constantFrom('.', '-'), part)
    .map((parts) => parts.join(''))
  const names = fc.uniqueArray(name, { maxLength: 8 })

  it('are told apart, fit, and are those of the mounts', () => {
    fc.assert(
      fc.property(names, names, (configMaps, secrets) => {
        const found = volumes({ configMaps, secrets })

        expect(new Set(found).size).toBe(configMaps.length + secrets.length)
        expect(found.every((one) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(one))).toBe(true)
        expect(named(mainMounts({ configMaps, secrets }))).toEqual(found)
      }),
    )
  })

  it('keep their names when another one comes or goes that is not called alike', () => {
    fc.assert(
      fc.property(names, name, (configMaps, more) => {
        const alike = (one: string): boolean => one.replaceAll('.', '-') === more.replaceAll('.', '-')
        fc.pre(!configMaps.some(alike))

        expect(volumes({ configMaps: [...configMaps, more] }).slice(0, -1)).toEqual(volumes({ configMaps }))
      }),
    )
  })
})
