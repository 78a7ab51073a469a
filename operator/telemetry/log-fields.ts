// Turns what callers log into plain data that JSON can carry: errors become class and message, big integers become
// text, loops and getters that throw become a word. PURE.
import type { LogFields } from '#api/ports.ts'
import { AbortError, ConflictError, messageOf, TerminalError, TransientError } from '#lib/errors.ts'

const MAX_DEPTH = 5
const MAX_ITEMS = 100

export function plainFields(fields: LogFields): LogFields {
  try {
    const plain = toPlain(fields, [])
    return isObject(plain) ? plain : {}
  } catch (error) {
    return { unreadable: messageOf(error) }
  }
}

type Ancestors = readonly object[]

function toPlain(value: unknown, ancestors: Ancestors): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (ancestors.includes(value)) return '[circular]'
  if (ancestors.length >= MAX_DEPTH) return '[deep]'
  return objectToPlain(value, [...ancestors, value])
}

function objectToPlain(value: object, ancestors: Ancestors): unknown {
  if (value instanceof Error) return plainError(value)
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => toPlain(item, ancestors))
  if (value instanceof Map || value instanceof Set) return `[${value.constructor.name}(${value.size})]`
  const toJson = read(value, 'toJSON')
  if (typeof toJson === 'function') return jsonForm(value)
  const entries = Object.keys(value)
    .slice(0, MAX_ITEMS)
    .map((name) => [name, toPlain(read(value, name), ancestors)])
  return Object.fromEntries(entries)
}

/** Dates, URLs and the like know their own form. */
function jsonForm(value: object): unknown {
  try {
    const json: unknown = JSON.parse(JSON.stringify(value))
    return json
  } catch (error) {
    return `[unreadable: ${messageOf(error)}]`
  }
}

/** `{class, message, code, status, reason}`; the stack only of errors nobody expected. */
function plainError(error: Error): LogFields {
  const found = Object.fromEntries(
    ['code', 'status', 'reason'].map((name) => [name, read(error, name)]).filter(([, value]) => isScalar(value)),
  )
  const stack = isExpected(error) || error.stack === undefined ? {} : { stack: error.stack }
  return { class: error.name, message: messageOf(error), ...found, ...stack }
}

function isExpected(error: Error): boolean {
  const named = [TransientError, TerminalError, ConflictError, AbortError].some((known) => error instanceof known)
  // What the network and the file system throw carries a code.
  return named || typeof read(error, 'code') === 'string'
}

function read(from: object, name: string): unknown {
  try {
    return Reflect.get(from, name)
  } catch (error) {
    return `[unreadable: ${messageOf(error)}]`
  }
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function isObject(value: unknown): value is LogFields {
  return typeof value === 'object' && value !== null
}
