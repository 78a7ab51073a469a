import { createServer, connect, type TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock.ts'
import { createAuthority, issueIdentity } from './x509.ts'

const nowMs = systemClock.now()

describe('x509', () => {
  it('carries user, groups and addresses where Kubernetes and Go look for them', () => {
    const authority = createAuthority('test-ca', nowMs)

    const identity = issueIdentity(
      authority,
      {
        commonName: 'jane',
        organizations: ['dev', 'ops'],
        dnsNames: ['localhost'],
        addresses: ['127.0.0.1', '10.0.0.1'],
      },
      nowMs,
    )

    const certificate = new X509Certificate(identity.certificate)
    expect(certificate.subject.split('\n')).toEqual(['O=dev', 'O=ops', 'CN=jane'])
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:10.0.0.1')
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true)
    expect(new X509Certificate(authority.certificate).ca).toBe(true)
    expect(certificate.ca).toBe(false)
  })

  it('is accepted by TLS on both sides', async () => {
    const authority = createAuthority('test-ca', nowMs)
    const server = issueIdentity(authority, { commonName: 'server', addresses: ['127.0.0.1'] }, nowMs)
    const client = issueIdentity(authority, { commonName: 'client' }, nowMs)

    const seen = await handshake(authority.certificate, server, client)

    expect(seen).toEqual({ serverAuthorized: true, clientName: 'client' })
  })

  it('is refused when another authority signed it', async () => {
    const authority = createAuthority('test-ca', nowMs)
    const other = createAuthority('test-ca', nowMs)
    const server = issueIdentity(other, { commonName: 'server', addresses: ['127.0.0.1'] }, nowMs)

    const attempt = handshake(authority.certificate, server, server)

    await expect(attempt).rejects.toThrow(/signature|certificate/)
  })
})

interface Pem {
  readonly certificate: string
  readonly privateKey: string
}

async function handshake(ca: string, server: Pem, client: Pem): Promise<unknown> {
  const listener = createServer({ ca, cert: server.certificate, key: server.privateKey, requestCert: true })
  listener.on('tlsClientError', () => undefined)
  const accepted = new Promise<TLSSocket>((resolve) => listener.on('secureConnection', resolve))
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const socket = connect({ host: '127.0.0.1', port, ca, cert: client.certificate, key: client.privateKey })
  try {
    await once(socket, 'secureConnect')
    const peer = await accepted
    return { serverAuthorized: socket.authorized, clientName: peer.getPeerCertificate().subject.CN }
  } finally {
    socket.destroy()
    listener.close()
  }
}
