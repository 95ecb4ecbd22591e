import type { Clock } from '../../platform/clock.ts';
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
import { TransformationCounts } from './transformation-counts.ts';
import { identity, type PrefixedTransformer, PrefixTransformers, type Transformer } from './transformer.ts';

export interface TransformerMeans {
  random: Pick<Random, 'bytes'>;
  clock: Pick<Clock, 'monotonic'>;
}

/** What stores and reads the objects of each resource that a configuration names. */
export type TransformersByName = ReadonlyMap<string, Transformer>;

/** Which transformer the values of a resource go through: as configured, which may change at any time. */
export class ResourceTransformers {
  readonly #means: TransformerMeans;
  readonly #counts = new TransformationCounts();
  /** By resource and group, each of which can be `*`. */
  #byName: TransformersByName = new Map();

  constructor(means: TransformerMeans) {
    this.#means = means;
  }

  /** The transformer of a resource; undefined where its values are stored as they are, and nobody has said otherwise. */
  of({ resource, group }: GroupResource): Transformer | undefined {
    const byName = this.#byName;
    return byName.get(`${resource}.${group}`) ?? byName.get(`*.${group}`) ?? byName.get('*.*');
  }

  /** Makes the transformers of a configuration that has been checked. Rejects with an Error where it cannot be carried out. */
  async make({ resources }: EncryptionConfiguration): Promise<TransformersByName> {
    const chosen = new Map<string, PrefixedTransformer[]>();
    for (const [i, config] of resources.entries()) {
      const providers: PrefixedTransformer[] = [];
      for (const [j, provider] of config.providers.entries())
        providers.push(await this.#provider(provider, `resources[${i}].providers[${j}]`));
      for (const name of config.resources) choose(chosen, name, providers);
    }
    const made = new Map<string, Transformer>();
    for (const [name, providers] of chosen)
      made.set(name, this.#oneOf(providers, 'no matching prefix found'));
    return made;
  }

  /** From now on values go through these. */
  use(transformers: TransformersByName): void {
    this.#byName = transformers;
  }

  get metrics(): Metric[] {
    return this.#counts.metrics;
  }

  #oneOf(choices: readonly PrefixedTransformer[], noMatch: string): Transformer {
    return new PrefixTransformers(choices, noMatch, { ...this.#means, counts: this.#counts });
  }

  async #provider(provider: ProviderConfiguration, path: string): Promise<PrefixedTransformer> {
    const { aesgcm: gcm, aescbc: cbc, secretbox, kms } = provider;
    if (kms) throw new Error(`${path}.kms: KMS provider "${kms.name ?? ''}": KMS is not supported`);
    if (gcm) return this.#keyed('aesgcm', gcm.keys, aesgcm);
    if (cbc) return this.#keyed('aescbc', cbc.keys, aescbc);
    if (secretbox) return this.#keyed('secretbox', secretbox.keys, await loadSecretbox());
    return { prefix: '', transformer: identity };
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
