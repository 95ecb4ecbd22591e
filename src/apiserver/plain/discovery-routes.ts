import { type Discovery, entityTag } from '../discovery/discovery.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { PathMux, PlainAnswer } from '../corridor/plain-routes.ts';
import { standardCodecs } from '../http/standard-codecs.ts';
import { accepts, parseAccept } from '../../machinery/accept.ts';
import { type Encoding, mediaTypes, negotiate } from '../http/negotiate.ts';

/** What this server can be reached as, for the document at `/api`. */
export interface DiscoveryRoutesOptions {
  mux: PathMux;
  discovery(): Discovery;
  serverAddress(): string;
}

/** The documents that tell clients what is served. */
export function serveDiscovery({ mux, discovery, serverAddress }: DiscoveryRoutesOptions): void {
  const documents = new Documents();
  mux.handle('/api', (x) =>
    wantsAggregated(x)
      ? documents.aggregated(x, discovery(), 'core')
      : written(x, discovery().apiVersions(serverAddress())),
  );
  mux.handle('/apis', (x) =>
    wantsAggregated(x) ? documents.aggregated(x, discovery(), 'groups') : written(x, discovery().groupList()),
  );
  mux.handle('/api/', (x) => written(x, legacyDocument(x.path, discovery())));
  mux.handle('/apis/', (x) => written(x, groupDocument(x.path, discovery())));
}

const segments = (path: string) => path.split('/').filter((part) => part !== '');

function legacyDocument(path: string, discovery: Discovery): object | undefined {
  const [, version = '', ...rest] = segments(path);
  return rest.length === 0 ? discovery.resourceList({ group: '', version }) : undefined;
}

function groupDocument(path: string, discovery: Discovery): object | undefined {
  const [, group = '', version, ...rest] = segments(path);
  if (rest.length > 0) return undefined;
  return version === undefined ? discovery.group(group) : discovery.resourceList({ group, version });
}

/** Whether the aggregated document is among what a client takes: it is preferred, wherever it stands. */
function wantsAggregated(x: Exchange): boolean {
  return parseAccept(x.header('accept') ?? '').some(
    (clause) =>
      accepts(clause, mediaTypes.json) &&
      clause.params.as === 'APIGroupDiscoveryList' &&
      clause.params.g === 'apidiscovery.k8s.io' &&
      clause.params.v === 'v2',
  );
}

/** The aggregated documents in bytes, made once for each set of kinds. */
class Documents {
  readonly #known = new WeakMap<Discovery, Map<string, { body: Buffer; tag: string }>>();

  aggregated(x: Exchange, discovery: Discovery, part: 'core' | 'groups'): PlainAnswer {
    const { body, tag } = this.#document(discovery, part);
    const headers = { etag: tag, vary: 'Accept', 'cache-control': 'public' };
    const contentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    if (x.header('if-none-match') === tag) return { code: 304, headers };
    return { contentType, headers, body };
  }

  #document(discovery: Discovery, part: 'core' | 'groups'): { body: Buffer; tag: string } {
    const parts = this.#known.get(discovery) ?? new Map<string, { body: Buffer; tag: string }>();
    this.#known.set(discovery, parts);
    let made = parts.get(part);
    if (!made) {
      const document = discovery.aggregated(part);
      made = { body: Buffer.from(`${JSON.stringify(document)}\n`), tag: entityTag(document) };
      parts.set(part, made);
    }
    return made;
  }
}

const encoders: Record<Encoding, (document: object) => string | Uint8Array> = {
  json: (document) => `${JSON.stringify(document)}\n`,
  yaml: standardCodecs.yaml,
  protobuf: standardCodecs.protobuf,
};

function written(x: Exchange, document: object | undefined): PlainAnswer | undefined {
  if (!document) return undefined;
  const { encoding } = negotiate(x.header('accept'), 'plain');
  const pretty = encoding === 'json' && x.pretty;
  const body = pretty ? JSON.stringify(document, null, 2) : encoders[encoding](document);
  return { contentType: mediaTypes[encoding], headers: { vary: 'Accept' }, body };
}
