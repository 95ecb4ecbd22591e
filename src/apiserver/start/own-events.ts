import type { KubernetesObject } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { formatTime } from '../../platform/clock.ts';
import type { KeeperOptions } from './keeper.ts';

/** What is worth a person's look. */
export interface Warning {
  /** One word in CamelCase for machines. */
  reason: string;
  /** One sentence for people. */
  message: string;
}

/** One, and the object that it is about. */
export interface Finding {
  object: KubernetesObject;
  warning: Warning;
}

/** So many warnings are remembered as told. */
const mostTold = 1000;

/** Tells people what a part of the server finds, as Events beside the object: each warning once in the life of the server. */
export class OwnEvents {
  readonly #options: KeeperOptions;
  readonly #component: string;
  readonly #told = new Set<string>();

  /** `component`: who tells. */
  constructor(options: KeeperOptions, component: string) {
    this.#options = options;
    this.#component = component;
  }

  /** Resolves when the Event is written. Does not reject: one that cannot be written is logged. */
  async warn(object: KubernetesObject, warning: Warning): Promise<void> {
    const key = JSON.stringify([object.metadata.uid, warning]);
    if (this.#told.has(key)) return;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.add(key);
    const { platform, transport } = this.#options;
    const body = this.#event(object, warning);
    const path = `/api/v1/namespaces/${body.metadata.namespace}/events`;
    const cause = causedBy(object, warning.message);
    await transport.request({ method: 'POST', path, body, cause }).catch((error) => {
      platform.log.warn('event not written', { ...warning, error });
    });
  }

  #event({ apiVersion, kind, metadata }: KubernetesObject, { reason, message }: Warning) {
    const { namespace, name, uid, resourceVersion } = metadata;
    const nowMs = this.#options.platform.clock.now();
    const time = formatTime(nowMs);
    // As upstream's names, in nanoseconds: the last of them tell events of one moment apart.
    const moment = BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(this.#told.size);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: namespace || 'default', name: `${name}.${moment.toString(16)}` },
      involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
      type: 'Warning',
      reason,
      message,
      source: { component: this.#component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: this.#component,
    };
  }
}
