import type { Clock } from '../../../platform/clock.ts';
import type { Random } from '../../../platform/random.ts';
import { Recent } from '../../../platform/recent.ts';
import { aesgcm, seededGcm } from '../ciphers.ts';
import { TransformError } from '../transform-error.ts';
import type { Opened, Transformer, ValuePlace } from '../transformer.ts';
import { decodeEnvelope, encodeEnvelope, type Envelope, sourceId } from './envelope.ts';
import { EncryptedDEKSourceType as SourceType } from './generated/kms/v2/encrypted-object_pb.js';
import type { KeyProvider } from './key-provider.ts';
import { KeyServiceError } from './key-service.ts';
import { KnownSources } from './known-sources.ts';
import { checkWritable } from './write-source.ts';

export interface KmsTransformerMeans {
  clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  random: Pick<Random, 'bytes' | 'uuid'>;
}

const aesKeyBytes = [16, 24, 32];
const mostFailures = 1000;
/** How long those wait at most who hold others up: the usual time that a call may take. */
const mostHeldUpMs = 3000;

/** Encrypts values with a seed that a plugin has encrypted, which stands beside them. What was written under another key is stale. */
export class KmsTransformer implements Transformer {
  readonly #provider: KeyProvider;
  readonly #means: KmsTransformerMeans;
  readonly #known: KnownSources;
  /** What the plugin is being asked to decrypt, and why it could not the last time. */
  readonly #asked = new Map<string, Promise<void>>();
  readonly #failed = new Recent<string, TransformError>(mostFailures);

  constructor(provider: KeyProvider, means: KmsTransformerMeans) {
    this.#provider = provider;
    this.#means = means;
    this.#known = new KnownSources(means.clock);
  }

  seal(value: Uint8Array, place: ValuePlace): Uint8Array {
    const { name, counts, current } = this.#provider;
    checkWritable(current, this.#means.clock);
    this.#keep(current.id, current.transformer);
    const sealed = current.transformer.seal(value, place);
    counts.noteUse({ type: 'to_storage', provider: name, keyId: current.source.keyID });
    return encodeEnvelope(current.source, sealed);
  }

  open(stored: Uint8Array, place: ValuePlace): Opened {
    const { name, counts, current } = this.#provider;
    const envelope = decodeEnvelope(stored);
    const id = sourceId(envelope);
    const opens = this.#known.get(id);
    if (!opens) throw this.#failed.get(id) ?? notAnswered();
    counts.noteUse({ type: 'from_storage', provider: name, keyId: envelope.keyID });
    const { value, stale } = opens.open(envelope.encryptedData, place);
    const { keyID, encryptedDEKSourceType } = current.source;
    const isOther = envelope.keyID !== keyID || envelope.encryptedDEKSourceType !== encryptedDEKSourceType;
    return { value, stale: stale || isOther };
  }

  prepare(stored: Uint8Array, { again }: { again: boolean }): Promise<void> | undefined {
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(stored);
    } catch {
      // What is wrong with it is said when it is opened.
      return undefined;
    }
    const id = sourceId(envelope);
    if (this.#known.get(id) || (!again && this.#failed.get(id))) return undefined;
    let asked = this.#asked.get(id);
    if (!asked) {
      asked = this.#ask(id, envelope).finally(() => this.#asked.delete(id));
      this.#asked.set(id, asked);
    }
    return again || this.#provider.timeoutMs <= mostHeldUpMs ? asked : this.#notLong(id, asked);
  }

  /** Who has waited long enough once does so for all that need the same. */
  async #notLong(id: string, asked: Promise<void>): Promise<void> {
    await Promise.race([asked, this.#means.clock.sleep(mostHeldUpMs)]);
    if (this.#asked.get(id) === asked) this.#failed.set(id, notAnswered());
  }

  /** The values of one seed wait for one answer. */
  async #ask(id: string, envelope: Envelope): Promise<void> {
    const { service, counts } = this.#provider;
    counts.noteMiss();
    try {
      const secret = await service.decrypt(this.#means.random.uuid(), envelope);
      this.#keep(id, this.#opener(secret, envelope.encryptedDEKSourceType));
      this.#failed.delete(id);
    } catch (error) {
      this.#failed.set(id, failureOf(error));
    }
  }

  #opener(secret: Uint8Array, type: SourceType): Transformer {
    const { random } = this.#means;
    if (type === SourceType.HKDF_SHA256_XNONCE_AES_GCM_SEED) return seededGcm(secret, random);
    if (!aesKeyBytes.includes(secret.length))
      throw new TransformError(`crypto/aes: invalid key size ${secret.length}`);
    return aesgcm(secret, random);
  }

  #keep(id: string, opens: Transformer): void {
    this.#known.put(id, opens);
    this.#provider.counts.noteKnown(this.#provider.name, this.#known.size);
  }
}

function failureOf(error: unknown): TransformError {
  if (error instanceof TransformError) return error;
  const { message } = error as Error;
  const status = error instanceof KeyServiceError ? error.code : undefined;
  return new TransformError(`failed to decrypt DEK, error: ${message}`, { status, mayPass: true });
}

/** For a value that was not prepared, or not waited for. */
const notAnswered = () =>
  new TransformError('failed to decrypt DEK, error: the KMS plugin has not answered yet', { mayPass: true });
