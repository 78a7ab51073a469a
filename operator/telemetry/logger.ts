// The log: one line per entry on a stream, as JSON or as text for people. It promises never to throw, whatever the
// fields are, and to repeat an identical warning or error at most each 60 s, with the count of those left out.
import type { Writable } from 'node:stream'
import winston from 'winston'
import type { LogFields, Logger } from '#api/ports.ts'
import type { Clock } from '#lib/clock.ts'
import { formatTime } from '#lib/time.ts'
import { plainFields } from './log-fields.ts'
import { createRepeats } from './repeats.ts'

export interface LogSettings {
  readonly level: Level
  readonly format: 'json' | 'text'
  /** On every line. */
  readonly fields: LogFields
  readonly stream: Writable
  readonly clock: Clock
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Loggers {
  /** The log of one part of the operator. */
  of(component: string): Logger
  /** Fields of every line from now on, such as the epoch of the term. */
  setContext(context: () => LogFields): void
}

export function createLoggers(settings: LogSettings): Loggers {
  const { clock } = settings
  const output = winston.createLogger({
    level: settings.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf(({ message }) => String(message)),
    transports: [new winston.transports.Stream({ stream: settings.stream, eol: '\n' })],
  })
  const repeats = createRepeats(clock)
  let context: () => LogFields = () => ({})
  const write = (level: Level, component: string, entry: { message: string; fields: LogFields }): void => {
    if (!output.isLevelEnabled(level)) return
    const given = plainFields(entry.fields)
    const repeated = level === 'warn' || level === 'error' ? repeats.next(`${component} ${entry.message}`, given) : 0
    if (repeated === undefined) return
    const line = {
      ts: `${formatTime(clock.now()).slice(0, -1)}.${String(Math.floor(clock.now()) % 1000).padStart(3, '0')}Z`,
      level,
      msg: entry.message,
      component,
      ...settings.fields,
      ...plainFields(context()),
      ...given,
      ...(repeated === 0 ? {} : { repeated }),
    }
    output.log({
      level,
      message: settings.format === 'json' ? JSON.stringify(line) : formatText(line, settings.fields),
    })
  }
  return {
    of: (component) => ({
      debug: (message, fields = {}) => write('debug', component, { message, fields }),
      info: (message, fields = {}) => write('info', component, { message, fields }),
      warn: (message, fields = {}) => write('warn', component, { message, fields }),
      error: (message, fields = {}) => write('error', component, { message, fields }),
    }),
    setContext: (next) => {
      context = next
    },
  }
}

/** The same fields in human order; those that every line has are left out. */
function formatText(line: LogFields, common: LogFields): string {
  const { ts, level, msg, component, ...rest } = line
  const shown = Object.entries(rest).filter(([name, value]) => common[name] !== value)
  const words = shown.map(
    ([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : JSON.stringify(value)}`,
  )
  return [ts, String(level).toUpperCase().padEnd(5), `${String(component)}:`, msg, ...words].join(' ')
}

function quote(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text)
}
