// A certificate authority for tests: X.509 v3 with ECDSA P-256, written as DER by hand, since Node reads certificates
// but cannot make them. Not for anything but loopback.
import type { KeyObject } from 'node:crypto'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** PEM of the authority itself. */
  readonly ca: string
  /** A certificate for 127.0.0.1 and localhost, for servers and clients. */
  issue(commonName: string): Certificate
}

export function createAuthority(commonName = 'test-ca'): Authority {
  const pair = newPair()
  const issuer = nameOf(commonName)
  const ca = certificate({
    subject: issuer,
    issuer,
    publicKey: pair.publicKey,
    signer: pair.privateKey,
    extensions: [basicConstraints(true)],
  })
  return {
    ca,
    issue: (name) => {
      const own = newPair()
      const cert = certificate({
        subject: nameOf(name),
        issuer,
        publicKey: own.publicKey,
        signer: pair.privateKey,
        extensions: [basicConstraints(false), alternativeNames()],
      })
      return { cert, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
    },
  }
}

interface Content {
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly extensions: readonly Buffer[]
}

const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
} as const

function certificate(content: Content): string {
  const algorithm = sequence(der(0x06, Buffer.from(OID.ecdsaWithSha256)))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    // The first bit stays 0, else the number would be negative.
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    content.issuer,
    sequence(utcTime('200101000000Z'), utcTime('491231235959Z')),
    content.subject,
    content.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...content.extensions)),
  )
  const whole = sequence(body, algorithm, bits(sign('sha256', body, content.signer)))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function newPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(der(0x06, Buffer.from(OID.commonName)), der(0x0c, Buffer.from(commonName)))))
}

function basicConstraints(isAuthority: boolean): Buffer {
  const value = isAuthority ? sequence(der(0x01, Buffer.from([0xff]))) : sequence()
  return sequence(der(0x06, Buffer.from(OID.basicConstraints)), der(0x01, Buffer.from([0xff])), der(0x04, value))
}

function alternativeNames(): Buffer {
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
  return sequence(der(0x06, Buffer.from(OID.subjectAltName)), der(0x04, names))
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text))
}

function bits(content: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), content]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content])
}
