import type { KubernetesObject } from '../api/resource.ts';
import type { ApiRequest, Transport, WatchSink } from './transport.ts';

export type Written = Pick<KubernetesObject, 'metadata'> & { spec?: object };

/** Lists what it is given, and tells of what is added and deleted later. */
export class ListedObjects implements Transport {
  readonly #objects = new Map<string, Written[]>();
  readonly #watches = new Map<string, WatchSink>();

  constructor(objects: Record<string, Written[]>) {
    for (const [resource, list] of Object.entries(objects)) this.#objects.set(resource, list);
  }

  async request({ path }: ApiRequest): Promise<unknown> {
    return {
      metadata: { resourceVersion: '1' },
      items: this.#objects.get(path.split('/').at(-1) ?? '') ?? [],
    };
  }

  async watch({ path }: ApiRequest, sink: WatchSink): Promise<{ stop(): void }> {
    this.#watches.set(path.split('/').at(-1) ?? '', sink);
    return { stop: () => {} };
  }

  async tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', resource: string, object: Written): Promise<void> {
    while (!this.#watches.has(resource)) await new Promise(setImmediate);
    this.#watches.get(resource)?.onEvent({ type, object });
  }
}
