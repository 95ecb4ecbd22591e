import { CelError } from '../errors.ts';
import { type Overload, overload } from '../signature.ts';
import { ArrayList, EntryMap, Opaque } from '../values.ts';
import { overFirst } from './cost.ts';

interface UrlParts {
  scheme: string;
  host: string;
  path: string;
  query: string;
}

class UrlValue extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly parts: UrlParts;
  readonly #text: string;
  constructor(text: string, parts: UrlParts) {
    super();
    this.#text = text;
    this.parts = parts;
  }
  equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.#text === this.#text;
  }
}

/** URLs taken apart. */
export function urls(): Overload[] {
  const part = (name: string, run: (parts: UrlParts) => string) =>
    overload(`kubernetes.URL::${name}(): string`, (url: UrlValue) => run(url.parts));
  return [
    overload('url(string): kubernetes.URL', urlOf, overFirst()),
    overload('isURL(string): bool', isUrl),
    part('getScheme', ({ scheme }) => scheme),
    part('getHost', ({ host }) => host),
    part('getHostname', ({ host }) => host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '')),
    part('getPort', ({ host }) => /:(\d*)$/.exec(host)?.[1] ?? ''),
    part('getEscapedPath', ({ path }) => escapePath(path)),
    overload('kubernetes.URL::getQuery(): map<string, list<string>>', (url: UrlValue) =>
      queryOf(url.parts.query),
    ),
  ];
}

function urlOf(text: string): UrlValue {
  const parts = parse(text);
  if (parts) return new UrlValue(text, parts);
  const why = `parse ${JSON.stringify(text)}: invalid URI for request`;
  throw new CelError(`URL parse error during conversion from string: ${why}`);
}

/** Whether a text is an absolute URL, or a path from the root. */
export const isUrl = (text: string) => parse(text) !== undefined;

function parse(text: string): UrlParts | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined;
  const [whole = ''] = text.split('#', 1);
  const [front = '', ...rest] = whole.split('?');
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(front);
  const [scheme = '', after = ''] = match?.slice(1) ?? [];
  if (!after.startsWith('/') && !(scheme && after)) return undefined;
  const authority = scheme && after.startsWith('//') ? /^\/\/([^/]*)/.exec(after)?.[1] : undefined;
  const path = authority === undefined ? after : after.slice(2 + authority.length);
  const host = authority?.slice(authority.lastIndexOf('@') + 1) ?? '';
  if (!isHost(host) || /%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return { scheme: scheme.toLowerCase(), host, path, query: rest.join('?') };
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return /^\[[0-9a-fA-F:.%]+\](?::\d*)?$/.test(host);
  return /^[^\s<>"\\^`{|}:[\]]*(?::\d*)?$/.test(host);
}

const escapePath = (path: string) =>
  path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]/gu, (c) => encodeURIComponent(c));

function queryOf(query: string): EntryMap {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) {
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  const map = new EntryMap();
  for (const [key, list] of values) map.add(key, new ArrayList(list));
  return map;
}
