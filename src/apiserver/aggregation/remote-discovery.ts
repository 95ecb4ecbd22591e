import type { APIGroupDiscoveryList, APIVersionDiscovery } from '../../api/apidiscovery/v2.ts';
import type { APIService } from '../../api/apiregistration/v1.ts';
import { apiservices } from '../../api/generated/resources.ts';
import type { APIResourceList } from '../../api/meta/v1.ts';
import { type Http1Answer, wholeBody } from '../../platform/http1-call.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { aggregatorUser, discoveryPath } from './availability.ts';
import { versionOfList, versionsOf } from './discovery-entries.ts';
import type { ExtensionServers } from './extension-server.ts';
import { KeyedWork, type Turn } from './keyed-work.ts';
import { groupVersionOf } from './registration-plan.ts';

export interface RemoteDiscoveryOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  reader: ObjectReader;
  servers: ExtensionServers;
  /** Called when what is known has changed. */
  onChange(): void;
}

/** The aggregated document of a server, which several APIServices may share. */
interface ServerDocument {
  versions: ReadonlyMap<string, APIVersionDiscovery>;
  etag: string | undefined;
  /** When it was asked for, on the count of all that happens here. */
  tick: number;
}

/** How often a server is asked again what it serves. */
const refreshMs = 60_000;
const timeoutMs = 5000;
const maxBytes = 16 * 1024 * 1024;
const accept = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

const serverOf = ({ spec: { service } }: APIService) =>
  `${service?.namespace}/${service?.name}:${service?.port ?? 443}`;

/** Knows what other servers serve, as they say themselves. */
export class RemoteDiscovery {
  readonly #options: RemoteDiscoveryOptions;
  readonly #work: KeyedWork;
  readonly #found = new Map<string, APIVersionDiscovery>();
  readonly #documents = new Map<string, ServerDocument>();
  readonly #dirty = new Map<string, number>();
  #tick = 0;

  constructor(options: RemoteDiscoveryOptions) {
    this.#options = options;
    const { clock, log } = options.platform;
    const onFailure = (name: string, error: unknown) =>
      log.info('a server does not say what it serves', { name, error: String(error) });
    this.#work = new KeyedWork({
      clock,
      firstRetryMs: 500,
      maxRetryMs: refreshMs,
      onFailure,
      work: (name) => this.#sync(name),
    });
  }

  /** What is served of the version of an APIService; nothing, and stale, where that is not known. */
  of(name: string): APIVersionDiscovery {
    return this.#found.get(name) ?? { version: groupVersionOf(name).version, freshness: 'Stale' };
  }

  /** An APIService, or what is known of the server behind it, has changed. */
  look(name: string): Promise<void> {
    this.#dirty.set(name, ++this.#tick);
    return this.#work.add(name);
  }

  stop(): void {
    this.#work.stop();
  }

  async #sync(name: string): Promise<Turn> {
    const service = this.#options.reader.get(apiservices, { name });
    if (!service?.spec.service) return this.#forget(name);
    try {
      const found = await this.#fetch(name, service);
      this.#set(name, { ...found, freshness: 'Current' });
    } catch (error) {
      this.#set(name, { version: groupVersionOf(name).version, freshness: 'Stale' });
      throw error;
    }
    this.#dirty.set(name, ++this.#tick);
    return { afterMs: refreshMs };
  }

  #set(name: string, entry: APIVersionDiscovery): void {
    const isSame = JSON.stringify(this.#found.get(name)) === JSON.stringify(entry);
    this.#found.set(name, entry);
    if (!isSame) this.#options.onChange();
  }

  #forget(name: string): undefined {
    this.#dirty.delete(name);
    if (this.#found.delete(name)) this.#options.onChange();
    const used = new Set([...this.#options.reader.list(apiservices)].map(serverOf));
    for (const server of this.#documents.keys()) if (!used.has(server)) this.#documents.delete(server);
    return undefined;
  }

  async #fetch(name: string, service: APIService): Promise<APIVersionDiscovery> {
    const gv = groupVersionOf(name);
    const document = await this.#document(name, service);
    if (!document) return versionOfList(await this.#list(service), gv);
    return document.versions.get(`${gv.group}/${gv.version}`) ?? { version: gv.version };
  }

  /** The aggregated document of the server; undefined where it has none. */
  async #document(name: string, service: APIService): Promise<ServerDocument | undefined> {
    const server = serverOf(service);
    const known = this.#documents.get(server);
    if (known && known.tick > (this.#dirty.get(name) ?? 0)) return known;
    const tick = ++this.#tick;
    const headers = { accept, ...(known?.etag && { 'if-none-match': known.etag }) };
    const answer = await this.#get(service, '/apis', headers);
    const { status } = answer;
    if (status === 503) throw new Error(`service ${server} returned non-success response code: ${status}`);
    if (known && status === 304) return this.#keep(server, { ...known, tick }, answer);
    if (status !== 200 || !isAggregated(answer)) return void answer.body.destroy();
    const list = (await jsonOf(answer)) as APIGroupDiscoveryList;
    const { etag } = answer.headers;
    return this.#keep(server, { versions: versionsOf(list), etag: [etag].flat()[0], tick }, answer);
  }

  #keep(server: string, document: ServerDocument, answer: Http1Answer): ServerDocument {
    answer.body.destroy();
    this.#documents.set(server, document);
    return document;
  }

  async #list(service: APIService): Promise<APIResourceList> {
    const path = discoveryPath(service);
    const answer = await this.#get(service, path, { accept: 'application/json' });
    if (answer.status === 200) return (await jsonOf(answer)) as APIResourceList;
    answer.body.destroy();
    throw new Error(`failed to download legacy discovery for ${path}: ${answer.status}`);
  }

  #get(service: APIService, target: string, headers: Record<string, string>): Promise<Http1Answer> {
    const { servers } = this.#options;
    return servers.call(service, { method: 'GET', target, user: aggregatorUser, headers, timeoutMs });
  }
}

const isAggregated = ({ headers }: Http1Answer) =>
  /as=APIGroupDiscoveryList/.test(String(headers['content-type']));

async function jsonOf(answer: Http1Answer): Promise<unknown> {
  return JSON.parse((await wholeBody(answer, maxBytes)).toString());
}
