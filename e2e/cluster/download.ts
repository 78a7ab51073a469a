// Fetches one official file and lets it in only with the SHA-512 that is committed in this repository.
// A machine without internet is normal: every failure is a reason in the result, nothing is printed.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { AbortError, messageOf } from '#lib/errors.ts'
import type { Download } from './catalog.ts'

export type DownloadResult = { readonly type: 'done' } | { readonly type: 'failed'; readonly reason: string }

// One short try: a machine that cannot reach the site has to get on to building.
const CONNECT_TIMEOUT_MS = 3_000
const STALL_TIMEOUT_MS = 30_000
const MAX_REDIRECTS = 5

/** Puts the binary at `target` or nothing at all. Rejects only when the signal fires. */
export async function download(source: Download, target: string, signal: AbortSignal): Promise<DownloadResult> {
  if (source.sha512 === undefined) return failed(`no checksum committed for ${source.url}`)
  const part = `${target}.${process.pid}.part`
  try {
    await mkdir(path.dirname(target), { recursive: true })
    const sum = await fetchFile(source.url, part, signal)
    if (sum !== source.sha512) return failed(`${source.url} has SHA-512 ${sum}, committed is ${source.sha512}`)
    if (source.member !== undefined) await writeFile(part, await extract(part, source.member))
    await chmod(part, 0o755)
    await rename(part, target)
    return { type: 'done' }
  } catch (error) {
    if (signal.aborted) throw new AbortError(`download of ${source.url} aborted`, { cause: error })
    return failed(`${source.url}: ${messageOf(error)}`)
  } finally {
    await rm(part, { force: true })
  }
}

/** The SHA-512 of what was written to `file`. */
export async function fetchFile(url: string, file: string, signal: AbortSignal): Promise<string> {
  const response = await open(new URL(url), MAX_REDIRECTS, signal)
  const hash = createHash('sha512')
  response.on('data', (chunk: Buffer) => hash.update(chunk))
  await pipeline(response, createWriteStream(file), { signal })
  return hash.digest('hex')
}

async function open(url: URL, redirectsLeft: number, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await get(url, signal)
  const status = response.statusCode ?? 0
  const location = response.headers.location
  if (status >= 300 && status < 400 && location !== undefined && redirectsLeft > 0) {
    response.resume()
    return await open(new URL(location, url), redirectsLeft - 1, signal)
  }
  if (status === 200) return response
  response.resume()
  throw new Error(`answered ${status}`)
}

function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const client = url.protocol === 'http:' ? http : https
  return new Promise((resolve, reject) => {
    const request = client.get(url, { signal, timeout: CONNECT_TIMEOUT_MS, agent: false }, (response) => {
      request.setTimeout(STALL_TIMEOUT_MS)
      resolve(response)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url.host}`)))
    request.on('error', reject)
  })
}

/** One file out of a .tar.gz. */
async function extract(archive: string, member: string): Promise<Buffer> {
  const tar = await promisify(gunzip)(await readFile(archive))
  const block = 512
  for (let offset = 0; offset + block <= tar.length;) {
    const name = textOf(tar.subarray(offset, offset + 100))
    const size = Number.parseInt(textOf(tar.subarray(offset + 124, offset + 136)), 8) || 0
    if (name === member) return tar.subarray(offset + block, offset + block + size)
    offset += block + Math.ceil(size / block) * block
  }
  throw new Error(`${member} is not in the archive`)
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

function failed(reason: string): DownloadResult {
  return { type: 'failed', reason }
}
