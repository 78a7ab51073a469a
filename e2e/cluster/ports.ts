// Free loopback ports for servers that are about to start.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { TerminalError } from '#lib/errors.ts'

// Below the range from which Linux takes the local ports of outgoing connections: a server that is restarted
// finds its port free again, whatever its clients did meanwhile.
const FIRST_PORT = 20_000
const LAST_PORT = 29_999
const MAX_TRIES = 200

/** Different from each other. Another process may still take one before its server starts: that start then fails. */
export async function pickPorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  for (let tries = 0; tries < MAX_TRIES && ports.size < count; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (await isFree(port)) ports.add(port)
  }
  if (ports.size === count) return [...ports]
  throw new TerminalError(`found no ${count} free ports between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1`)
}

export async function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
