// Turns an answer into headers and bytes.
import type { Response } from 'express'
import type { Answer } from './answer.ts'

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const PERMISSIONS_POLICY = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ')

export function setSecurityHeaders(response: Response): void {
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  response.setHeader('Permissions-Policy', PERMISSIONS_POLICY)
}

export function sendAnswer(response: Response, answer: Answer): void {
  response.setHeader('Cache-Control', isPage(answer) ? 'no-cache' : 'no-store')
  switch (answer.type) {
    case 'json':
      response.status(answer.status).json(answer.body)
      return
    case 'text':
      response
        .status(answer.status)
        .type(answer.contentType ?? 'text/plain; charset=utf-8')
        .send(answer.text)
      return
    case 'redirect':
      response.redirect(302, answer.to)
      return
    default:
      answer satisfies never
  }
}

function isPage(answer: Answer): boolean {
  return answer.type === 'text' && answer.contentType?.startsWith('text/html') === true
}
