import { internalError, unauthorized } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { stillHolds } from '../../platform/peer.ts';
import type { UserInfo } from '../registry/kind.ts';
import { type Authenticator, withAuthenticated } from './authenticator.ts';

/** The headers in which a proxy says for whom it asks, in any case; of several names of one, those before others are heeded. */
export interface RemoteHeaderNames {
  user: readonly string[];
  uid: readonly string[];
  group: readonly string[];
  /** What such headers begin with. */
  extra: readonly string[];
}

/** Those that this server, as a proxy, writes itself. */
export const remoteHeaders: RemoteHeaderNames = {
  user: ['X-Remote-User'],
  uid: ['X-Remote-Uid'],
  group: ['X-Remote-Group'],
  extra: ['X-Remote-Extra-'],
};

/** HTTP carries bytes, which Node shows as Latin-1; names are UTF-8. */
const received = (value: string) => Buffer.from(value, 'latin1').toString();

const isControl = (byte: number) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f;

/** As Node takes it. Throws for what would end the header, rather than ask in the name of somebody else. */
function sent(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.some(isControl)) throw internalError('the name of the user cannot be passed on');
  return bytes.toString('latin1');
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Values of headers, each of which may come more than once: in the order of the names, then in their own. */
function valuesOf({ rawHeaders }: Pick<HttpRequest, 'rawHeaders'>, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const values: string[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      if (rawHeaders[i]?.toLowerCase() === name && rawHeaders[i + 1])
        values.push(received(rawHeaders[i + 1] as string));
    }
    return values;
  });
}

function extraOf(
  { rawHeaders }: Pick<HttpRequest, 'rawHeaders'>,
  prefixes: readonly string[],
): Record<string, string[]> {
  const extra: Record<string, string[]> = Object.create(null);
  for (const prefix of prefixes) {
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = (rawHeaders[i] as string).toLowerCase();
      if (!name.startsWith(prefix)) continue;
      const key = unescaped(name.slice(prefix.length));
      extra[key] = [...(extra[key] ?? []), received(rawHeaders[i + 1] as string)];
    }
  }
  return extra;
}

const inLowerCase = (names: readonly string[]) => names.map((name) => name.toLowerCase());

/**
 * Users that a proxy in front of this server speaks for: its certificate stands on the authority of proxies and bears one of
 * `allowedNames` (any, where that is empty), and the headers say who asks.
 */
export function requestHeaderAuthenticator(
  allowedNames: readonly string[],
  clock: Pick<Clock, 'now'>,
  headers: RemoteHeaderNames = remoteHeaders,
): Authenticator {
  const names: RemoteHeaderNames = {
    user: inLowerCase(headers.user),
    uid: inLowerCase(headers.uid),
    group: inLowerCase(headers.group),
    extra: inLowerCase(headers.extra),
  };
  const isAllowed = (name: string) => allowedNames.length === 0 || allowedNames.includes(name);
  return {
    authenticate(request) {
      const { peer } = request;
      if (!peer?.isProxy) return undefined;
      if (!isAllowed(peer.commonName) || !stillHolds(peer, clock)) throw unauthorized();
      const [name] = valuesOf(request, names.user);
      return name === undefined ? undefined : withAuthenticated(userOf(request, name, names));
    },
  };
}

function userOf(request: HttpRequest, name: string, names: RemoteHeaderNames): UserInfo {
  const [uid] = valuesOf(request, names.uid);
  const extra = extraOf(request, names.extra);
  return {
    name,
    ...(uid && { uid }),
    groups: valuesOf(request, names.group),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

/**
 * Tells of a header's name, in lower case, whether proxies say in it for whom they ask, where they have other headers for that than the
 * usual ones: no other server may be told by a client what it would believe of a proxy. Those that are usual are never passed on.
 */
export function ownHeaders(headers: RemoteHeaderNames | undefined): ((name: string) => boolean) | undefined {
  if (!headers) return undefined;
  const others = (what: keyof RemoteHeaderNames) =>
    inLowerCase(headers[what]).filter((name) => !inLowerCase(remoteHeaders[what]).includes(name));
  const names = new Set([...others('user'), ...others('uid'), ...others('group')]);
  const prefixes = others('extra');
  if (names.size + prefixes.length === 0) return undefined;
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** What a header's name can carry of a key: everything else is written with percent signs. */
function escaped(key: string): string {
  const keep = (byte: number) => /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte));
  const hex = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return [...Buffer.from(key)].map((byte) => (keep(byte) ? String.fromCharCode(byte) : hex(byte))).join('');
}

/** The headers in which this server, as a proxy, tells another for whom it asks. */
export function remoteUserHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string[]> {
  const headers: Record<string, string[]> = { 'X-Remote-User': [sent(name)] };
  if (uid) headers['X-Remote-Uid'] = [sent(uid)];
  if (groups.length > 0) headers['X-Remote-Group'] = groups.map(sent);
  for (const [key, values] of Object.entries(extra)) {
    headers[`X-Remote-Extra-${escaped(key)}`] = values.map(sent);
  }
  return headers;
}
