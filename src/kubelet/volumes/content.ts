import type { Pod, Volume, VolumeProjection } from '../../api/core/v1.ts';
import type { Sums } from '../../machinery/resource-sums.ts';
import type { PodAddresses } from '../containers/field-ref.ts';
import type { ObjectCache } from '../pods/object-cache.ts';
import { allContainers } from '../pods/pod-kinds.ts';
import {
  configMapPayload,
  defaultFileMode,
  downwardPayload,
  type Payload,
  safePath,
  secretPayload,
  VolumeError,
} from './payload.ts';
import type { TokenManager } from './token-manager.ts';

export interface ContentSources {
  objects: Pick<ObjectCache, 'configMap' | 'secret'>;
  tokens: Pick<TokenManager, 'token'>;
  addresses(pod: Pod): PodAddresses;
  allocatable(): Sums;
}

/** What stands in volumes that show API objects. */
export class VolumeContent {
  readonly #sources: ContentSources;

  constructor(sources: ContentSources) {
    this.#sources = sources;
  }

  /** All files of a configMap, secret, downwardAPI or projected volume. Rejects where something is missing. */
  async payload(pod: Pod, { configMap, secret, downwardAPI, projected }: Volume): Promise<Payload> {
    if (configMap) return this.#configMap(pod, configMap.name, configMap);
    if (secret) return this.#secret(pod, secret.secretName, secret);
    if (downwardAPI) return this.#downward(pod, downwardAPI.items, downwardAPI.defaultMode);
    const all: Payload = new Map();
    for (const source of projected?.sources ?? []) {
      const part = await this.#projection(pod, source, projected?.defaultMode);
      for (const [path, file] of part) all.set(path, file);
    }
    return all;
  }

  async #configMap(pod: Pod, name = '', selection: Parameters<typeof configMapPayload>[2]): Promise<Payload> {
    return configMapPayload(await this.#sources.objects.configMap(namespaceOf(pod), name), name, selection);
  }

  async #secret(pod: Pod, name = '', selection: Parameters<typeof secretPayload>[2]): Promise<Payload> {
    return secretPayload(await this.#sources.objects.secret(namespaceOf(pod), name), name, selection);
  }

  #downward(pod: Pod, items: Parameters<typeof downwardPayload>[1] = [], defaultMode?: number): Payload {
    const { addresses, allocatable } = this.#sources;
    return downwardPayload(pod, items, {
      addresses: addresses(pod),
      allocatable: allocatable(),
      defaultMode,
    });
  }

  async #projection(pod: Pod, source: VolumeProjection, defaultMode = defaultFileMode): Promise<Payload> {
    const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
    if (configMap) return this.#configMap(pod, configMap.name, { ...configMap, defaultMode });
    if (secret) return this.#secret(pod, secret.name, { ...secret, defaultMode });
    if (downwardAPI) return this.#downward(pod, downwardAPI.items, defaultMode);
    if (serviceAccountToken) {
      const token = await this.#sources.tokens.token(pod, serviceAccountToken);
      const owner = tokenOwner(pod);
      const restricted = owner.uid !== undefined || owner.hasGroup;
      const file = { data: Buffer.from(token), mode: restricted ? 0o600 : defaultMode, uid: owner.uid };
      return new Map([[safePath(serviceAccountToken.path), file]]);
    }
    if (clusterTrustBundle?.optional) return new Map();
    throw new VolumeError('projected volume source is not supported by this node');
  }
}

const namespaceOf = (pod: Pod) => pod.metadata.namespace as string;

/** The one user that all containers run as, who then owns the token alone. */
export function tokenOwner(pod: Pod): { uid?: number; hasGroup: boolean } {
  const shared = pod.spec.securityContext ?? {};
  const users = new Set(allContainers(pod).map((c) => c.securityContext?.runAsUser ?? shared.runAsUser));
  const [uid] = users;
  return { ...(users.size === 1 && uid !== undefined && { uid }), hasGroup: shared.fsGroup !== undefined };
}
