import type { HttpRequest, ReplyHeaders } from '../../platform/http.ts';

/** Headers that are about one connection alone, and what the next server must not see. */
const dropped =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|x-remote-(?:user|uid|group|extra-.*)|http2-settings|:.*)$/i;
const droppedFromUpgrades =
  /^(host|authorization|impersonate-.*|x-forwarded-for|x-remote-(?:user|uid|group|extra-.*))$/i;
const tokenProtocol = /^base64url\.bearer\.authorization\.k8s\.io\./;

/** Headers that a `Connection` header names are about that connection as well. */
function named(connection: string | string[] | undefined): Set<string> {
  return new Set(
    [connection ?? []].flat().flatMap((value) =>
      value
        .toLowerCase()
        .split(',')
        .map((n) => n.trim()),
    ),
  );
}

/** The host that a client asked, which backends see as well. */
export function clientHost({ headers }: Pick<HttpRequest, 'headers'>): string | undefined {
  return [headers[':authority'] ?? headers.host].flat()[0];
}

/** The headers of a request as they are passed on, with where it came from. */
export function forwardedHeaders(
  request: HttpRequest,
  { host, prefix, target, headers: more }: ProxiedHead & { prefix?: string },
): Record<string, string | string[]> {
  const seen = prefix === undefined ? host : (clientHost(request) ?? host);
  const headers: Record<string, string | string[]> = { host: seen };
  const perHop = named(request.headers.connection);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !dropped.test(name) && !perHop.has(name)) headers[name] = value;
  }
  headers['x-forwarded-for'] = forwardedFor(request);
  headers['x-forwarded-uri'] = `${prefix ?? ''}${target.replace(/\?.*$/s, '')}`;
  return Object.assign(headers, more);
}

function forwardedFor({ headers, remoteAddress }: HttpRequest): string {
  return [headers['x-forwarded-for'] ?? [], remoteAddress].flat().join(', ');
}

/** What would let other sites' scripts use the server, which is not a backend's to allow. */
const crossOrigin = /^access-control-allow-(credentials|headers|methods|origin)$/;

/** The headers of an answer as they are passed back. */
export function returnedHeaders(headers: HttpRequest['headers']): ReplyHeaders {
  const perHop = named(headers.connection);
  const kept: ReplyHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.test(name) && !crossOrigin.test(name) && !perHop.has(name))
      kept[name] = value;
  }
  return kept;
}

/** What a proxied request asks for, and what it says besides what the client has said. */
export interface ProxiedHead {
  target: string;
  host: string;
  /** Further headers; each value gets a line of its own. */
  headers?: Record<string, string[]>;
}

/** An upgrade request as it is passed on: the same but for target, host, and what says who the client is. */
export function upgradeHead(request: HttpRequest, { target, host, headers = {} }: ProxiedHead): string {
  const lines = [
    `${request.method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    `X-Forwarded-For: ${forwardedFor(request)}`,
  ];
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (droppedFromUpgrades.test(name)) continue;
    const isProtocol = name.toLowerCase() === 'sec-websocket-protocol';
    const value = isProtocol ? withoutToken(rawHeaders[i + 1] as string) : rawHeaders[i + 1];
    if (value !== '') lines.push(`${name}: ${value}`);
  }
  for (const [name, values] of Object.entries(headers))
    lines.push(...values.map((value) => `${name}: ${value}`));
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const withoutToken = (protocols: string) =>
  protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !tokenProtocol.test(protocol))
    .join(', ');
