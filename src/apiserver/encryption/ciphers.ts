import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Random } from '../../platform/random.ts';
import { TransformError } from './transform-error.ts';
import type { Transformer } from './transformer.ts';

/** A way to encrypt values under one key, in the form in which upstream stores them. */
export type CipherOf = (key: Uint8Array, random: Pick<Random, 'bytes'>) => Transformer;

const tooShort = 'the stored data was shorter than the required size';
const blockBytes = 16;

/** AES in CBC mode with PKCS#7 padding; the initialisation vector stands first. Says nothing of whether a value was changed. */
export const aescbc: CipherOf = (key, random) => {
  const algorithm = `aes-${key.length * 8}-cbc`;
  return {
    seal(value) {
      const vector = random.bytes(blockBytes);
      const cipher = createCipheriv(algorithm, key, vector);
      return Buffer.concat([vector, cipher.update(value), cipher.final()]);
    },
    open(stored) {
      if (stored.length < blockBytes) throw new TransformError(tooShort);
      if (stored.length % blockBytes !== 0)
        throw new TransformError('the stored data is not a multiple of the block size');
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, blockBytes));
      decipher.setAutoPadding(false);
      const padded = Buffer.concat([decipher.update(stored.subarray(blockBytes)), decipher.final()]);
      return { value: withoutPadding(padded), stale: false };
    },
  };
};

function withoutPadding(padded: Uint8Array): Uint8Array {
  const padding = padded.at(-1) ?? 0;
  if (padding === 0 || padding > padded.length)
    throw new TransformError('invalid PKCS7 data (empty or not padded)');
  const length = padded.length - padding;
  for (let i = length; i < padded.length; i++)
    if (padded[i] !== padding) throw new TransformError('invalid padding on input');
  return padded.subarray(0, length);
}

const gcmNonceBytes = 12;
const tagBytes = 16;

/** AES in Galois/Counter Mode; the nonce stands first, the tag last. A value is bound to its key in the store. */
export const aesgcm: CipherOf = (key, random) => {
  const algorithm = `aes-${key.length * 8}-gcm` as 'aes-256-gcm';
  return {
    seal(value, place) {
      const nonce = random.bytes(gcmNonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(place.key));
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    open(stored, place) {
      if (stored.length < gcmNonceBytes) throw new TransformError(tooShort);
      const tagAt = stored.length - tagBytes;
      if (tagAt < gcmNonceBytes) throw unauthentic();
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, gcmNonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(place.key)).setAuthTag(stored.subarray(tagAt));
      const value = decipher.update(stored.subarray(gcmNonceBytes, tagAt));
      try {
        decipher.final();
      } catch {
        throw unauthentic();
      }
      return { value, stale: false };
    },
  };
};

const unauthentic = () => new TransformError('cipher: message authentication failed');

const infoBytes = 32;
const leastSeedBytes = 32;

/**
 * AES-GCM whose key is another for each value: what HKDF-Expand makes of a seed and of 32 random bytes, which stand first. So one
 * seed may be used for any number of values. Throws a TransformError for a seed that is too short.
 */
export const seededGcm: CipherOf = (seed, random) => {
  if (seed.length < leastSeedBytes)
    throw new TransformError(`invalid seed length ${seed.length} used for key generation`);
  const cipherFor = (info: Uint8Array) => aesgcm(derivedKey(seed, info), random);
  return {
    seal(value, place) {
      const info = random.bytes(infoBytes);
      return Buffer.concat([info, cipherFor(info).seal(value, place)]);
    },
    open(stored, place) {
      if (stored.length < infoBytes) throw new TransformError(tooShort);
      return cipherFor(stored.subarray(0, infoBytes)).open(stored.subarray(infoBytes), place);
    },
  };
};

/** The first 32 bytes of HKDF-Expand with SHA-256 (RFC 5869, 2.3): its first block. */
const derivedKey = (seed: Uint8Array, info: Uint8Array) =>
  createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest();

const boxNonceBytes = 24;

/** XSalsa20 with Poly1305, which Node.js does not have; the nonce stands first, then the tag. */
export async function loadSecretbox(): Promise<CipherOf> {
  const { secretbox } = await import('@noble/ciphers/salsa.js');
  return (key, random) => ({
    seal(value) {
      const nonce = random.bytes(boxNonceBytes);
      return Buffer.concat([nonce, secretbox(key, nonce).seal(value)]);
    },
    open(stored) {
      if (stored.length < boxNonceBytes + tagBytes) throw new TransformError(tooShort);
      const box = secretbox(key, stored.subarray(0, boxNonceBytes));
      try {
        return { value: box.open(stored.subarray(boxNonceBytes)), stale: false };
      } catch {
        // Upstream's words for a box that does not open.
        throw new TransformError('output array was not large enough for encryption');
      }
    },
  });
}
