import type { APIService } from '../../api/apiregistration/v1.ts';
import { apiservices } from '../../api/generated/resources.ts';
import { wholeBody } from '../../platform/http1-call.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { isAvailable } from '../kinds/apiregistration/conditions.ts';
import type { ForeignV2 } from '../openapi/merge-v2.ts';
import type { ForeignDocument } from '../openapi/resource.ts';
import { aggregatorUser } from './availability.ts';
import type { ExtensionServers } from './extension-server.ts';
import { KeyedWork, type Turn } from './keyed-work.ts';
import { groupVersionOf } from './registration-plan.ts';

export interface RemoteOpenApiOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  reader: ObjectReader;
  servers: ExtensionServers;
}

const refreshMs = 60_000;
const timeoutMs = 30_000;
const maxBytes = 64 * 1024 * 1024;

/** What is known of one version, with the entity tags of what was read. */
interface Known extends ForeignDocument {
  tags: { v2?: string; v3?: string };
}

/** Keeps what other servers say of themselves in OpenAPI. What was said last stays while a server does not answer. */
export class RemoteOpenApi {
  readonly #options: RemoteOpenApiOptions;
  readonly #work: KeyedWork;
  readonly #known = new Map<string, Known>();
  #all: readonly ForeignDocument[] = [];

  constructor(options: RemoteOpenApiOptions) {
    this.#options = options;
    const { clock, log } = options.platform;
    const onFailure = (name: string, error: unknown) =>
      log.info('a server does not describe what it serves', { name, error: String(error) });
    this.#work = new KeyedWork({
      clock,
      firstRetryMs: 500,
      maxRetryMs: refreshMs,
      onFailure,
      work: (name) => this.#sync(name),
    });
  }

  /** The documents of all versions; a new value whenever one has changed. */
  documents(): readonly ForeignDocument[] {
    return this.#all;
  }

  /** An APIService, or what is known of the server behind it, has changed. */
  look(name: string): void {
    void this.#work.add(name);
  }

  stop(): void {
    this.#work.stop();
  }

  async #sync(name: string): Promise<Turn> {
    const service = this.#options.reader.get(apiservices, { name });
    if (!service?.spec.service) {
      this.#set(name, undefined);
      return undefined;
    }
    if (!isAvailable(service)) return undefined;
    this.#set(name, await this.#fetch(service, this.#known.get(name)));
    return { afterMs: refreshMs };
  }

  #set(name: string, known: Known | undefined): void {
    if (this.#known.get(name) === known) return;
    if (known) this.#known.set(name, known);
    else this.#known.delete(name);
    this.#all = [...this.#known.values()];
  }

  /** What the server says now; `before` where that is the same. */
  async #fetch(service: APIService, before: Known | undefined): Promise<Known> {
    const { group, version } = groupVersionOf(service.metadata.name ?? '');
    const target = `/openapi/v3/apis/${group}/${version}`;
    const v2 = await this.#get(service, '/openapi/v2', before?.tags.v2);
    const v3 = await this.#get(service, target, before?.tags.v3);
    if (before && v2 === 'same' && v3 === 'same') return before;
    const json = v2 === 'same' ? before?.v2 : v2 && (JSON.parse(v2.bytes.toString()) as ForeignV2);
    const bytes = v3 === 'same' ? before?.v3 : v3?.bytes;
    return {
      group,
      version,
      ...(json && { v2: json }),
      ...(bytes && { v3: bytes }),
      tags: {
        v2: v2 === 'same' ? before?.tags.v2 : v2?.tag,
        v3: v3 === 'same' ? before?.tags.v3 : v3?.tag,
      },
    };
  }

  /** One document; undefined where the server has none. */
  async #get(
    service: APIService,
    target: string,
    tag: string | undefined,
  ): Promise<{ bytes: Buffer; tag?: string } | 'same' | undefined> {
    const headers = { accept: 'application/json', ...(tag && { 'if-none-match': tag }) };
    const call = { method: 'GET', target, user: aggregatorUser, headers, timeoutMs };
    const answer = await this.#options.servers.call(service, call);
    if (answer.status === 200) {
      const bytes = await wholeBody(answer, maxBytes);
      const [etag] = [answer.headers.etag].flat();
      return { bytes, ...(etag && { tag: etag }) };
    }
    answer.body.destroy();
    if (answer.status === 304) return 'same';
    if (answer.status === 404 || answer.status === 403 || answer.status === 406) return undefined;
    throw new Error(`${target}: ${answer.status}`);
  }
}
