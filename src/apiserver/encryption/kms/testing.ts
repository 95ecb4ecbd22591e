import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { GrpcError, listenGrpc, type LocalGrpcServer, unaryRoute } from '../../../platform/grpc-server.ts';
import { KeyManagementService } from './generated/kms/v2/service_pb.js';
import { type KeyService, KeyServiceError } from './key-service.ts';

const keyOf = (id: string) => createHash('sha256').update(id).digest();

/** A program that holds keys: AES-GCM, each key made of its own name. What it is to say and to fail with can be set. */
export class TestKeyPlugin {
  /** What it encrypts with, and says that it does. */
  keyId: string;
  /** Said to encrypt with where it is another. */
  encryptsAs: string | undefined;
  healthz = 'ok';
  version = 'v2';
  annotations: Record<string, Uint8Array> = {};
  /** Why every call fails. */
  failure: string | undefined;
  /** What every call waits for. */
  hold: Promise<void> | undefined;
  /** Keys that it has no longer. */
  readonly lost = new Set<string>();
  /** What it was asked for, in order. */
  readonly calls: string[] = [];
  #server: LocalGrpcServer | undefined;

  constructor(keyId = 'key-1') {
    this.keyId = keyId;
  }

  /** As a server in this process sees it. */
  get service(): KeyService {
    const asKeyServiceError = (error: Error) => {
      throw new KeyServiceError(`rpc error: code = Unavailable desc = ${error.message}`, 'Unavailable');
    };
    return {
      status: () => this.#called('Status', () => this.#status()).catch(asKeyServiceError),
      encrypt: (_, plaintext) =>
        this.#called('Encrypt', () => this.#encrypt(plaintext)).catch(asKeyServiceError),
      decrypt: (_, { encryptedDEKSource, keyID, annotations }) =>
        this.#called('Decrypt', () => this.#decrypt(encryptedDEKSource, { keyId: keyID, annotations })).catch(
          asKeyServiceError,
        ),
      close() {},
    };
  }

  async listen(socketPath: string): Promise<void> {
    const { status, encrypt, decrypt } = KeyManagementService.method;
    this.#server = await listenGrpc(socketPath, [
      unaryRoute(status, () => this.#called('Status', () => this.#status())),
      unaryRoute(encrypt, ({ plaintext }) =>
        this.#called('Encrypt', () => {
          const { encryptedDEKSource: ciphertext, keyID: keyId, annotations } = this.#encrypt(plaintext);
          return { ciphertext, keyId, annotations };
        }),
      ),
      unaryRoute(decrypt, ({ ciphertext, keyId, annotations }) =>
        this.#called('Decrypt', () => ({ plaintext: this.#decrypt(ciphertext, { keyId, annotations }) })),
      ),
    ]);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async #called<T>(name: string, answer: () => T): Promise<T> {
    this.calls.push(name);
    await this.hold;
    if (this.failure !== undefined) throw new GrpcError('UNAVAILABLE', this.failure);
    return answer();
  }

  #status() {
    return { version: this.version, healthz: this.healthz, keyId: this.keyId };
  }

  #encrypt(plaintext: Uint8Array) {
    const keyID = this.encryptsAs ?? this.keyId;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keyOf(keyID), nonce);
    const sealed = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
    return { encryptedDEKSource: Buffer.concat(sealed), keyID, annotations: this.annotations };
  }

  #decrypt(
    sealed: Uint8Array,
    { keyId, annotations }: { keyId: string; annotations: Record<string, Uint8Array> },
  ): Uint8Array {
    if (this.lost.has(keyId)) throw new GrpcError('NOT_FOUND', `no key ${keyId}`);
    for (const [name, value] of Object.entries(this.annotations))
      if (!annotations[name] || Buffer.compare(annotations[name], value) !== 0)
        throw new GrpcError('INVALID_ARGUMENT', `annotation ${name} is not what it was`);
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  }
}
