import type { Clock } from '../../../platform/clock.ts';
import { exponentialBounds } from '../../../platform/metrics/histogram.ts';
import type { Metric, Value } from '../../../platform/metrics/metric.ts';
import { textHash } from '../../../platform/text-hash.ts';
import { LabelledCounter, LabelledHistogram } from '../../plain/labelled.ts';

/** One call of a plugin. */
export interface KeyServiceCall {
  provider: string;
  /** With its service, such as `/v2.KeyManagementService/Status`. */
  method: string;
  /** Go's name of gRPC's code. */
  code: string;
  ms: number;
}

/** One use of a plugin's key. */
export interface KeyUse {
  type: 'to_storage' | 'from_storage';
  provider: string;
  keyId: string;
}

interface Used {
  labels: Record<string, string>;
  uses: number;
  lastMs: number;
}

/** As upstream, so many uses of keys are told of: those that were used last. */
const mostTold = 100;

/** The last sets of labels that something was noted under; older ones are forgotten. */
class LastUsed {
  readonly #byKey = new Map<string, Used>();

  note(labels: Record<string, string>, nowMs: number): void {
    const key = Object.values(labels).join(' ');
    const uses = (this.#byKey.get(key)?.uses ?? 0) + 1;
    this.#byKey.delete(key);
    this.#byKey.set(key, { labels, uses, lastMs: nowMs });
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > mostTold && oldest !== undefined) this.#byKey.delete(oldest);
  }

  values(valueOf: (used: Used) => number): Value[] {
    return [...this.#byKey.values()].map((used) => ({ labels: used.labels, value: valueOf(used) }));
  }
}

const seconds = ({ lastMs }: Used) => lastMs / 1000;

/** What is done with keys that plugins hold, under upstream's names. Keys and servers are told by hashes of their names. */
export class KmsCounts {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #serverHash: string;
  readonly #calls = new LabelledHistogram(exponentialBounds(0.0001, 2, 20));
  readonly #uses = new LastUsed();
  readonly #told = new LastUsed();
  readonly #invalid = new LabelledCounter();
  readonly #known = new Map<string, number>();
  #misses = 0;

  constructor(clock: Pick<Clock, 'now'>, serverId = '') {
    this.#clock = clock;
    this.#serverHash = textHash(serverId);
  }

  noteCall({ provider, method, code, ms }: KeyServiceCall): void {
    const labels = { provider_name: provider, method_name: method, grpc_status_code: code };
    this.#calls.observe(labels, ms / 1000);
  }

  noteUse({ type, provider, keyId }: KeyUse): void {
    this.#uses.note({ transformation_type: type, ...this.#labels(provider, keyId) }, this.#clock.now());
  }

  /** A plugin has said which key it writes with. */
  noteTold(provider: string, keyId: string): void {
    this.#told.note(this.#labels(provider, keyId), this.#clock.now());
  }

  /** It has said what cannot be the name of a key. */
  noteInvalid(provider: string, error: string): void {
    this.#invalid.add({ provider_name: provider, error });
  }

  /** So many seeds and keys of a provider are known. */
  noteKnown(provider: string, count: number): void {
    this.#known.set(provider, count);
  }

  /** A plugin had to be asked for a seed. */
  noteMiss(): void {
    this.#misses++;
  }

  #labels(provider: string, keyId: string): Record<string, string> {
    return { provider_name: provider, key_id_hash: textHash(keyId), apiserver_id_hash: this.#serverHash };
  }

  get metrics(): Metric[] {
    const prefix = 'apiserver_envelope_encryption_';
    const known = () =>
      [...this.#known].map(([provider, value]) => ({ labels: { provider_name: provider }, value }));
    return [
      this.#calls.metric(
        `${prefix}kms_operations_latency_seconds`,
        'How long plugins that hold keys took to answer.',
      ),
      {
        name: `${prefix}key_id_hash_total`,
        type: 'counter',
        help: 'How often each key was used.',
        values: () => this.#uses.values(({ uses }) => uses),
      },
      {
        name: `${prefix}key_id_hash_last_timestamp_seconds`,
        type: 'gauge',
        help: 'When each key was last used.',
        values: () => this.#uses.values(seconds),
      },
      {
        name: `${prefix}key_id_hash_status_last_timestamp_seconds`,
        type: 'gauge',
        help: 'When a plugin last said that it writes with this key.',
        values: () => this.#told.values(seconds),
      },
      this.#invalid.metric(
        `${prefix}invalid_key_id_from_status_total`,
        'How often a plugin said what cannot be the name of a key.',
      ),
      {
        name: `${prefix}dek_source_cache_size`,
        type: 'gauge',
        help: 'Seeds and keys that plugins have decrypted or encrypted, and that are kept in memory.',
        values: known,
      },
      {
        name: 'apiserver_storage_envelope_transformation_cache_misses_total',
        type: 'counter',
        help: 'How often a plugin had to be asked for what a value is decrypted with.',
        values: () => [{ labels: {}, value: this.#misses }],
      },
    ];
  }
}
