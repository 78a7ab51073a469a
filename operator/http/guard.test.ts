import { describe, expect, it } from 'vitest'
import { isAllowedHost, refusal, requestIdOf } from './guard.ts'

describe('host names', () => {
  it.each([
    '127.0.0.1:8080',
    '10.1.2.3',
    '[::1]:8080',
    'localhost:8080',
    'LOCALHOST',
    'highlander:8080',
    'highlander.ops.svc',
    'highlander.ops.svc:8080',
    'highlander.ops.svc.cluster.local',
    'highlander.cluster.local.',
    'ops.example.com:443',
    '',
  ])('accepts %j', (host) => {
    expect(isAllowedHost(host, ['OPS.example.com'])).toBe(true)
  })

  it.each(['evil.example', 'ops.example.com.evil.example', 'a.svcx', '127.0.0.1.evil.example', '10.1.2.3.nip.io:8080'])(
    'refuses %j',
    (host) => {
      expect(isAllowedHost(host, ['ops.example.com'])).toBe(false)
    },
  )
})

describe('limits', () => {
  const head = { method: 'GET', url: '/status', headers: { host: 'localhost' } }
  const free = { allowedHosts: [], connections: 1 }
  const statusOf = (answer: ReturnType<typeof refusal>): number | undefined =>
    answer !== undefined && 'status' in answer ? answer.status : undefined

  it('pass an ordinary request', () => {
    expect(refusal(head, false, free)).toBeUndefined()
  })

  it.each([
    [414, { url: `/${'x'.repeat(4096)}` }],
    [413, { headers: { host: 'localhost', 'content-length': '1' } }],
    [413, { headers: { host: 'localhost', 'transfer-encoding': 'chunked' } }],
    [421, { headers: { host: 'evil.example' } }],
    [403, { url: '/api/workloads', headers: { host: 'localhost', 'sec-fetch-site': 'cross-site' } }],
  ])('answer %d to %j', (status, over) => {
    expect(statusOf(refusal({ ...head, ...over }, false, free))).toBe(status)
  })

  it('keep probes answered when there are too many connections, under any host name', () => {
    const crowded = { allowedHosts: [], connections: 513 }

    expect(statusOf(refusal(head, false, crowded))).toBe(503)
    expect(refusal({ ...head, headers: { host: 'evil.example' } }, true, crowded)).toBeUndefined()
  })
})

it('takes over a well-formed request id only', () => {
  const idOf = (given: string): string =>
    requestIdOf({ method: 'GET', url: '/', headers: { 'x-request-id': given } }, () => 'own')

  expect(idOf('abc-1.2_3')).toBe('abc-1.2_3')
  expect(idOf('a b')).toBe('own')
  expect(idOf('x'.repeat(65))).toBe('own')
})
