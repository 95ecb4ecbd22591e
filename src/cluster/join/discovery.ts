import { createHash, createHmac, timingSafeEqual, X509Certificate } from 'node:crypto';
import type { ConfigMap } from '../../api/core/v1.ts';
import { UserError } from '../user-error.ts';
import type { BootstrapToken } from './bootstrap-token.ts';

const encode = (text: string) => Buffer.from(text).toString('base64url');
const hashPrefix = 'sha256:';
const hashFormat = /^sha256:[0-9a-f]{64}$/i;
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

/** What kubeadm calls the CA certificate's hash: SHA-256 of its public key's SubjectPublicKeyInfo. */
export function publicKeyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return hashPrefix + createHash('sha256').update(key).digest('hex');
}

/**
 * The hashes that are given with `--discovery-token-ca-cert-hash`; none where it is not. Throws a `UserError` where one is none, and where it is
 * given with nothing, as a variable that is not set gives it: without a hash any authority would do.
 */
export function readHashes(texts: readonly string[] | undefined): string[] {
  if (texts && texts.length > 0 && texts.every((text) => hashFormat.test(text)))
    return texts.map((text) => text.toLowerCase());
  if (!texts) return [];
  throw new UserError(
    '--discovery-token-ca-cert-hash is not the hash of an authority',
    'it is sha256: and 64 hexadecimal digits; `k8ts token create --print-join-command` prints it',
  );
}

function isSigned(content: string, signature: string, { id, secret }: BootstrapToken): boolean {
  const [header = '', payload, mac = ''] = signature.split('.');
  if (payload !== '') return false;
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
    if (alg !== 'HS256' || kid !== id) return false;
  } catch {
    return false;
  }
  const own = createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest();
  const given = Buffer.from(mac, 'base64url');
  return given.length === own.length && timingSafeEqual(given, own);
}

/** The kubeconfig in `cluster-info`. */
export interface FirstKubeconfig {
  clusters?: { cluster?: { server?: string; 'certificate-authority-data'?: string } }[];
}

/**
 * The cluster's authority out of `cluster-info`, which came from nobody knows whom: believed because it is signed with
 * the token, and only where its key has one of the hashes, if any are given. Of several authorities those are left out that have
 * none of the hashes: who knows the token could put another beside the right one. Throws a `UserError` where none is believed.
 */
export function trustedAuthority(
  map: Pick<ConfigMap, 'data'>,
  { token, hashes }: { token: BootstrapToken; hashes: readonly string[] },
): string {
  const text = map.data?.kubeconfig ?? '';
  const signature = map.data?.[`jws-kubeconfig-${token.id}`];
  if (signature === undefined) {
    throw new UserError(
      `the servers know no token ${token.id}, or it has ended`,
      'make a new one with `k8ts token create` on a server',
    );
  }
  if (!isSigned(text, signature, token)) {
    throw new UserError(
      `what the server says of its cluster is not signed with token ${token.id}`,
      'the token is mistyped, or this is not the server you mean',
    );
  }
  const config = JSON.parse(text) as FirstKubeconfig;
  const data = config.clusters?.[0]?.cluster?.['certificate-authority-data'] ?? '';
  const served = authoritiesIn(Buffer.from(data, 'base64').toString());
  const believed = served.filter(({ hash }) => hashes.length === 0 || hashes.includes(hash));
  if (believed.length > 0) return believed.map(({ certificate }) => certificate).join('');
  throw new UserError(
    `the cluster's authority has the hash ${served.map(({ hash }) => hash).join(', ')}, not the given one`,
    'take --discovery-token-ca-cert-hash from `k8ts token create --print-join-command` on a server you trust',
  );
}

function authoritiesIn(bundle: string): { certificate: string; hash: string }[] {
  try {
    const [first, ...more] = bundle.match(pemBlock) ?? [];
    if (!first) throw new Error('there is none');
    return [first, ...more].map((certificate) => ({ certificate, hash: publicKeyHash(certificate) }));
  } catch (error) {
    throw new UserError(
      `what the server says of its cluster holds no authority: ${(error as Error).message}`,
      'see `kubectl -n kube-public get configmap cluster-info -o yaml`',
    );
  }
}
