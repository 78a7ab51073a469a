// Short, stable fingerprints of text.
import { hash } from 'node:crypto'

/** The first 16 hex digits (64 bits) of SHA-256. */
export function hash16(text: string): string {
  const digest = hash('sha256', text, 'hex')
  // Two short pieces are copied; one piece of 16 would keep the whole digest alive, and hashes are kept by the thousand.
  return [digest.slice(0, 8), digest.slice(8, 16)].join('')
}
