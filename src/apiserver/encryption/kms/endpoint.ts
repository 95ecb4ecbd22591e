import { goQuote } from '../../../machinery/go-text.ts';

/** Where a plugin listens, read from a URL; or what Go's `url.Parse` says of one that it cannot read. */
export type Endpoint = { scheme: string; socketPath: string } | { error: string };

const isControl = (char: string) => char < ' ' || char === '\x7f';
const badEscape = /%(?![0-9A-Fa-f]{2}).{0,2}/;

/** Reads `unix:///path/of/a.sock`; `unix:///@name` is a socket in the abstract namespace. */
export function readEndpoint(text: string): Endpoint {
  const error = (why: string) => ({ error: `parse ${goQuote(text)}: ${why}` });
  if ([...text].some(isControl)) return error('net/url: invalid control character in URL');
  if (text.startsWith(':')) return error('missing protocol scheme');
  const [, scheme = '', rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const [hierarchy = ''] = rest.split(/[?#]/);
  if (scheme === '' && (hierarchy.split('/')[0] as string).includes(':'))
    return error('first path segment in URL cannot contain colon');
  const escape = badEscape.exec(hierarchy);
  if (escape) return error(`invalid URL escape ${goQuote(escape[0])}`);
  const path = unescaped(/^(?:\/\/[^/]*)?(\/.*)?$/.exec(hierarchy)?.[1] ?? '');
  return { scheme: scheme.toLowerCase(), socketPath: path.startsWith('/@') ? path.slice(1) : path };
}

/** As Go does it: any bytes may be escaped. */
const unescaped = (text: string) =>
  text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
  );
