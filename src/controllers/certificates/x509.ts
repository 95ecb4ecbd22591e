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
