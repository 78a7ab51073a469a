import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { TransientError } from '#lib/errors.ts'
import { createFakeClock } from '#testing/fake-clock.ts'
import type { LogSettings } from './logger.ts'
import { createLoggers } from './logger.ts'

function open(over: Partial<LogSettings> = {}) {
  const written: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString())
      done()
    },
  })
  const clock = createFakeClock({ nowMs: 1_767_225_600_042 })
  const loggers = createLoggers({ level: 'info', format: 'json', fields: { id: 'r1' }, stream, clock, ...over })
  const lines = (): Record<string, unknown>[] => written.map((line): Record<string, unknown> => JSON.parse(line))
  return { loggers, log: loggers.of('kube'), clock, written, lines }
}

describe('JSON lines', () => {
  it('are one object each, with the standard fields first', () => {
    const { log, written } = open()

    log.info('lease acquired', { epoch: 7n, afterMs: 12 })

    expect(written).toEqual([
      '{"ts":"2026-01-01T00:00:00.042Z","level":"info","msg":"lease acquired","component":"kube","id":"r1","epoch":7,"afterMs":12}\n',
    ])
  })

  it('carry the context of the moment', () => {
    const { loggers, log, lines } = open()
    let epoch = 1n

    loggers.setContext(() => ({ epoch }))
    log.info('one')
    epoch = 2n
    log.info('two')

    expect(lines().map((line) => line['epoch'])).toEqual([1, 2])
  })

  it('leave out what is below the level', () => {
    const { log, lines } = open({ level: 'warn' })

    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')

    expect(lines().map((line) => line['msg'])).toEqual(['c', 'd'])
  })

  it('show an expected error without its stack, and another one with it', () => {
    const { log, lines } = open()

    log.warn('a', { err: new TransientError('renew', { cause: new Error('reset'), reason: 'timeout' }) })
    log.error('b', { err: new TypeError('undefined is not a function') })

    expect(lines()[0]?.['err']).toEqual({ class: 'TransientError', message: 'renew: reset', reason: 'timeout' })
    expect(lines()[1]?.['err']).toMatchObject({ class: 'TypeError', message: 'undefined is not a function' })
    expect(JSON.stringify(lines()[1])).toContain('logger.test.ts')
  })

  it('never throw, whatever is logged', () => {
    const { log, lines } = open()
    const loop: Record<string, unknown> = { big: 2n ** 70n, run: () => undefined, none: undefined }
    loop['self'] = loop
    Object.defineProperty(loop, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })

    log.info('odd', {
      loop,
      at: {
        toJSON: () => {
          throw new Error('no json')
        },
      },
      message: 'kept',
      level: 'kept',
    })

    expect(lines()[0]).toMatchObject({
      msg: 'odd',
      message: 'kept',
      loop: { big: '1180591620717411303424', run: '[function]', self: '[circular]', bad: '[unreadable: no]' },
      at: '[unreadable: no json]',
    })
  })
})

describe('repeated warnings', () => {
  it('come once a minute, with the number left out', async () => {
    const { log, clock, lines } = open()

    log.warn('slow', { server: 'a', afterMs: 1 })
    log.warn('slow', { server: 'a', afterMs: 2 })
    log.warn('slow', { server: 'b', afterMs: 3 })
    await clock.advance(59_999)
    log.warn('slow', { server: 'a' })
    await clock.advance(1)
    log.warn('slow', { server: 'a' })

    expect(lines().map(({ server, repeated }) => [server, repeated])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['a', 2],
    ])
  })

  it('does not apply to information', () => {
    const { log, lines } = open()

    log.info('same')
    log.info('same')

    expect(lines()).toHaveLength(2)
  })
})

it('writes text for people in human order', () => {
  const { log, written } = open({ format: 'text' })

  log.warn('cannot list', { resource: 'pods', sentence: 'forbidden: pods is not allowed' })

  expect(written).toEqual([
    '2026-01-01T00:00:00.042Z WARN  kube: cannot list resource=pods sentence="forbidden: pods is not allowed"\n',
  ])
})
