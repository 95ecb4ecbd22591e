import type { HttpRequest, ReplyHeaders } from '../../platform/http.ts';

/** Headers that are about one connection alone, and what the next server must not see. */
const dropped =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|http2-settings|:.*)$/i;
const droppedFromUpgrades = /^(host|authorization|impersonate-.*|x-forwarded-for)$/i;
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
  { host, prefix, target }: { host: string; prefix: string; target: string },
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { host: clientHost(request) ?? host };
  const perHop = named(request.headers.connection);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !dropped.test(name) && !perHop.has(name)) headers[name] = value;
  }
  headers['x-forwarded-for'] = forwardedFor(request);
  headers['x-forwarded-uri'] = `${prefix}${target.replace(/\?.*$/s, '')}`;
  return headers;
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

/** An upgrade request as it is passed on: the same but for target, host, and what says who the client is. */
export function upgradeHead(
  request: HttpRequest,
  { target, host }: { target: string; host: string },
): string {
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
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const withoutToken = (protocols: string) =>
  protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !tokenProtocol.test(protocol))
    .join(', ');
