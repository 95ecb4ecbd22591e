import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A key that service-account tokens are signed with. */
export interface TokenKey {
  /** Names the key in tokens and in the published key set. */
  id: string;
  algorithm: 'RS256' | 'ES256' | 'ES384' | 'ES512';
  /** Absent for keys whose tokens are only verified. */
  privateKey?: KeyObject;
  publicKey: KeyObject;
}

const curves: Record<string, TokenKey['algorithm']> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function algorithmOf(key: KeyObject): TokenKey['algorithm'] {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const algorithm = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (!algorithm) throw new Error('service-account keys must be RSA, or EC on P-256, P-384 or P-521');
  return algorithm;
}

/** Reads a key from PEM, private or public. */
export function readTokenKey(pem: string): TokenKey {
  const isPrivate = pem.includes('PRIVATE KEY');
  const privateKey = isPrivate ? createPrivateKey(pem) : undefined;
  const publicKey = privateKey ? createPublicKey(privateKey) : createPublicKey(pem);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(der).digest('base64url');
  return { id, algorithm: algorithmOf(publicKey), privateKey, publicKey };
}

/** The keys as a JSON Web Key Set, for those who verify tokens themselves. */
export function keySet(keys: readonly TokenKey[]): { keys: object[] } {
  return {
    keys: keys.map(({ id, algorithm, publicKey }) => {
      const { kty, ...parameters } = publicKey.export({ format: 'jwk' });
      return { use: 'sig', kty, kid: id, alg: algorithm, ...parameters };
    }),
  };
}
