/** What is told of an error beside its message. */
export interface TransformErrorFacts {
  /** The code of gRPC that it comes from, in Go's spelling, for what is counted. */
  status?: string | undefined;
  /** Whether the same may succeed later, as when the one who holds the key can be reached again. */
  mayPass?: boolean | undefined;
}

/** What is stored cannot be read with the keys that there are, or nothing can be stored with them. The message is upstream's. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
  readonly status: string;
  readonly mayPass: boolean;

  constructor(message: string, { status = 'unknown-non-grpc', mayPass = false }: TransformErrorFacts = {}) {
    super(message);
    this.status = status;
    this.mayPass = mayPass;
  }
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
