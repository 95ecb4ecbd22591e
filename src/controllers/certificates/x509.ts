import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { RequestContent } from './plan.ts';

/** The authority that signs, both PEM. */
export interface Authority {
  certificate: string;
  /** PKCS 8. */
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** The object identifier of subjectAltName. */
const alternativeNames = '2.5.29.17';
const yearSeconds = 365 * 86_400;
/** Clocks differ: a new certificate holds from a little before it was made. */
const backdateMs = 300_000;

/** Slow to load, and needed only where somebody asks for a certificate. */
async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Reads a request; throws where it is none. */
export async function readRequest(base64: string): Promise<RequestContent> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString());
  const found = request.getExtension(alternativeNames);
  const names = found instanceof x509.SubjectAlternativeNameExtension ? found.names.items : [];
  const of = (type: string) => names.filter((name) => name.type === type).map((name) => name.value);
  const [dnsNames, addresses] = [of('dns'), of('ip')];
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames,
    addresses,
    others: names.length - dnsNames.length - addresses.length,
  };
}

export interface SignOptions {
  usages: readonly string[];
  expirationSeconds?: number;
  clock: Clock;
  random: Random;
}

/** Signs a request; gives the certificate as PEM in base64. */
export async function sign(authority: Authority, base64: string, options: SignOptions): Promise<string> {
  const x509 = await loadX509();
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString());
  const issuer = new x509.X509Certificate(authority.certificate);
  const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const nowMs = options.clock.now();
  const seconds = Math.min(options.expirationSeconds ?? yearSeconds, yearSeconds);
  const notAfter = Math.min(nowMs + seconds * 1000, issuer.notAfter.getTime());
  const serial = options.random.bytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const extended = options.usages.flatMap((usage) => {
    if (usage === 'client auth') return [x509.ExtendedKeyUsage.clientAuth];
    return usage === 'server auth' ? [x509.ExtendedKeyUsage.serverAuth] : [];
  });
  const keyUsage =
    (options.usages.includes('digital signature') ? x509.KeyUsageFlags.digitalSignature : 0) |
    (options.usages.includes('key encipherment') ? x509.KeyUsageFlags.keyEncipherment : 0);
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
