// X.509 certificates from node:crypto alone: the few DER structures that a test authority needs (ECDSA P-256).
// Promised: what Go, OpenSSL and Node accept. Not promised: anything for production: no revocation, no key identifiers.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { formatTime } from '#lib/time.ts'

export interface Authority {
  readonly certificate: string
  readonly privateKey: KeyObject
  readonly commonName: string
}

export interface Identity {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly privateKey: string
}

export interface Subject {
  readonly commonName: string
  /** Kubernetes reads each organization as a group. */
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  /** IPv4, dotted. */
  readonly addresses?: readonly string[]
}

const LIFETIME_MS = 30 * 24 * 3_600_000
// One hour back: clocks of two containers on one host may differ.
const BACKDATE_MS = 3_600_000

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'))
const KEY_USAGE_LEAF = Uint8Array.of(0x07, 0x80) // digitalSignature
const KEY_USAGE_AUTHORITY = Uint8Array.of(0x02, 0x84) // digitalSignature, keyCertSign

export function createAuthority(commonName: string, nowMs: number): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = distinguishedName({ commonName })
  const extensions = [
    extension('2.5.29.19', true, sequence(der(0x01, Uint8Array.of(0xff)))),
    extension('2.5.29.15', true, der(0x03, KEY_USAGE_AUTHORITY)),
  ]
  const certificate = signCertificate({ issuer: name, subject: name, publicKey, extensions, nowMs }, privateKey)
  return { certificate, privateKey, commonName }
}

/** One certificate that serves as server and as client. */
export function issueIdentity(authority: Authority, subject: Subject, nowMs: number): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const purposes = [objectId('1.3.6.1.5.5.7.3.1'), objectId('1.3.6.1.5.5.7.3.2')]
  const names = alternativeNames(subject)
  const extensions = [
    extension('2.5.29.15', true, der(0x03, KEY_USAGE_LEAF)),
    extension('2.5.29.37', false, sequence(...purposes)),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names))]),
  ]
  const issuer = distinguishedName({ commonName: authority.commonName })
  const parts = { issuer, subject: distinguishedName(subject), publicKey, extensions, nowMs }
  return {
    certificate: signCertificate(parts, authority.privateKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

interface CertificateParts {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
  readonly nowMs: number
}

function signCertificate(parts: CertificateParts, key: KeyObject): string {
  const validity = sequence(time(parts.nowMs - BACKDATE_MS), time(parts.nowMs + LIFETIME_MS))
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))), // version 3
    serialNumber(),
    ECDSA_WITH_SHA256,
    parts.issuer,
    validity,
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  )
  const signature = sign('sha256', body, key)
  const certificate = sequence(body, ECDSA_WITH_SHA256, der(0x03, Uint8Array.of(0), signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  // A leading bit would make the number negative, a leading zero byte would not be DER.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return der(0x02, bytes)
}

function distinguishedName(subject: Subject): Buffer {
  const organizations = (subject.organizations ?? []).map((group) => attribute('2.5.4.10', group))
  return sequence(...organizations, attribute('2.5.4.3', subject.commonName))
}

function attribute(type: string, text: string): Buffer {
  return der(0x31, sequence(objectId(type), der(0x0c, Buffer.from(text, 'utf8'))))
}

function alternativeNames(subject: Subject): readonly Buffer[] {
  const dns = (subject.dnsNames ?? []).map((name) => der(0x82, Buffer.from(name, 'ascii')))
  const addresses = (subject.addresses ?? []).map((text) => der(0x87, Uint8Array.from(text.split('.').map(Number))))
  return [...dns, ...addresses]
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(0x01, Uint8Array.of(0xff))] : []
  return sequence(objectId(type), ...flag, der(0x04, value))
}

function time(ms: number): Buffer {
  // UTCTime is right until 2049; certificates here live for days.
  const text = formatTime(ms)
    .replaceAll(/[-:TZ]/g, '')
    .slice(2)
  return der(0x17, Buffer.from(`${text}Z`, 'ascii'))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.from([tag, ...lengthOf(content.length)]), content])
}

function lengthOf(size: number): readonly number[] {
  if (size < 0x80) return [size]
  const bytes: number[] = []
  for (let left = size; left > 0; left >>>= 8) bytes.unshift(left & 0xff)
  return [0x80 | bytes.length, ...bytes]
}
