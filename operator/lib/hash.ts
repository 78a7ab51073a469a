// Short, stable fingerprints of text.
import { createHash } from 'node:crypto'

/** The first 16 hex digits (64 bits) of SHA-256. */
export function hash16(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
