import { endpoints, endpointslices, services } from '../../api/generated/resources.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { Transport } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Store, WatchBatch, WatchHandle } from '../../store/store.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import {
  endpointsOf,
  hostPort,
  isFurtherSlice,
  name,
  namespace,
  parseHostPort,
  type ServerAddress,
  serviceFor,
  slicesOf,
} from './kubernetes-service-plan.ts';
import { writeOnce } from './keeper.ts';
import { putObject } from './put-object.ts';

/** Where pods find the API server. */
export interface Advertised {
  /** An address that pods can reach; the service does not lead to this server where there is none. */
  address?: string;
  port: number;
  /** The service's own address: the first of the service range. */
  serviceAddress: string;
}

export interface KubernetesServiceOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  store: Store;
  reader: ObjectReader;
  transport: Transport;
  /** Nobody else serves from the store: no key is needed to know who lives. */
  isAlone?: boolean;
}

/** Upstream's key of the servers that live. */
const prefix = '/registry/masterleases/';
/** Upstream's times: how long a server that says nothing counts as alive, and how often it says something. */
const leaseSeconds = 15;
const intervalMs = 10_000;
/** A server that stops does not wait longer than this for its entry to go: it ends by itself. */
const goodbyeMs = 2000;
const cause = { reason: 'pods find the API servers through the service kubernetes' };
const actor = 'system:apiserver';
const core = `/api/v1/namespaces/${namespace}`;
const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

/**
 * Makes `kubernetes.default` lead to all servers that live. Each keeps a key `/registry/masterleases/<ip>:<port>` in the
 * store, which ends 15 s after the server has last written it; Endpoints and EndpointSlices are made of the keys there are,
 * by every server, whenever one comes or goes. Upstream's key is the address alone, and all its servers have one port; here
 * several servers of one machine share an address, so the port is part of the key. A key of upstream's own is read as
 * a server with the port of this one.
 */
export class KubernetesService {
  readonly #options: KubernetesServiceOptions;
  readonly #advertised: Advertised;
  readonly #abort = new AbortController();
  #watch: WatchHandle | undefined;
  #isWatching = false;
  /** Passes come one after the other. */
  #last: Promise<void> = Promise.resolve();
  #isDue = false;

  constructor(options: KubernetesServiceOptions, advertised: Advertised) {
    this.#options = options;
    this.#advertised = advertised;
  }

  /** Resolves when the service leads to this server. */
  async start(): Promise<void> {
    await this.#ensureService(true);
    if (this.#advertised.address === undefined) return;
    await this.#pass();
    void this.#keep();
  }

  /** Takes this server out of the service. Does not reject: what is left ends by itself. */
  async stop(): Promise<void> {
    const { platform, store } = this.#options;
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#watch?.stop();
    const key = this.#key();
    if (key === undefined || this.#options.isAlone) return;
    const goodbye = async () => {
      await this.#last;
      await store.commit({ writes: [{ type: 'delete', key }] });
      await this.#publish(await this.#servers());
    };
    const told = goodbye().catch((error) => {
      platform.log.warn('this server could not be taken out of the service kubernetes', { error });
    });
    await Promise.race([told, platform.clock.sleep(goodbyeMs)]);
  }

  #own(): ServerAddress | undefined {
    const { address, port } = this.#advertised;
    return address === undefined ? undefined : { ip: address, port };
  }

  #key(): string | undefined {
    const own = this.#own();
    return own && prefix + hostPort(own);
  }

  async #keep(): Promise<void> {
    const { clock } = this.#options.platform;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#follow();
      await clock.sleep(intervalMs, signal).catch(() => {});
      if (!signal.aborted) await this.#try(() => this.#renewed());
    }
  }

  async #renewed(): Promise<void> {
    await this.#ensureService(false);
    await this.#pass();
  }

  /** What other servers do is seen at once; where it cannot be, it is seen with the next renewal. */
  async #follow(): Promise<void> {
    if (this.#isWatching || this.#options.isAlone) return;
    this.#isWatching = true;
    await this.#try(async () => {
      const { store } = this.#options;
      const { revision } = await store.list(prefix, { limit: 1 });
      this.#watch = await store.watch(prefix, revision, {
        onBatch: (batch) => this.#seen(batch),
        onEnd: () => {
          this.#isWatching = false;
        },
      });
      this.#enqueue();
    }).then((isWatched) => {
      this.#isWatching &&= isWatched;
    });
  }

  #seen({ events }: WatchBatch): void {
    const isNews = events.some(
      (event) => event.type === 'delete' || event.entry.createRevision === event.entry.revision,
    );
    if (isNews) this.#enqueue();
  }

  #enqueue(): void {
    if (this.#isDue || this.#abort.signal.aborted) return;
    this.#isDue = true;
    this.#last = this.#last.then(async () => {
      this.#isDue = false;
      await this.#try(async () => this.#publish(await this.#servers()));
    });
  }

  /** Says that this server lives, and brings the objects in order. */
  #pass(): Promise<void> {
    const passed = this.#last.then(async () => {
      await this.#renewLease();
      const servers = await this.#servers();
      // This one lives: nobody at all is a mistake, and no reason to take all away.
      if (servers.length > 0) await this.#publish(servers);
    });
    this.#last = passed.catch(() => {});
    return passed;
  }

  async #renewLease(): Promise<void> {
    const { store, isAlone } = this.#options;
    const [own, key] = [this.#own(), this.#key()];
    if (isAlone || !own || key === undefined || this.#abort.signal.aborted) return;
    const value = Buffer.from(JSON.stringify({ ...endpointsOf([own]), metadata: {} }));
    await store.commit({ writes: [{ type: 'put', key, value, leaseSeconds }], cause: { actor, ...cause } });
  }

  async #servers(): Promise<ServerAddress[]> {
    if (this.#options.isAlone) return [this.#own() ?? []].flat();
    const { entries } = await this.#options.store.list(prefix);
    return entries.flatMap(({ key }) => parseHostPort(key.slice(prefix.length), this.#advertised.port) ?? []);
  }

  async #ensureService(isStart: boolean): Promise<void> {
    const { serviceAddress, port } = this.#advertised;
    const found = this.#options.reader.get(services, { namespace, name });
    if (found && !isStart) return;
    const { metadata, spec, ...wanted } = serviceFor(serviceAddress, port);
    const { type, sessionAffinity, ports } = spec;
    // An address stays: one from another range than the server's own now too.
    const body = found?.spec.clusterIP
      ? { ...wanted, metadata, spec: { type, sessionAffinity, ports } }
      : { ...wanted, metadata, spec };
    await this.#put(`${core}/services`, body);
  }

  async #publish(servers: readonly ServerAddress[]): Promise<void> {
    const { reader } = this.#options;
    const wanted = endpointsOf(servers);
    const found = reader.get(endpoints, { namespace, name });
    if (!found || !deepEqual(found.subsets ?? [], wanted.subsets))
      await this.#put(`${core}/endpoints`, wanted);
    await this.#publishSlices(servers);
  }

  async #publishSlices(servers: readonly ServerAddress[]): Promise<void> {
    const { reader } = this.#options;
    const standing = new Map(
      [...reader.list(endpointslices, namespace)]
        .filter(({ metadata }) => metadata.name === name || isFurtherSlice(metadata.name))
        .map((slice) => [slice.metadata.name, slice]),
    );
    const wanted = slicesOf(servers);
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const slice of wanted) {
      const found = standing.get(slice.metadata.name as string);
      // The family of a slice cannot change.
      if (found && found.addressType !== slice.addressType) await this.#delete(slice.metadata.name as string);
      const isSame = found && deepEqual([found.endpoints ?? [], found.ports], [slice.endpoints, slice.ports]);
      if (!isSame) await this.#put(slicesPath, slice);
    }
    for (const slice of standing.keys()) if (!names.has(slice)) await this.#delete(slice);
  }

  #delete(slice: string): Promise<void> {
    return writeOnce(this.#options.transport, { method: 'DELETE', path: `${slicesPath}/${slice}`, cause });
  }

  #put(path: string, body: KubernetesObject): Promise<void> {
    return putObject(this.#options.transport, { path, body, cause });
  }

  /** What fails is tried again with the next renewal. */
  async #try(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      const { log } = this.#options.platform;
      if (!this.#abort.signal.aborted) log.warn('the service kubernetes cannot be kept', { error });
      return false;
    }
  }
}
