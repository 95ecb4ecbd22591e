import type { KubernetesObject } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { newEvent } from '../../machinery/event-object.ts';
import type { Platform } from '../../platform/platform.ts';
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

export interface OwnEventsOptions extends KeeperOptions {
  platform: KeeperOptions['platform'] & Pick<Platform, 'random'>;
}

/** So many warnings are remembered as told. */
const mostTold = 1000;

/** Tells people what a part of the server finds, as Events beside the object: each warning once in the life of the server. */
export class OwnEvents {
  readonly #options: OwnEventsOptions;
  readonly #component: string;
  readonly #told = new Set<string>();

  /** `component`: who tells. */
  constructor(options: OwnEventsOptions, component: string) {
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
    const nowMs = platform.clock.now();
    const source = { component: this.#component };
    const body = newEvent(
      object,
      { type: 'Warning', ...warning },
      { source, nowMs, random: platform.random },
    );
    const path = `/api/v1/namespaces/${body.metadata.namespace}/events`;
    const cause = causedBy(object, warning.message);
    await transport.request({ method: 'POST', path, body, cause }).catch((error) => {
      platform.log.warn('event not written', { ...warning, error });
    });
  }
}
