// What the API server itself wrote down about each request: the only count that the operator cannot get wrong.
import { open, stat } from 'node:fs/promises'
import { textAt, at, type Json } from './api.ts'

export interface AuditEntry {
  readonly user: string
  readonly userAgent: string
  readonly verb: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly code: number
  readonly uri: string
}

/** A position in the log; entries after it are counted. */
export interface AuditMark {
  readonly file: string
  readonly offset: number
}

export async function markAudit(file: string): Promise<AuditMark> {
  return { file, offset: (await stat(file)).size }
}

/** Everything since the mark that `mine` says yes to. The server writes an entry when it has answered. */
export async function auditSince(
  mark: AuditMark,
  mine: (entry: AuditEntry) => boolean,
): Promise<readonly AuditEntry[]> {
  await using handle = await open(mark.file, 'r')
  const text = await readFrom(handle, mark.offset)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => entryOf(JSON.parse(line)))
    .filter(mine)
}

export function isWrite(entry: AuditEntry): boolean {
  return !['get', 'list', 'watch'].includes(entry.verb)
}

async function readFrom(handle: Awaited<ReturnType<typeof open>>, offset: number): Promise<string> {
  const { size } = await handle.stat()
  const buffer = Buffer.alloc(size - offset)
  await handle.read(buffer, 0, buffer.length, offset)
  return buffer.toString('utf8')
}

function entryOf(line: Json): AuditEntry {
  return {
    user: textAt(line, 'user', 'username'),
    userAgent: textAt(line, 'userAgent'),
    verb: textAt(line, 'verb'),
    resource: textAt(line, 'objectRef', 'resource'),
    subresource: textAt(line, 'objectRef', 'subresource'),
    namespace: textAt(line, 'objectRef', 'namespace'),
    name: textAt(line, 'objectRef', 'name'),
    code: Number(at(line, 'responseStatus', 'code') ?? 0),
    uri: textAt(line, 'requestURI'),
  }
}
