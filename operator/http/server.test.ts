import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { OperatorView } from '#api/view.ts'
import { createWorkloads } from '#api/view.ts'
import { systemClock } from '#lib/clock.ts'
import { fakeTelemetry } from '#testing/fake-telemetry.ts'
import { fakeOperatorView } from '#testing/fake-views.ts'
import { NOW_MS } from '#testing/given.ts'
import { createRoutes } from './routes.ts'
import type { HttpServer, HttpSettings } from './server.ts'
import { startHttp } from './server.ts'

const open: HttpServer[] = []

afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]()
})

async function start(view: Partial<OperatorView> = {}, over: Partial<HttpSettings> = {}) {
  const telemetry = fakeTelemetry()
  const shown = fakeOperatorView(view)
  const settings = { port: 0, address: '127.0.0.1', allowedHosts: [], metricsPath: '/metrics', ...over }
  const server = await startHttp(settings, {
    view: shown,
    workloads: createWorkloads(shown.identity),
    scrape: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'metric 1\n' }),
    telemetry,
    clock: { ...systemClock, now: () => NOW_MS + 60_000 },
  })
  open.push(server)
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { redirect: 'manual', ...init })
  return { server, telemetry, get }
}

describe('every route', () => {
  it.each(createRoutes('/metrics').map(({ path }) => path))('%s answers GET and HEAD only', async (path) => {
    const { get } = await start()
    const asked = path.replace(':name', 'processes')

    const [got, head, post] = await Promise.all([
      get(asked),
      get(asked, { method: 'HEAD' }),
      get(asked, { method: 'POST' }),
    ])

    expect([200, 302]).toContain(got.status)
    expect(head.status).toBe(got.status)
    expect(await head.text()).toBe('')
    expect(post.status).toBe(405)
    expect(post.headers.get('allow')).toBe('GET, HEAD')
    expect(await post.json()).toEqual({ status: 'error', error: 'only GET and HEAD are allowed' })
  })

  it('sends the security headers, also with an error', async () => {
    const { get } = await start()

    for (const path of ['/', '/status', '/nowhere']) {
      const { headers } = await get(path)
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('cache-control')).toBe(path === '/' ? 'no-cache' : 'no-store')
    }
  })
})

describe('refusals', () => {
  it('answer an unknown path with a JSON error', async () => {
    const { get } = await start()

    const response = await get('/nowhere?x=1')

    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ status: 'error', error: 'there is nothing at this path; / lists what is' })
  })

  it('answer a path that is encoded wrongly', async () => {
    const { get } = await start()

    const response = await get('/api/workloads/%zz')

    expect(response.status).toBe(400)
  })

  it('answer a foreign host name with the key to set', async () => {
    const { server } = await start()

    const answer = await raw(server.port, 'GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')

    expect(answer).toContain('HTTP/1.1 421')
    expect(answer).toContain('http.allowedHosts')
  })

  it('answer a body without waiting for it', async () => {
    const { server } = await start()

    const answer = await raw(server.port, 'GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n')

    expect(answer).toContain('HTTP/1.1 413')
  })

  it('show no stack when something fails', async () => {
    const { get, telemetry } = await start({
      leadership: () => {
        throw new TypeError('secret detail')
      },
    })

    const response = await get('/status', { headers: { 'X-Request-Id': 'req-1' } })

    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({
      status: 'error',
      error: 'internal error; the log has more under request id req-1',
    })
    expect(telemetry.messages('error')).toEqual(['request failed'])
  })
})

describe('the server', () => {
  it('binds a free port and logs the address', async () => {
    const { server, telemetry } = await start()

    expect(server.port).toBeGreaterThan(0)
    expect(telemetry.lines[0]).toEqual({
      level: 'info',
      message: 'serving http',
      fields: { address: '127.0.0.1', port: server.port },
    })
  })

  it('says in one sentence that the port is in use', async () => {
    const { server } = await start()

    await expect(start({}, { port: server.port })).rejects.toThrow(
      `port ${server.port} on 127.0.0.1 is in use by another process; choose another one with --port, HIGHLANDER_PORT or \`port\``,
    )
  })

  it('counts requests by route, never by path', async () => {
    const { get, telemetry } = await start()

    await (await get('/api/workloads/secret-name')).text()
    await (await get('/nowhere')).text()
    await expect.poll(() => telemetry.callsOf('httpRequest').length).toBe(2)

    const counted = telemetry.callsOf('httpRequest').map(([route, method, code]) => [route, method, code])
    expect(counted).toEqual([
      ['/api/workloads/:name', 'GET', 404],
      ['none', 'GET', 404],
    ])
  })

  it('serves metrics in their own content type at the configured path', async () => {
    const { get } = await start({}, { metricsPath: '/prom' })

    const response = await get('/prom')

    expect(response.headers.get('content-type')).toContain('version=0.0.4')
    expect(await response.text()).toBe('metric 1\n')
    expect((await get('/metrics')).status).toBe(404)
  })

  it('redirects /dashboard, and lists the endpoints at /', async () => {
    const { get } = await start()

    expect((await get('/dashboard')).headers.get('location')).toBe('/')
    const page = await get('/')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('<a href="/api/workloads">/api/workloads</a>')
  })
})

async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
