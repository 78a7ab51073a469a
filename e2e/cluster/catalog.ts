// Which binaries there are, in which version, and where their official files lie: e2e/binaries/versions.json, parsed.
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { at, isObject, parseJson, textAt } from './json.ts'

export const KUBE_BINARIES = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubelet',
] as const
export const BINARIES = ['etcd', ...KUBE_BINARIES, 'kwok'] as const

export type BinaryName = (typeof BINARIES)[number]

export interface Catalog {
  /** Minor version used when nobody asks for one. */
  readonly defaultMinor: string
  /** Minor version → exact version of Kubernetes. */
  readonly kubernetes: Readonly<Record<string, string>>
  readonly tools: { readonly etcd: string; readonly kwok: string }
  /** Where the official file of a binary lies; {version} and {arch} are replaced. */
  readonly files: Readonly<Record<string, FileSource>>
  /** URL → SHA-512 in hex. A file without an entry here is never downloaded. */
  readonly sha512: Readonly<Record<string, string>>
}

interface FileSource {
  readonly url: string
  /** Path inside the .tar.gz; absent when the URL is the binary itself. */
  readonly member?: string
}

/** The exact versions that belong together for one minor version of Kubernetes. */
export interface Release {
  readonly kubernetes: string
  readonly etcd: string
  readonly kwok: string
}

export const BINARIES_FOLDER = path.join(import.meta.dirname, '..', 'binaries')

export function readCatalog(file = path.join(BINARIES_FOLDER, 'versions.json')): Catalog {
  const value = parseJson(readFileSync(file, 'utf8'))
  return {
    defaultMinor: textAt(value, 'defaultMinor'),
    kubernetes: textsAt(value, 'kubernetes'),
    tools: { etcd: textAt(value, 'tools', 'etcd'), kwok: textAt(value, 'tools', 'kwok') },
    files: sourcesAt(value, 'files'),
    sha512: textsAt(value, 'sha512'),
  }
}

/** The release for '1.36' or '1.36.4'; undefined when the catalog does not list the minor version. */
export function releaseFor(catalog: Catalog, version: string | undefined): Release | undefined {
  const kubernetes = catalog.kubernetes[minorOf(version ?? catalog.defaultMinor)]
  return kubernetes === undefined ? undefined : { kubernetes, ...catalog.tools }
}

export function versionOf(name: BinaryName, release: Release): string {
  if (name === 'etcd') return release.etcd
  if (name === 'kwok') return release.kwok
  return release.kubernetes
}

export interface Download {
  readonly url: string
  readonly sha512: string | undefined
  readonly member?: string
}

export function downloadOf(name: BinaryName, release: Release, catalog: Catalog): Download | undefined {
  const source = catalog.files[name]
  if (source === undefined) return undefined
  const url = fill(source.url, versionOf(name, release))
  const member = source.member === undefined ? {} : { member: fill(source.member, versionOf(name, release)) }
  return { url, sha512: catalog.sha512[url], ...member }
}

export function minorOf(version: string): string {
  return version.replace(/^v/, '').split('.').slice(0, 2).join('.')
}

export function fill(template: string, version: string, arch = architecture()): string {
  return template.replaceAll('{version}', version).replaceAll('{arch}', arch)
}

function architecture(): string {
  return os.arch() === 'arm64' ? 'arm64' : 'amd64'
}

function textsAt(value: unknown, key: string): Readonly<Record<string, string>> {
  const found = at(value, key)
  if (!isObject(found)) return {}
  return Object.fromEntries(Object.keys(found).map((name) => [name, textAt(found, name)]))
}

function sourcesAt(value: unknown, key: string): Readonly<Record<string, FileSource>> {
  const found = at(value, key)
  if (!isObject(found)) return {}
  return Object.fromEntries(Object.keys(found).map((name) => [name, sourceOf(found[name])]))
}

function sourceOf(value: unknown): FileSource {
  const member = textAt(value, 'member')
  return { url: textAt(value, 'url'), ...(member === '' ? {} : { member }) }
}
