import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import { customresourcedefinitions } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { causedBy, type Transport, type WatchEvent, type WatchStream } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { ConversionWebhook } from './conversion.ts';
import { cleanupFinalizer } from './definition/custom-resource-definition.ts';
import { isTrue } from './definition/conditions.ts';
import { planCleanup, planFailure, planRelease, planStatus } from './definition/status-plan.ts';
import { ServedDefinitions } from './served-definitions.ts';

export interface CustomResourcesOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  dispatcher: RegistryDispatcher;
  /** The way to the API as the server itself. */
  transport: Transport;
  /** The same past admission. */
  unadmitted: Transport;
  webhook: ConversionWebhook;
}

type Definition = Stored<CustomResourceDefinition>;

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const firstRetryMs = 100;
const maxRetryMs = 5000;

/** Serves custom resources as their definitions say, and keeps the status of the definitions. */
export class CustomResources {
  readonly #options: CustomResourcesOptions;
  readonly #served: ServedDefinitions;
  readonly #waiting = new Set<string>();
  /** How long each definition that did not come through waits before it is tried again. */
  readonly #retries = new Map<string, number>();
  #working = false;
  #watch: WatchStream | undefined;
  #stopped = false;

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#served = new ServedDefinitions(options.dispatcher, options.webhook);
  }

  /** Resolves when all resources that were served before are served again. */
  async start(): Promise<void> {
    const known = [...this.#options.dispatcher.reader.list(customresourcedefinitions)];
    await Promise.all(known.map((definition) => this.#served.update(definition)));
    await this.#follow();
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.stop();
  }

  async #follow(): Promise<void> {
    const sink = {
      onEvent: (event: WatchEvent) => this.#onEvent(event as WatchEvent<Definition>),
      onEnd: () => void this.#followAgain(),
    };
    this.#watch = await this.#options.transport.watch({ method: 'GET', path }, sink);
  }

  async #followAgain(): Promise<void> {
    if (this.#stopped) return;
    const { dispatcher, platform } = this.#options;
    try {
      const present = new Set(
        [...dispatcher.reader.list(customresourcedefinitions)].map((d) => d.metadata.name),
      );
      for (const name of this.#served.names()) if (!present.has(name)) this.#served.remove(name);
      await this.#follow();
    } catch (error) {
      platform.log.warn('the definitions of custom resources cannot be followed', { error });
      platform.clock.after(firstRetryMs, () => void this.#followAgain());
    }
  }

  #onEvent({ type, object }: WatchEvent<Definition>): void {
    if (this.#stopped || type === 'BOOKMARK') return;
    const { name } = object.metadata;
    if (type === 'DELETED') {
      this.#served.remove(name);
      this.#retries.delete(name);
      // A name may be free now that another definition has waited for.
      for (const other of this.#served.othersOf(object.spec.group, name)) this.#enqueue(other.name);
      return;
    }
    this.#served.update(object).catch((error: unknown) => {
      this.#options.platform.log.error('a custom resource cannot be served', { name, error });
    });
    this.#enqueue(name);
  }

  #enqueue(name: string): void {
    this.#waiting.add(name);
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (const name of this.#waiting) {
      if (this.#stopped) break;
      this.#waiting.delete(name);
      await this.#attempt(name);
    }
    this.#working = false;
  }

  async #attempt(name: string): Promise<void> {
    try {
      if (await this.#sync(name)) this.#retries.delete(name);
      else this.#retry(name);
    } catch (error) {
      // The event of whatever came in between brings the definition here again.
      if (hasReason(error, 'Conflict') || hasReason(error, 'NotFound')) return;
      this.#options.platform.log.warn('the status of a definition cannot be kept', { name, error });
      this.#retry(name);
    }
  }

  #retry(name: string): void {
    const delayMs = this.#retries.get(name) ?? firstRetryMs;
    this.#retries.set(name, Math.min(delayMs * 2, maxRetryMs));
    this.#options.platform.clock.after(delayMs, () => {
      if (!this.#stopped) this.#enqueue(name);
    });
  }

  /** Gives false where it has to be looked at again after a while. */
  async #sync(name: string): Promise<boolean> {
    const { dispatcher, platform } = this.#options;
    const definition = dispatcher.reader.get(customresourcedefinitions, { name });
    if (!definition) return true;
    if (definition.metadata.deletionTimestamp) return this.#cleanUp(definition);
    const others = this.#served.othersOf(definition.spec.group, name).map(({ accepted }) => accepted);
    const next = planStatus(definition, others, timestamp(platform.clock));
    if (next) await this.#write(definition, next, 'the names of the definition have been looked at');
    return true;
  }

  async #write(definition: Definition, next: CustomResourceDefinition, reason: string): Promise<void> {
    await this.#options.transport.request({
      method: 'PUT',
      path: `${path}/${definition.metadata.name}/status`,
      body: next,
      cause: causedBy(definition, reason),
    });
  }

  /** Deletes the objects of a definition, and lets it go once there are none. */
  async #cleanUp(definition: Definition): Promise<boolean> {
    if (!definition.metadata.finalizers?.includes(cleanupFinalizer)) return true;
    const now = timestamp(this.#options.platform.clock);
    const marked = planCleanup(definition, now);
    if (marked) {
      await this.#write(definition, marked, 'its objects are being deleted');
      return true;
    }
    if (isTrue(definition, 'Established') && !(await this.#tryDeletion(definition))) return false;
    await this.#write(definition, planRelease(definition, now), 'its objects are gone');
    return true;
  }

  /** Gives true where nothing is left; says in the definition why something could not be deleted. */
  async #tryDeletion(definition: Definition): Promise<boolean> {
    try {
      return await this.#deleteInstances(definition);
    } catch (error) {
      const now = timestamp(this.#options.platform.clock);
      const next = planFailure(definition, error instanceof Error ? error.message : String(error), now);
      if (next) await this.#write(definition, next, 'its objects could not be deleted');
      throw error;
    }
  }

  /** Gives true where nothing is left. As upstream, admission is not asked: it could keep a definition for ever. */
  async #deleteInstances(definition: Definition): Promise<boolean> {
    const { dispatcher, unadmitted } = this.#options;
    const resource = await this.#served.resourceOf(definition);
    if (!resource) return true;
    const left = () => [...dispatcher.reader.list(resource)];
    const { group, version, plural } = resource;
    for (const namespace of new Set(
      left().map((object: KubernetesObject) => object.metadata.namespace ?? ''),
    )) {
      const scope = namespace ? `namespaces/${namespace}/` : '';
      const target = `/apis/${group}/${version}/${scope}${plural}`;
      const cause = causedBy(definition, 'the definition is being deleted');
      await unadmitted.request({ method: 'DELETE', path: target, cause });
    }
    return left().length === 0;
  }
}
