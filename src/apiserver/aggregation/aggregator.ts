import type { CustomResourceDefinition } from '../../api/apiextensions/v1.ts';
import type { APIService } from '../../api/apiregistration/v1.ts';
import type { Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { apiservices } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Transport } from '../../client/transport.ts';
import type { Platform } from '../../platform/platform.ts';
import type { StreamRoutes } from '../corridor/corridor.ts';
import { Follower } from '../corridor/follower.ts';
import { Discovery, type RegisteredVersion } from '../discovery/discovery.ts';
import type { ForeignDocument } from '../openapi/resource.ts';
import type { RegistryDispatcher } from '../registry/dispatcher.ts';
import type { Dispatcher } from '../request.ts';
import { Availability } from './availability.ts';
import { AggregatedDispatcher } from './dispatcher.ts';
import { ExtensionServers, type ExtensionServersOptions } from './extension-server.ts';
import { AggregationProxy } from './proxy.ts';
import { Registration, servicesPath } from './registration.ts';
import { RemoteDiscovery } from './remote-discovery.ts';
import { RemoteOpenApi } from './remote-openapi.ts';
import { Routes } from './routes.ts';

export interface AggregatorOptions extends Omit<ExtensionServersOptions, 'reader' | 'random'> {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  dispatcher: RegistryDispatcher;
}

/** Makes one API of this server's own and those of the servers that are registered with it. */
export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #routes = new Routes();
  readonly #servers: ExtensionServers;
  readonly #remote: RemoteDiscovery;
  readonly #openApi: RemoteOpenApi;
  /** The spec that each APIService had when it was last looked at. */
  readonly #specs = new Map<string, string>();
  #parts:
    | { registration: Registration; availability: Availability; followers: Follower<never>[] }
    | undefined;
  #discovery: { local: Discovery; merged: Discovery } | undefined;

  /** Passes requests of clients on. */
  readonly proxy: StreamRoutes;
  /** Serves what runs in this process. */
  readonly dispatcher: Dispatcher;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    const { platform, dispatcher } = options;
    const { reader } = dispatcher;
    const servers = new ExtensionServers({ ...options, random: platform.random, reader });
    this.#servers = servers;
    this.#remote = new RemoteDiscovery({ platform, reader, servers, onChange: () => this.#changed() });
    this.#openApi = new RemoteOpenApi({ platform, reader, servers });
    this.proxy = new AggregationProxy(this.#routes, servers);
    this.dispatcher = new AggregatedDispatcher({ local: dispatcher, routes: this.#routes, servers });
  }

  /** What all servers together serve; a new value whenever that has changed. */
  discovery(): Discovery {
    const local = this.#options.dispatcher.discovery();
    if (this.#discovery?.local !== local) {
      const kinds = [...this.#options.dispatcher.served()].map(({ view }) => view);
      this.#discovery = { local, merged: new Discovery(kinds, this.#registered()) };
    }
    return this.#discovery.merged;
  }

  /** What other servers say of what they serve, in OpenAPI; a new value whenever that has changed. */
  openApi(): readonly ForeignDocument[] {
    return this.#openApi.documents();
  }

  /** Registers what this server serves and begins to look after what others do. `transport` is that of the server itself. */
  async start(transport: Transport): Promise<void> {
    const { platform, dispatcher } = this.#options;
    const { reader } = dispatcher;
    const common = { platform, transport, reader };
    const served = () => [...dispatcher.served()].map(({ view }) => view.resource);
    const registration = new Registration({ ...common, served });
    const availability = new Availability({ ...common, servers: this.#servers });
    const followers = this.#followers(transport, { registration, availability });
    this.#parts = { registration, availability, followers };
    for (const service of reader.list(apiservices)) if (service.spec.service) this.#routes.set(service);
    await registration.start();
    await Promise.all(followers.map((follower) => follower.start()));
  }

  stop(): void {
    const { registration, availability, followers = [] } = this.#parts ?? {};
    registration?.stop();
    availability?.stop();
    this.#remote.stop();
    this.#openApi.stop();
    for (const follower of followers) follower.stop();
  }

  #followers(
    transport: Transport,
    { registration, availability }: { registration: Registration; availability: Availability },
  ): Follower<never>[] {
    const { platform } = this.#options;
    const common = { platform, transport };
    const serviceOf = ({ metadata }: EndpointSlice) => metadata.labels?.['kubernetes.io/service-name'] ?? '';
    return [
      new Follower<APIService>({
        ...common,
        path: servicesPath,
        onGap: () => this.#routes.clear(),
        onChange: (service, isDeleted) => {
          registration.onService(service.metadata.name);
          if (this.#note(service, isDeleted)) void availability.look(service.metadata.name);
        },
      }),
      new Follower<CustomResourceDefinition>({
        ...common,
        path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        onChange: (definition, isDeleted) => registration.onDefinition(definition, isDeleted),
      }),
      new Follower<Service>({
        ...common,
        path: '/api/v1/services',
        onChange: ({ metadata }) => this.#onBackend(metadata.namespace ?? '', metadata.name),
      }),
      new Follower<EndpointSlice>({
        ...common,
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        onChange: (slice) => this.#onBackend(slice.metadata.namespace ?? '', serviceOf(slice)),
      }),
    ] as Follower<never>[];
  }

  /** Looks again at what stands behind a Service that has changed. */
  #onBackend(namespace: string, name: string): void {
    for (const { metadata, spec } of this.#routes.all()) {
      const { service } = spec;
      if (service?.namespace !== namespace || service.name !== name) continue;
      void this.#parts?.availability.look(metadata.name);
    }
  }

  /** Takes an APIService as it is now in. Gives whether its availability has to be looked at again. */
  #note(service: Stored<APIService>, isDeleted: boolean): boolean {
    const { metadata, spec } = service;
    const isRemote = !isDeleted && spec.service !== undefined;
    if (isRemote) this.#routes.set(service);
    else this.#routes.remove(spec);
    this.#changed();
    const before = this.#specs.get(metadata.name);
    const now = JSON.stringify(spec);
    if (isDeleted) this.#specs.delete(metadata.name);
    else this.#specs.set(metadata.name, now);
    if (isRemote || before?.includes('"service"')) {
      void this.#remote.look(metadata.name);
      this.#openApi.look(metadata.name);
    }
    return !isDeleted && (spec.service === undefined || before !== now);
  }

  #changed(): void {
    this.#discovery = undefined;
  }

  #registered(): RegisteredVersion[] {
    return [...this.#options.dispatcher.reader.list(apiservices)].map(({ metadata, spec }) => {
      const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec;
      const priority = { group: groupPriorityMinimum, version: versionPriority };
      return { group, version, priority, ...(spec.service && { elsewhere: this.#remote.of(metadata.name) }) };
    });
  }
}
