import type { HttpRequest, ReplyHeaders } from '../../platform/http.ts';

/** Headers that are about one connection alone, and what the next server must not see. */
const dropped =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|http2-settings|:.*)$/i;
const droppedFromUpgrades = /^(host|authorization|impersonate-.*)$/i;
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

/** The headers of a request as they are passed on, with where it came from. */
export function forwardedHeaders(request: HttpRequest, host: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { host };
  const perHop = named(request.headers.connection);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !dropped.test(name) && !perHop.has(name)) headers[name] = value;
  }
  const original = request.headers[':authority'] ?? request.headers.host;
  const before = request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = [before ?? [], request.remoteAddress].flat().join(', ');
  headers['x-forwarded-uri'] = request.target;
  headers['x-forwarded-proto'] = 'https';
  if (original !== undefined) headers['x-forwarded-host'] = original;
  return headers;
}

/** The headers of an answer as they are passed back. */
export function returnedHeaders(headers: HttpRequest['headers']): ReplyHeaders {
  const perHop = named(headers.connection);
  const kept: ReplyHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.test(name) && !perHop.has(name)) kept[name] = value;
  }
  return kept;
}

/** An upgrade request as it is passed on: the same but for target, host, and what says who the client is. */
export function upgradeHead(
  request: HttpRequest,
  { target, host }: { target: string; host: string },
): string {
  const lines = [`${request.method} ${target} HTTP/1.1`, `Host: ${host}`];
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (droppedFromUpgrades.test(name)) continue;
    const isProtocol = name.toLowerCase() === 'sec-websocket-protocol';
    const value = isProtocol ? withoutToken(rawHeaders[i + 1] as string) : rawHeaders[i + 1];
    if (value !== '') lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const withoutToken = (protocols: string) =>
  protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !tokenProtocol.test(protocol))
    .join(', ');
