import type { SealedSource } from './envelope.ts';

/** What a plugin says of itself. */
export interface KeyServiceStatus {
  version: string;
  /** `ok`, or what is wrong. */
  healthz: string;
  keyId: string;
}

/** A program that holds keys. Each call rejects with a KeyServiceError where it fails or takes too long. */
export interface KeyService {
  status(): Promise<KeyServiceStatus>;
  encrypt(uid: string, plaintext: Uint8Array): Promise<Omit<SealedSource, 'encryptedDEKSourceType'>>;
  decrypt(uid: string, source: SealedSource): Promise<Uint8Array>;
  close(): void;
}

/** What a call of a plugin failed with; the message is that of Go's gRPC. */
export class KeyServiceError extends Error {
  override readonly name = 'KeyServiceError';
  /** In Go's spelling, such as `Unavailable`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}
