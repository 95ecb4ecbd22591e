import { createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';
import type { Files } from '../platform/files.ts';
import type { Random } from '../platform/random.ts';
import type { Clock } from '../platform/clock.ts';
import { loadX509 } from '../platform/x509.ts';
import { UserError } from './user-error.ts';

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** A pair as a server takes it whose clients show certificates of the authority `clientCa`. */
export const serverTls = ({ certificate: cert, key }: KeyPair, clientCa: string) => ({ cert, key, clientCa });

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

/** Whether a server is called by an address, not by a name. */
export const isAddress = (host: string) => host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);

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

const anew = (dir: string) =>
  `bring it back from a snapshot; or remove ${dir}, so that all is made anew: kubeconfigs, nodes and tokens of before are then those of strangers`;

/** The certificate of a pair. Throws where there is none, or the key is another's. */
function certificateOf({ certificate, key }: KeyPair): X509Certificate {
  const read = new X509Certificate(certificate);
  if (!read.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  return read;
}

/** Throws a `UserError` where what is kept as an authority can be none now: nobody would believe the server. */
function checkAuthority(authority: KeyPair, { path, dir }: { path: string; dir: string }, nowMs: number) {
  let read: X509Certificate;
  try {
    read = certificateOf(authority);
  } catch (error) {
    throw new UserError(`${path} holds no authority: ${(error as Error).message}`, anew(dir));
  }
  if (Date.parse(read.validTo) < nowMs)
    throw new UserError(
      `the authority in ${path} has run out: it was valid until ${read.validTo}`,
      anew(dir),
    );
  if (Date.parse(read.validFrom) > nowMs)
    throw new UserError(
      `the authority in ${path} is not valid before ${read.validFrom}`,
      'is the clock right?',
    );
}

function readKey(path: string, text: string): string {
  try {
    createPrivateKey(text);
    return text;
  } catch (error) {
    const hint =
      'bring it back from a snapshot; or remove it: tokens of service accounts of before are then void';
    throw new UserError(`${path} holds no key: ${(error as Error).message}`, hint);
  }
}

/** Whether a kept pair is of use for a while yet: whole, and of the authority there is. */
function isOfUse(kept: KeyPair, authority: KeyPair, nowMs: number): boolean {
  try {
    const read = certificateOf(kept);
    const isValid = Date.parse(read.validFrom) <= nowMs && Date.parse(read.validTo) - nowMs > renewBeforeMs;
    return isValid && read.verify(new X509Certificate(authority.certificate).publicKey);
  } catch {
    return false;
  }
}

/** The certificates of one cluster, kept as PEM files in a directory and made when first asked for. */
export class Pki {
  readonly #dir: string;
  readonly #world: { files: Files; clock: Clock; random: Random };
  readonly #authorities = new Map<AuthorityName, Promise<KeyPair>>();

  constructor(dir: string, world: { files: Files; clock: Clock; random: Random }) {
    this.#dir = dir;
    this.#world = world;
  }

  /**
   * What certificates of the cluster stand on, or those of its proxies; one, however many ask for it at once. Rejects with
   * a `UserError` where what is kept can be none now.
   */
  authority(name: AuthorityName = 'ca'): Promise<KeyPair> {
    const known = this.#authorities.get(name) ?? this.#openAuthority(name);
    this.#authorities.set(name, known);
    return known;
  }

  async #openAuthority(name: AuthorityName): Promise<KeyPair> {
    const kept = await this.#load(name);
    if (!kept) return this.#save(name, await createAuthority(this.#world, commonNames[name]));
    const path = `${this.#dir}/${name}.pem`;
    checkAuthority(kept, { path, dir: this.#dir }, this.#world.clock.now());
    return kept;
  }

  /**
   * The pair kept under `name`; issued anew where it is missing, damaged, about to expire, for other hosts or of another
   * authority.
   */
  async pair(name: string, request: CertificateRequest, authorityName?: AuthorityName): Promise<KeyPair> {
    const kept = await this.#load(name);
    const wanted = JSON.stringify(request);
    const authority = await this.authority(authorityName);
    const isWanted = kept && (await this.#noted(name)) === wanted;
    if (isWanted && isOfUse(kept, authority, this.#world.clock.now())) return kept;
    const fresh = await this.#save(name, await issue(authority, request, this.#world));
    await this.#world.files.writeAtomic(`${this.#dir}/${name}.json`, JSON.stringify({ wanted }));
    return fresh;
  }

  /** What a pair was made for; undefined where that is not known. */
  async #noted(name: string): Promise<string | undefined> {
    try {
      return JSON.parse(await this.#world.files.readText(`${this.#dir}/${name}.json`)).wanted;
    } catch {
      return undefined;
    }
  }

  /** The key that signs service-account tokens. Throws a `UserError` where something else is kept as that. */
  async tokenKey(): Promise<string> {
    const path = `${this.#dir}/sa.key`;
    if (await this.#world.files.exists(path)) return readKey(path, await this.#world.files.readText(path));
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
