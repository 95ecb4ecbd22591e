/** What is stored cannot be read with the keys that there are. The message is upstream's. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
}

/** What every encrypted value begins with. */
const sealedPrefix = Buffer.from('k8s:enc:');

export function isSealed(stored: Uint8Array): boolean {
  return startsWith(stored, sealedPrefix);
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

/** Nobody has said how an encrypted value is to be read. */
export const encryptedUnasked = () => new TransformError('identity transformer tried to read encrypted data');
