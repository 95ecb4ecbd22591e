import { internalError, unauthorized } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { stillHolds } from '../../platform/peer.ts';
import type { UserInfo } from '../registry/kind.ts';
import { type Authenticator, withAuthenticated } from './authenticator.ts';

/** The headers in which a proxy says for whom it asks; names in lower case. */
export const remoteHeaders = {
  user: 'x-remote-user',
  uid: 'x-remote-uid',
  group: 'x-remote-group',
  extra: 'x-remote-extra-',
} as const;

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

/** Values of a header that may come more than once, in their order. */
function valuesOf({ rawHeaders }: Pick<HttpRequest, 'rawHeaders'>, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name && rawHeaders[i + 1])
      values.push(received(rawHeaders[i + 1] as string));
  }
  return values;
}

function extraOf({ rawHeaders }: Pick<HttpRequest, 'rawHeaders'>): Record<string, string[]> {
  const extra: Record<string, string[]> = Object.create(null);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!name.startsWith(remoteHeaders.extra)) continue;
    const key = unescaped(name.slice(remoteHeaders.extra.length));
    extra[key] = [...(extra[key] ?? []), received(rawHeaders[i + 1] as string)];
  }
  return extra;
}

/**
 * Users that a proxy in front of this server speaks for: its certificate stands on the authority of proxies and bears one of
 * `allowedNames` (any, where that is empty), and the headers say who asks.
 */
export function requestHeaderAuthenticator(
  allowedNames: readonly string[],
  clock: Pick<Clock, 'now'>,
): Authenticator {
  const isAllowed = (name: string) => allowedNames.length === 0 || allowedNames.includes(name);
  return {
    authenticate(request) {
      const { peer } = request;
      if (!peer?.isProxy) return undefined;
      if (!isAllowed(peer.commonName) || !stillHolds(peer, clock)) throw unauthorized();
      const [name] = valuesOf(request, remoteHeaders.user);
      return name === undefined ? undefined : withAuthenticated(userOf(request, name));
    },
  };
}

function userOf(request: HttpRequest, name: string): UserInfo {
  const [uid] = valuesOf(request, remoteHeaders.uid);
  const extra = extraOf(request);
  return {
    name,
    ...(uid && { uid }),
    groups: valuesOf(request, remoteHeaders.group),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
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
