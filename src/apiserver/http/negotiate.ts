import { accepts, type Clause, parseAccept } from '../../machinery/accept.ts';
import { notAcceptable, unsupportedMediaType } from '../../machinery/status-error.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** What the client wants an object turned into, from `as`, `g` and `v` in its Accept header. */
export interface Conversion {
  kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  version: 'v1' | 'v1beta1';
}

/** How an answer is to be written. */
export interface Format {
  encoding: Encoding;
  convert?: Conversion;
  pretty: boolean;
}

export const mediaTypes: Record<Encoding, string> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

const conversions = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

/** The conversion of a clause; undefined: none asked for; false: one that is not known. */
function conversionOf(params: Record<string, string>, encoding: Encoding): Conversion | undefined | false {
  const { as, g, v } = params;
  if (as === undefined && g === undefined && v === undefined) return undefined;
  if (!as || !conversions.has(as) || g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return false;
  if (as === 'Table' && encoding === 'protobuf') return false;
  return { kind: as as Conversion['kind'], version: v };
}

function formatOf(clause: Clause, encoding: Encoding, endpoint: Endpoint): Format | undefined {
  const { stream } = clause.params;
  if (stream && (stream !== 'watch' || encoding === 'yaml')) return undefined;
  const convert = conversionOf(clause.params, encoding);
  if (convert === false || (convert && endpoint === 'plain')) return undefined;
  if (convert?.kind === 'Table' && endpoint === 'review') return undefined;
  if (!convert && encoding === 'protobuf' && isCustom(endpoint)) return undefined;
  return { encoding, convert, pretty: clause.params.pretty === '1' };
}

/**
 * What can be answered: resources allow conversions, `plain` does not, and a review has no table; a watch cannot be YAML;
 * a custom resource has no protobuf form but that of its conversions.
 */
export type Endpoint = 'resource' | 'watch' | 'custom' | 'customWatch' | 'review' | 'plain';

const isWatch = (endpoint: Endpoint) => endpoint === 'watch' || endpoint === 'customWatch';
const isCustom = (endpoint: Endpoint) => endpoint === 'custom' || endpoint === 'customWatch';

const encodings: readonly Encoding[] = ['json', 'yaml', 'protobuf'];
const streamEncodings: readonly Encoding[] = ['json', 'protobuf'];

function choose(header: string, endpoint: Endpoint): Format | undefined {
  for (const clause of parseAccept(header)) {
    for (const encoding of encodings) {
      if (!accepts(clause, mediaTypes[encoding])) continue;
      const format = formatOf(clause, encoding, endpoint);
      if (format) return isWatch(endpoint) && encoding === 'yaml' ? undefined : format;
    }
  }
  return undefined;
}

const cache = new Map<string, Format | undefined>();
const cacheSize = 500;

function remembered(header: string, endpoint: Endpoint): Format | undefined {
  const key = `${endpoint} ${header}`;
  if (cache.has(key)) return cache.get(key);
  if (cache.size >= cacheSize) cache.clear();
  const format = choose(header, endpoint);
  cache.set(key, format);
  return format;
}

const plainJson: Format = { encoding: 'json', pretty: false };

/** How to answer a request with this Accept header; undefined where the client takes nothing that there is. */
export function acceptedFormat(header: string | undefined, endpoint: Endpoint): Format | undefined {
  return header ? remembered(header, endpoint) : plainJson;
}

/** How to answer a request with this Accept header. Throws 406 where the client takes nothing that there is. */
export function negotiate(header: string | undefined, endpoint: Endpoint): Format {
  const format = acceptedFormat(header, endpoint);
  if (format) return format;
  // A watch is first asked what it says, then how it is sent.
  const told = isWatch(endpoint) && acceptedFormat(header, endpoint === 'watch' ? 'resource' : 'custom');
  const offered = told
    ? streamEncodings.map((e) => `${mediaTypes[e]};stream=watch`)
    : encodings.map((e) => mediaTypes[e]);
  throw notAcceptable(`only the following media types are accepted: ${offered.join(', ')}`);
}

const human = /^(curl|Wget|Mozilla\/5\.0)/;

/** Whether to write for a person: `pretty=true`, or a client known to be used by hand. */
export function wantsPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked) return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(asked);
  return human.test(userAgent);
}

/** The media type of a body, parameters left off; JSON where none is given. */
export function bodyMediaType(contentType: string | undefined): string {
  if (!contentType) return mediaTypes.json;
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

const bodyTypes = new Set<string>(Object.values(mediaTypes));

/** Throws 415 where a body of this type cannot be read. Patches have types of their own. */
export function checkBodyType(mediaType: string): void {
  if (bodyTypes.has(mediaType)) return;
  const offered = Object.values(mediaTypes).join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${offered}`,
  );
}
