// A stream of bytes as one JSON value per line. Lines may be cut anywhere, also within a character. A line that is too
// long, unreadable or cut off by the end of the stream is an error after all good lines before it were handed out:
// the caller resumes behind the last of them, and nothing is skipped.
import { TransientError } from '#lib/errors.ts'

const NEWLINE = 0x0a

/** A watch line holds one object; etcd refuses objects of more than 1.5 MB, the rest is room for escapes. */
const MAX_LINE_BYTES = 32 * 1024 * 1024

/**
 * Calls back for each line until the stream ends. Throws TransientError with the reason `invalid` for what is no line,
 * and whatever the stream or `onLine` throws.
 */
export async function readLines(
  chunks: AsyncIterable<Uint8Array>,
  onLine: (value: unknown) => void,
  maxLineBytes = MAX_LINE_BYTES,
): Promise<void> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const tail = bytes.subarray(start, end)
      start = end + 1
      const line = restBytes === 0 ? tail : Buffer.concat([...rest, tail])
      rest = []
      restBytes = 0
      if (line.length > 0) onLine(parse(line))
    }
    if (start === bytes.length) continue
    rest.push(bytes.subarray(start))
    restBytes += bytes.length - start
    if (restBytes > maxLineBytes) throw unreadable(`a line is longer than ${maxLineBytes} bytes`)
  }
  if (restBytes > 0) throw unreadable(`the stream ended within a line, after ${restBytes} bytes of it`)
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch (error) {
    throw unreadable(`a line of ${line.length} bytes is no JSON`, error)
  }
}

function unreadable(message: string, cause?: unknown): TransientError {
  return new TransientError(message, { reason: 'invalid', cause })
}
