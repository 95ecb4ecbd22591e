import { aggregated, goQuote } from '../../../machinery/go-text.ts';
import { type Clock, formatTime } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import { textHash } from '../../../platform/text-hash.ts';
import { seededGcm } from '../ciphers.ts';
import { TransformError } from '../transform-error.ts';
import type { KeyProviderSettings } from './configuration.ts';
import { keyIdError, type SealedSource, sourceError, sourceId } from './envelope.ts';
import { EncryptedDEKSourceType } from './generated/kms/v2/encrypted-object_pb.js';
import type { KeyService, KeyServiceStatus } from './key-service.ts';
import type { KmsCounts } from './kms-counts.ts';
import { writableMs, type WriteSource } from './write-source.ts';

export interface KeyProviderMeans {
  service: KeyService;
  clock: Clock;
  random: Pick<Random, 'bytes' | 'uuid'>;
  log: Log;
  counts: KmsCounts;
  /** Told when the plugin is well that was not. */
  onRecovered?: (() => void) | undefined;
}

/** How often upstream asks a plugin that is well how it is, and one that is not. */
const wellEveryMs = 60_000;
const unwellEveryMs = 10_000;
/** How long what it has said is repeated to health checks instead of asking again. */
const wellHoldsMs = 20_000;
const unwellHoldsMs = 3_000;
const seedBytes = 32;

/** What a check has found. */
interface Finding {
  error: string | undefined;
  atMs: number;
}

/**
 * A plugin that holds keys, and the seed that it has encrypted for this server. It is asked again and again how it is; once it names
 * another key than before, the next seed is made. Where that fails the one that there is is used as long as it may be.
 */
export class KeyProvider {
  readonly name: string;
  readonly timeoutMs: number;
  readonly service: KeyService;
  readonly counts: KmsCounts;
  readonly #means: KeyProviderMeans;
  readonly #abort = new AbortController();
  #writes: WriteSource | undefined;
  #version = '';
  #last: Finding | undefined;
  #checking: Promise<string | undefined> | undefined;

  constructor({ name, timeoutMs }: KeyProviderSettings, means: KeyProviderMeans) {
    this.name = name;
    this.timeoutMs = timeoutMs;
    this.service = means.service;
    this.counts = means.counts;
    this.#means = means;
  }

  /** Asks the plugin for the first time, and from then on until the provider is closed. That it does not answer is no error. */
  async start(): Promise<void> {
    await this.check();
    void this.#follow();
  }

  /** What values are written with. Throws a TransformError where there has been nothing yet. */
  get current(): WriteSource {
    if (!this.#writes) throw new TransformError('got unexpected nil transformer', { mayPass: true });
    return this.#writes;
  }

  /** What is wrong with the plugin, in upstream's words; undefined where it is well. What was found a moment ago is said again. */
  check(): Promise<string | undefined> {
    const { clock } = this.#means;
    if (this.#last) {
      const { error, atMs } = this.#last;
      const holdsMs = error === undefined ? wellHoldsMs : unwellHoldsMs;
      if (!this.#checking && clock.monotonic() - atMs < holdsMs) return Promise.resolve(error);
    }
    this.#checking ??= this.#ask().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  close(): void {
    this.#abort.abort();
    this.service.close();
  }

  async #follow(): Promise<void> {
    const { clock } = this.#means;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const everyMs = this.#last?.error === undefined ? wellEveryMs : unwellEveryMs;
      await clock.sleep(everyMs, signal).catch(() => {});
      if (!signal.aborted) await this.check();
    }
  }

  async #ask(): Promise<string | undefined> {
    let status: KeyServiceStatus;
    try {
      status = await this.service.status();
    } catch (error) {
      const { message } = error as Error;
      this.#found(message);
      return `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${message}`;
    }
    const errors = [...this.#statusErrors(status), ...(await this.#keyErrors(status.keyId))];
    const error =
      errors.length > 0
        ? `kmsv2 Provider ${this.name} is not healthy, error: ${aggregated(errors)}`
        : undefined;
    this.#found(error);
    return error;
  }

  #found(error: string | undefined): void {
    const { clock, log, onRecovered } = this.#means;
    const wasWell = this.#last ? this.#last.error === undefined : undefined;
    this.#last = { error, atMs: clock.monotonic() };
    // Said once, not as long as it lasts.
    if (error !== undefined && wasWell !== false && !this.#abort.signal.aborted)
      log.error('kms plugin failed health check probe', { name: this.name, error });
    if (error !== undefined || wasWell !== false) return;
    log.info('the kms plugin is well again', { name: this.name });
    onRecovered?.();
  }

  #statusErrors({ healthz, version }: KeyServiceStatus): string[] {
    const errors = healthz === 'ok' ? [] : [`got unexpected healthz status: ${healthz}`];
    if (version !== 'v2' && version !== 'v2beta1')
      return [...errors, `expected KMSv2 API version v2, got ${version}`];
    this.#version ||= version;
    if (this.#version === version) return errors;
    const changed = `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`;
    return [...errors, changed];
  }

  async #keyErrors(keyId: string): Promise<string[]> {
    const { counts } = this.#means;
    const invalid = keyIdError(keyId);
    if (invalid) {
      counts.noteInvalid(this.name, invalid.code);
      return [`got invalid KMSv2 KeyID hash ${goQuote(textHash(keyId))}: ${invalid.message}`];
    }
    counts.noteTold(this.name, keyId);
    const error = await this.#follows(keyId);
    return error === undefined ? [] : [error];
  }

  /** Sees to it that values are written under the key that the plugin has named. Gives why that cannot be. */
  async #follows(keyId: string): Promise<string | undefined> {
    const { clock, random } = this.#means;
    const before = this.#writes;
    // From before the plugin is asked to encrypt: that is when it named the key.
    const untilMs = clock.monotonic() + writableMs;
    if (before?.source.keyID === keyId) {
      this.#writes = { ...before, untilMs };
      return undefined;
    }
    const uid = random.uuid();
    const made = await this.#makeSource(uid);
    if ('source' in made && made.source.keyID === keyId) {
      this.#writes = { ...made, untilMs };
      return undefined;
    }
    const ids = {
      statusKeyIDHash: keyId,
      encryptKeyIDHash: 'source' in made ? made.source.keyID : '',
      stateKeyIDHash: before?.source.keyID ?? '',
    };
    const hashes = Object.entries(ids).map(([name, id]) => `${name}=${goQuote(textHash(id))}`);
    return `failed to rotate DEK uid=${goQuote(uid)}, useSeed=true, errState=${before ? '<nil>' : 'got unexpected nil transformer'}, errGen=${'error' in made ? made.error : '<nil>'}, ${hashes.join(', ')}, expirationTimestamp=${this.#shownEnd(before)}`;
  }

  /** A new seed, encrypted by the plugin. */
  async #makeSource(uid: string): Promise<Omit<WriteSource, 'untilMs'> | { error: string }> {
    const { random } = this.#means;
    const seed = random.bytes(seedBytes);
    let source: SealedSource;
    try {
      const sealed = await this.service.encrypt(uid, seed);
      const encryptedDEKSourceType = EncryptedDEKSourceType.HKDF_SHA256_XNONCE_AES_GCM_SEED;
      source = { ...sealed, encryptedDEKSourceType };
    } catch (error) {
      return { error: `failed to encrypt DEK, error: ${(error as Error).message}` };
    }
    const error = sourceError(source);
    if (error !== undefined) return { error };
    return { source, id: sourceId(source), transformer: seededGcm(seed, random) };
  }

  #shownEnd(writes: WriteSource | undefined): string {
    if (!writes) return '0001-01-01T00:00:00Z';
    const { clock } = this.#means;
    return formatTime(clock.now() + writes.untilMs - clock.monotonic());
  }
}
