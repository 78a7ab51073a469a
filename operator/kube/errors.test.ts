import { describe, expect, it } from 'vitest'
import { TerminalError, TransientError } from '#lib/errors.ts'
import { errorOfAnswer } from './errors.ts'

const asked = 'GET /api/v1/namespaces/prod/pods/report-pod'

describe('an answer of 404', () => {
  it('is absence when the API server says so about the object', () => {
    const status = { kind: 'Status', reason: 'NotFound', message: 'pods "report-pod" not found', code: 404 }

    const error = errorOfAnswer({ status: 404, text: JSON.stringify(status) }, asked)

    expect(error).toMatchObject({ name: 'TerminalError', reason: 'not_found', message: 'pods "report-pod" not found' })
  })

  it.each(['404 page not found', '<html>default backend</html>', '', '{"error":"not found"}'])(
    'is no absence when a proxy, or a path that is not served, says %j',
    (text) => {
      const error = errorOfAnswer({ status: 404, text }, asked)

      expect(error).toBeInstanceOf(TerminalError)
      expect(error).toMatchObject({ reason: 'unknown' })
    },
  )
})

it.each([400, 403, 413, 422])('believes a refusal with %i only when the API server gives it', (status) => {
  const page = errorOfAnswer({ status, text: '<html>blocked</html>' }, asked)
  const own = errorOfAnswer({ status, text: '{"kind":"Status","message":"no"}' }, asked)

  expect(page).toBeInstanceOf(TransientError)
  expect(own).toBeInstanceOf(TerminalError)
})
