import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TransientError } from '#lib/errors.ts'
import { readLines } from './ndjson.ts'

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0
  for (const cut of [...cuts.map((n) => n % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(start, cut)
    start = cut
  }
}

async function read(text: string, options: { cuts?: readonly number[]; maxBytes?: number } = {}): Promise<unknown[]> {
  const values: unknown[] = []
  await readLines(chunksOf(Buffer.from(text), options.cuts ?? []), (value) => values.push(value), options.maxBytes)
  return values
}

it('reads the same lines wherever the stream is cut, also within a character', async () => {
  const lines = fc.array(fc.jsonValue(), { maxLength: 5 })

  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat()), async (values, cuts) => {
      const text = values.map((value) => `${JSON.stringify({ value, umlaut: 'äß→😀' })}\n`).join('')

      const found = await read(text, { cuts })

      expect(found).toEqual(values.map((value) => JSON.parse(JSON.stringify({ value, umlaut: 'äß→😀' }))))
    }),
    { numRuns: 200 },
  )
})

it('reports a line that the end of the stream cut off, after the good lines', async () => {
  const seen: unknown[] = []
  const reading = readLines(chunksOf(Buffer.from('{"a":1}\n{"b":'), []), (value) => seen.push(value))

  await expect(reading).rejects.toMatchObject({ name: 'TransientError', reason: 'invalid' })
  expect(seen).toEqual([{ a: 1 }])
})

it('reports a line that is no JSON', async () => {
  await expect(read('{"a":1}\n<html>\n')).rejects.toBeInstanceOf(TransientError)
})

it('refuses a line that never ends', async () => {
  await expect(read('x'.repeat(2_000), { cuts: [500, 1_000], maxBytes: 900 })).rejects.toThrow('longer than 900 bytes')
})

it('passes on what the reader of a line throws', async () => {
  const reading = readLines(chunksOf(Buffer.from('1\n'), []), () => {
    throw new RangeError('mine')
  })

  await expect(reading).rejects.toThrow('mine')
})
