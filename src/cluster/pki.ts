import type { webcrypto } from 'node:crypto';
import type { Files } from '../platform/files.ts';
import type { Random } from '../platform/random.ts';
import type { Clock } from '../platform/clock.ts';
import { loadX509 } from '../platform/x509.ts';

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** What a certificate says about its holder. */
export interface CertificateRequest {
  commonName: string;
  /** Groups of a client. */
  organizations?: readonly string[];
  /** Names and addresses of a server. */
  hosts?: readonly string[];
  usages: readonly ('client' | 'server')[];
}

const dayMs = 86_400_000;
const caDays = 3650;
const leafDays = 365;
/** A certificate with less than this left is made anew. */
const renewBeforeMs = 30 * dayMs;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

function serialNumber(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString('hex');
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', key));
}

function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
}

const pemBlock = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n/g;

const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** A new authority that signs certificates of a cluster. */
export async function createAuthority(
  options: { clock: Clock; random: Random },
  commonName = 'kubernetes',
): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await newKeys();
  const nowMs = options.clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    serialNumber: serialNumber(options.random),
    notBefore: new Date(nowMs - 300_000),
    notAfter: new Date(nowMs + caDays * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

const isAddress = (host: string) => host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);

/** A certificate signed by `authority`, with a key of its own. */
export async function issue(
  authority: KeyPair,
  request: CertificateRequest,
  options: { clock: Clock; random: Random },
): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await newKeys();
  const nowMs = options.clock.now();
  const names = (request.hosts ?? []).map((h) => ({ type: isAddress(h) ? 'ip' : 'dns', value: h }) as const);
  const usages = request.usages.map((u) =>
    u === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
  );
  const subject = [{ CN: [request.commonName] }, ...(request.organizations ?? []).map((o) => ({ O: [o] }))];
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(options.random),
    subject,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - 300_000),
    notAfter: new Date(nowMs + leafDays * dayMs),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** A request for a certificate, PEM, and the new key it is for. */
export async function createRequest(
  wanted: Omit<CertificateRequest, 'usages'>,
): Promise<{ request: string; key: string }> {
  const x509 = await loadX509();
  const keys = await newKeys();
  const hosts = (wanted.hosts ?? []).map((h) => ({ type: isAddress(h) ? 'ip' : 'dns', value: h }) as const);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [...(wanted.organizations ?? []).map((o) => ({ O: [o] })), { CN: [wanted.commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: hosts.length > 0 ? [new x509.SubjectAlternativeNameExtension(hosts)] : [],
  });
  return { request: `${request.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** A key that signs service-account tokens (ES256), PKCS 8 PEM. */
export async function createTokenKey(): Promise<string> {
  return exportKey((await newKeys()).privateKey);
}

/**
 * Authorities that must not be taken for one another: who stands on that of proxies may say for whom he asks, so
 * nobody else's certificate may stand on it.
 */
export type AuthorityName = 'ca' | 'front-proxy-ca';

const commonNames: Record<AuthorityName, string> = { ca: 'kubernetes', 'front-proxy-ca': 'front-proxy-ca' };

/** The certificates of one cluster, kept as PEM files in a directory and made when first asked for. */
export class Pki {
  readonly #dir: string;
  readonly #world: { files: Files; clock: Clock; random: Random };
  readonly #authorities = new Map<AuthorityName, KeyPair>();

  constructor(dir: string, world: { files: Files; clock: Clock; random: Random }) {
    this.#dir = dir;
    this.#world = world;
  }

  /** What certificates of the cluster stand on, or those of its proxies. */
  async authority(name: AuthorityName = 'ca'): Promise<KeyPair> {
    const kept = this.#authorities.get(name) ?? (await this.#load(name));
    const authority = kept ?? (await this.#save(name, await createAuthority(this.#world, commonNames[name])));
    this.#authorities.set(name, authority);
    return authority;
  }

  /** The pair kept under `name`; issued anew where it is missing, about to expire, or for other hosts. */
  async pair(name: string, request: CertificateRequest, authority?: AuthorityName): Promise<KeyPair> {
    const kept = await this.#load(name);
    const wanted = JSON.stringify(request);
    const note = `${this.#dir}/${name}.json`;
    if (kept && (await this.#world.files.exists(note))) {
      const made = JSON.parse(await this.#world.files.readText(note)) as { wanted: string; madeMs: number };
      const leftMs = made.madeMs + leafDays * dayMs - this.#world.clock.now();
      if (made.wanted === wanted && leftMs > renewBeforeMs) return kept;
    }
    const fresh = await this.#save(name, await issue(await this.authority(authority), request, this.#world));
    await this.#world.files.writeAtomic(note, JSON.stringify({ wanted, madeMs: this.#world.clock.now() }));
    return fresh;
  }

  /** The key that signs service-account tokens. */
  async tokenKey(): Promise<string> {
    const path = `${this.#dir}/sa.key`;
    if (await this.#world.files.exists(path)) return this.#world.files.readText(path);
    const key = await createTokenKey();
    await this.#world.files.makeDir(this.#dir, { mode: 0o700 });
    await this.#world.files.writeAtomic(path, key, { mode: 0o600 });
    return key;
  }

  async #load(name: string): Promise<KeyPair | undefined> {
    const { files } = this.#world;
    const path = `${this.#dir}/${name}.pem`;
    if (!(await files.exists(path))) return undefined;
    const text = await files.readText(path);
    const [key = '', certificate = ''] = text.match(pemBlock) ?? [];
    return { certificate, key };
  }

  /** Both in one file: two that are made at once, or a kill between two writes, must not leave halves that do not fit. */
  async #save(name: string, pair: KeyPair): Promise<KeyPair> {
    const { files } = this.#world;
    await files.makeDir(this.#dir, { mode: 0o700 });
    await files.writeAtomic(`${this.#dir}/${name}.pem`, `${pair.key}${pair.certificate}`, { mode: 0o600 });
    return pair;
  }
}
