import { createHmac } from 'node:crypto';
import type { ConfigMap, Secret } from '../../api/core/v1.ts';

export const tokenType = 'bootstrap.kubernetes.io/token';
const signaturePrefix = 'jws-kubeconfig-';

const text = (secret: Secret, key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();

/** When a bootstrap token ends, in milliseconds since the epoch; undefined where it never does. NaN: unreadable. */
export function tokenExpiryMs(secret: Secret): number | undefined {
  const expiration = text(secret, 'expiration');
  return expiration === '' ? undefined : Date.parse(expiration);
}

interface Signer {
  id: string;
  secret: string;
}

/** The tokens that may sign what strangers read before they trust the server. */
export function signersAmong(all: readonly Secret[], nowMs: number): Signer[] {
  return all.flatMap((secret) => {
    const [id, value] = [text(secret, 'token-id'), text(secret, 'token-secret')];
    const isNamedAfter = secret.metadata.name === `bootstrap-token-${id}`;
    const expiry = tokenExpiryMs(secret);
    const isGood = expiry === undefined || expiry > nowMs;
    const signs = text(secret, 'usage-bootstrap-signing') === 'true';
    return id && value && isNamedAfter && isGood && signs ? [{ id, secret: value }] : [];
  });
}

const encode = (value: string) => Buffer.from(value).toString('base64url');

/** A JSON Web Signature of `content` with the content left out, by a token. */
function detachedSignature(content: string, { id, secret }: Signer): string {
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

/** The data of `cluster-info` with a signature of its kubeconfig by each token, and no others. */
export function signedData(map: ConfigMap, signers: readonly Signer[]): Record<string, string> {
  const data = map.data ?? {};
  const { kubeconfig } = data;
  const kept = Object.entries(data).filter(([key]) => !key.startsWith(signaturePrefix));
  const made = kubeconfig
    ? signers.map((s) => [`${signaturePrefix}${s.id}`, detachedSignature(kubeconfig, s)])
    : [];
  return Object.fromEntries([...kept, ...made]);
}
