import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { alternativeNames, loadX509, parseRequest } from '../../platform/x509.ts';

/** The authority that signs, both PEM. */
export interface Authority {
  certificate: string;
  /** PKCS 8. */
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const yearSeconds = 365 * 86_400;
/** Clocks differ: a new certificate holds from a little before it was made. */
const backdateMs = 300_000;
/** Certificates that hold for less hold until the whole time has passed all the same. */
const shortMs = 8 * 3_600_000;

/** The bits of `keyUsage` (RFC 5280, 4.2.1.3), by the names that requests use. */
const keyUsages: Readonly<Record<string, number>> = {
  signing: 1,
  'digital signature': 1,
  'content commitment': 2,
  'key encipherment': 4,
  'data encipherment': 8,
  'key agreement': 16,
  'cert sign': 32,
  'crl sign': 64,
  'encipher only': 128,
  'decipher only': 256,
};

/** The names that requests use, by the identifiers of `extKeyUsage` in the order that certificates have them in. */
const extendedUsages: Readonly<Record<string, readonly string[]>> = {
  '2.5.29.37.0': ['any'],
  '1.3.6.1.5.5.7.3.1': ['server auth'],
  '1.3.6.1.5.5.7.3.2': ['client auth'],
  '1.3.6.1.5.5.7.3.3': ['code signing'],
  '1.3.6.1.5.5.7.3.4': ['email protection', 's/mime'],
  '1.3.6.1.5.5.7.3.5': ['ipsec end system'],
  '1.3.6.1.5.5.7.3.6': ['ipsec tunnel'],
  '1.3.6.1.5.5.7.3.7': ['ipsec user'],
  '1.3.6.1.5.5.7.3.8': ['timestamping'],
  '1.3.6.1.5.5.7.3.9': ['ocsp signing'],
  '1.3.6.1.4.1.311.10.3.3': ['microsoft sgc'],
  '2.16.840.1.113730.4.1': ['netscape sgc'],
};

export interface SignOptions {
  usages: readonly string[];
  expirationSeconds?: number;
  clock: Clock;
  random: Random;
}

/** Signs a request; gives the certificate as PEM in base64. */
export async function sign(authority: Authority, base64: string, options: SignOptions): Promise<string> {
  const x509 = await loadX509();
  const request = await parseRequest(base64);
  const issuer = new x509.X509Certificate(authority.certificate);
  const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const nowMs = options.clock.now();
  const seconds = Math.min(options.expirationSeconds ?? yearSeconds, yearSeconds);
  const spanMs = seconds * 1000 < shortMs ? seconds * 1000 : seconds * 1000 - backdateMs;
  const notAfter = Math.min(nowMs + spanMs, issuer.notAfter.getTime());
  const serial = options.random.bytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const extended = Object.keys(extendedUsages).filter((id) =>
    extendedUsages[id]?.some((usage) => options.usages.includes(usage)),
  );
  const keyUsage = options.usages.reduce((flags, usage) => flags | (keyUsages[usage] ?? 0), 0);
  const names = request.getExtension(alternativeNames);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(serial).toString('hex'),
    subject: request.subject,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(notAfter),
    publicKey: request.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(keyUsage ? [new x509.KeyUsagesExtension(keyUsage, true)] : []),
      ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names ? [names] : []),
    ],
  });
  return Buffer.from(`${certificate.toString('pem')}\n`).toString('base64');
}
