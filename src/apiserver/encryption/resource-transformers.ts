import { aggregated } from '../../machinery/go-text.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { Random } from '../../platform/random.ts';
import { aescbc, aesgcm, type CipherOf, loadSecretbox } from './ciphers.ts';
import {
  type EncryptionConfiguration,
  type GroupResource,
  groupResource,
  type NamedKey,
  type ProviderConfiguration,
  secretBytes,
} from './configuration.ts';
import type { KmsConfiguration } from './kms/configuration.ts';
import type { KeyProvider } from './kms/key-provider.ts';
import { KmsCounts } from './kms/kms-counts.ts';
import { TransformationCounts } from './transformation-counts.ts';
import { identity, type PrefixedTransformer, PrefixTransformers, type Transformer } from './transformer.ts';

export interface TransformerMeans {
  random: Pick<Random, 'bytes' | 'uuid'>;
  clock: Clock;
  log: Log;
  /** The name of this server, of which metrics tell a hash. */
  serverId?: string | undefined;
}

/** What stores and reads the objects of each resource that a configuration names. */
export interface TransformerSet {
  readonly byName: ReadonlyMap<string, Transformer>;
  /** The plugins that hold keys for them, in their order. */
  readonly keyProviders: readonly KeyProvider[];
}

const noTransformers: TransformerSet = { byName: new Map(), keyProviders: [] };

const closeProviders = (providers: readonly KeyProvider[]) => {
  for (const provider of providers) provider.close();
};

/** How long plugins are left to answer what they have been asked before they are closed: twice what all of them may take. */
const graceMs = ({ keyProviders }: TransformerSet) =>
  2 * keyProviders.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);

/** Times of upstream: how long a new configuration may take to become well at least, and how often that is looked at. */
const leastPatienceMs = 10_000;
const lookEveryMs = 100;

/** Which transformer the values of a resource go through: as configured, which may change at any time. */
export class ResourceTransformers {
  readonly #means: TransformerMeans;
  readonly #counts = new TransformationCounts();
  readonly #kmsCounts: KmsCounts;
  readonly #abort = new AbortController();
  readonly #listeners: (() => void)[] = [];
  /** Those in use. Names are a resource and a group, each of which can be `*`. */
  #set = noTransformers;

  constructor(means: TransformerMeans) {
    this.#means = means;
    this.#kmsCounts = new KmsCounts(means.clock, means.serverId);
  }

  /** The transformer of a resource; undefined where its values are stored as they are, and nobody has said otherwise. */
  of({ resource, group }: GroupResource): Transformer | undefined {
    const { byName } = this.#set;
    return byName.get(`${resource}.${group}`) ?? byName.get(`*.${group}`) ?? byName.get('*.*');
  }

  /** Whether plugins hold keys. */
  get usesKms(): boolean {
    return this.#set.keyProviders.length > 0;
  }

  /** Makes the transformers of a configuration that has been checked. Rejects with an Error where it cannot be carried out. */
  async make({ resources }: EncryptionConfiguration): Promise<TransformerSet> {
    const chosen = new Map<string, PrefixedTransformer[]>();
    const keyProviders: KeyProvider[] = [];
    try {
      for (const config of resources) {
        const providers: PrefixedTransformer[] = [];
        for (const provider of config.providers) providers.push(await this.#provider(provider, keyProviders));
        for (const name of config.resources) choose(chosen, name, providers);
      }
    } catch (error) {
      closeProviders(keyProviders);
      throw error;
    }
    const byName = new Map<string, Transformer>();
    for (const [name, providers] of chosen)
      byName.set(name, this.#oneOf(providers, 'no matching prefix found'));
    return { byName, keyProviders };
  }

  /** Calls back whenever values may be read that could not be: they go through others than before, or who holds their keys is back. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** From now on values go through these. The plugins of those before are closed once they have answered. */
  use(set: TransformerSet): void {
    if (this.#abort.signal.aborted) return closeProviders(set.keyProviders);
    const before = this.#set;
    this.#set = set;
    if (before.keyProviders.length > 0)
      this.#means.clock.after(graceMs(before), () => closeProviders(before.keyProviders));
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** What is wrong with the plugins that hold keys, each by its number; undefined where all are well. */
  async keyHealth({ keyProviders }: TransformerSet = this.#set): Promise<string | undefined> {
    const errors: string[] = [];
    for (const [i, provider] of keyProviders.entries()) {
      const error = await provider.check();
      if (error !== undefined) errors.push(`kms-provider-${i}: ${error}`);
    }
    return errors.length > 0 ? aggregated(errors) : undefined;
  }

  /** Waits until the plugins of a set are well. Rejects where that takes too long, and closes them. */
  async untilWell(set: TransformerSet): Promise<void> {
    const { clock } = this.#means;
    const endMs = clock.monotonic() + Math.max(graceMs(set), leastPatienceMs);
    for (;;) {
      const error = await this.keyHealth(set);
      if (error === undefined) return;
      if (clock.monotonic() >= endMs || this.#abort.signal.aborted) {
        closeProviders(set.keyProviders);
        throw new Error(
          `health check for new transformers failed, polling error timed out waiting for the condition: ${error}`,
        );
      }
      await clock.sleep(lookEveryMs, this.#abort.signal).catch(() => {});
    }
  }

  /** Asks no plugin any more. */
  close(): void {
    this.#abort.abort();
    closeProviders(this.#set.keyProviders);
  }

  get metrics(): Metric[] {
    return [...this.#counts.metrics, ...this.#kmsCounts.metrics];
  }

  #oneOf(choices: readonly PrefixedTransformer[], noMatch: string): Transformer {
    return new PrefixTransformers(choices, noMatch, { ...this.#means, counts: this.#counts });
  }

  async #provider(
    provider: ProviderConfiguration,
    keyProviders: KeyProvider[],
  ): Promise<PrefixedTransformer> {
    const { aesgcm: gcm, aescbc: cbc, secretbox, kms } = provider;
    if (gcm) return this.#keyed('aesgcm', gcm.keys, aesgcm);
    if (cbc) return this.#keyed('aescbc', cbc.keys, aescbc);
    if (secretbox) return this.#keyed('secretbox', secretbox.keys, await loadSecretbox());
    if (kms) return this.#kms(kms, keyProviders);
    return { prefix: '', transformer: identity };
  }

  async #kms(config: KmsConfiguration, keyProviders: KeyProvider[]): Promise<PrefixedTransformer> {
    const { openKms } = await import('./kms/open-kms.ts');
    const { provider, transformer } = await openKms(config, {
      ...this.#means,
      counts: this.#kmsCounts,
      onRecovered: () => this.#changed(),
    });
    keyProviders.push(provider);
    return { prefix: `k8s:enc:kms:v2:${provider.name}:`, transformer };
  }

  #keyed(name: string, keys: readonly NamedKey[], cipherOf: CipherOf): PrefixedTransformer {
    const choices = keys.map((key) => ({
      prefix: `${key.name}:`,
      transformer: cipherOf(secretBytes(key.secret) as Uint8Array, this.#means.random),
    }));
    const upstreamName = name === 'secretbox' ? 'Secretbox' : 'AES';
    const noMatch = `no matching key was found for the provided ${upstreamName} transformer`;
    return { prefix: `k8s:enc:${name}:v1:`, transformer: this.#oneOf(choices, noMatch) };
  }
}

/** Adds to what a resource is stored with; throws where an earlier wildcard has it already. */
function choose(
  chosen: Map<string, PrefixedTransformer[]>,
  name: string,
  providers: PrefixedTransformer[],
): void {
  const { resource, group } = groupResource(name);
  const own = `${resource}.${group}`;
  for (const rule of [`*.${group}`, '*.*']) {
    if (!chosen.has(rule)) continue;
    const shown = group === '' && resource !== '*' ? resource : own;
    throw new Error(`resource "${shown}" is masked by earlier rule "${rule}"`);
  }
  chosen.set(own, [...(chosen.get(own) ?? []), ...providers]);
}
