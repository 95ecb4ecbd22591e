import type { ConfigMap, Secret } from '../../api/core/v1.ts';
import { configmaps } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import {
  dateOf,
  lastUsedLabel,
  parseDate,
  trackingConfigMap as name,
  trackingKey,
} from '../../machinery/legacy-tokens.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { Keeper, type KeeperOptions, writeOnce } from './keeper.ts';

export interface LegacyTokenTrackingOptions extends KeeperOptions {
  reader: ObjectReader;
}

const namespace = 'kube-system';
const path = `/api/v1/namespaces/${namespace}/configmaps`;

/** Notes when the tokens of Secrets are used, and says since when it does: whoever clears away unused ones has to know. */
export class LegacyTokenTracking extends Keeper {
  readonly #options: LegacyTokenTrackingOptions;
  /** Secrets whose use is being written down. */
  readonly #noting = new Set<string>();

  constructor(options: LegacyTokenTrackingOptions) {
    super(options, {
      what: 'since when the use of tokens is noted',
      paths: [path],
      pass: () => this.#pass(),
    });
    this.#options = options;
  }

  async #pass(): Promise<void> {
    const { reader, platform, transport } = this.#options;
    const known = reader.get(configmaps, { namespace, name });
    if (known && !Number.isNaN(parseDate(known.data?.[trackingKey]))) return;
    const data = { ...known?.data, [trackingKey]: dateOf(platform.clock.now()) };
    const cause = { reason: 'from this day on the use of tokens is noted' };
    if (known) {
      const body: ConfigMap = { ...known, data };
      await writeOnce(transport, { method: 'PUT', path: `${path}/${name}`, body, cause });
      return;
    }
    const body: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
    await writeOnce(transport, { method: 'POST', path, body, cause });
  }

  /** Notes in a Secret on which day its token was used. */
  noteUse(secret: Stored<Secret>, day: string): void {
    const { uid } = secret.metadata;
    if (this.#noting.has(uid)) return;
    this.#noting.add(uid);
    void this.#write(secret, day).finally(() => this.#noting.delete(uid));
  }

  async #write(secret: Stored<Secret>, day: string): Promise<void> {
    const { uid, namespace: its, name: of } = secret.metadata;
    try {
      await writeOnce(this.#options.transport, {
        method: 'PATCH',
        path: `/api/v1/namespaces/${its}/secrets/${of}`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, labels: { [lastUsedLabel]: day } } },
        cause: causedBy(secret, 'its token was used'),
      });
    } catch (error) {
      this.#options.platform.log.warn('the use of a token cannot be noted', {
        secret: `${its}/${of}`,
        error,
      });
    }
  }
}
