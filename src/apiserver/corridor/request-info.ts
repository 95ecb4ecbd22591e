import { getOwn } from '../../machinery/clone.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { selectorsOfQuery } from '../auth/asked-selectors.ts';
import type { RequestInfo } from '../request.ts';

const verbByMethod: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What follows a namespace's name and is still about the namespace itself. */
const namespaceSubresources = new Set(['status', 'finalize']);

/** Shared by all requests without a query: nobody writes into a request's query. */
const noQuery = new URLSearchParams();

/** Splits a request's target into its path, percent signs decoded, and its query. */
export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? noQuery : new URLSearchParams(target.slice(mark + 1));
  if (!raw.includes('%')) return { path: raw, query };
  try {
    return { path: decodeURIComponent(raw), query };
  } catch {
    throw badRequest(`invalid URL escape in path ${JSON.stringify(raw)}`);
  }
}

function splitPath(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

const isWatch = (query: URLSearchParams) => {
  const value = query.get('watch');
  return value !== null && !['false', '0'].includes(value.toLowerCase());
};

const nameIs = /^metadata\.name\s*==?(?!=)/;

/** The name that a field selector asks for, where it asks for exactly one; of several the first in their order, as when the selector is read. */
function selectedName(query: URLSearchParams): string {
  const selector = query.get('fieldSelector');
  if (!selector?.includes('metadata.name')) return '';
  for (const term of selector.split(',').sort()) {
    // Nobody is known yet when this is read: no pattern for the blanks around the name, which would try each of them anew.
    const asked = term.trim();
    const [begin] = nameIs.exec(asked) ?? [];
    const name = begin === undefined ? '' : asked.slice(begin.length).trim();
    if (name && isPathSegment(name)) return name;
  }
  return '';
}

const isPathSegment = (name: string) => name !== '.' && name !== '..' && !/[/%]/.test(name);

interface Parts {
  namespace: string;
  parts: string[];
}

/** Takes `namespaces/<namespace>/` off where a resource in that namespace follows. */
function splitNamespace(parts: string[]): Parts {
  if (parts[0] !== 'namespaces' || parts.length < 2) return { namespace: '', parts };
  const namespace = parts[1] as string;
  const isInside = parts.length > 2 && !namespaceSubresources.has(parts[2] as string);
  return { namespace, parts: isInside ? parts.slice(2) : parts };
}

/** A GET or DELETE without a name is about many objects. */
function collectionVerb(info: RequestInfo, query: URLSearchParams): void {
  if (info.name !== '') return;
  if (info.verb === 'delete') info.verb = 'deletecollection';
  if (info.verb !== 'get') return;
  info.verb = isWatch(query) ? 'watch' : 'list';
  info.name = selectedName(query);
}

/** What a request asks for. The rules are those of upstream's RequestInfoFactory. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info: RequestInfo = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    prefix: '',
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
    selectors: undefined,
  };
  let parts = splitPath(path);
  const [prefix] = parts;
  if (parts.length < 3 || (prefix !== 'api' && prefix !== 'apis')) return info;
  info.prefix = prefix;
  parts = parts.slice(1);
  if (prefix === 'apis') {
    if (parts.length < 3) return info;
    info.group = parts.shift() as string;
  }
  info.isResource = true;
  info.version = parts.shift() as string;
  info.verb = getOwn(verbByMethod, method) ?? '';
  parseResource(info, parts, query);
  return info;
}

function parseResource(info: RequestInfo, given: string[], query: URLSearchParams): void {
  let parts = given;
  // The old forms /watch/... and /proxy/... put the verb into the path.
  const isOld = parts[0] === 'watch' || parts[0] === 'proxy';
  if (isOld) {
    if (parts.length < 2) throw badRequest(`unable to determine kind and namespace from url, ${info.path}`);
    info.verb = parts[0] as string;
    parts = parts.slice(1);
  }
  const inNamespace = splitNamespace(parts);
  parts = inNamespace.parts;
  info.namespace = inNamespace.namespace;
  info.resource = parts[0] ?? '';
  info.name = parts[1] ?? '';
  if (info.verb !== 'proxy') info.subresource = parts[2] ?? '';
  info.rest = parts.slice(3).join('/');
  collectionVerb(info, query);
  // Not all that is asked for in the old forms can be narrowed down.
  if (!isOld) info.selectors = selectorsFor(info, query);
}

const verbsWithSelectors = new Set(['list', 'watch', 'deletecollection']);

function selectorsFor({ verb }: RequestInfo, query: URLSearchParams): RequestInfo['selectors'] {
  const isNarrowed =
    verbsWithSelectors.has(verb) && (query.has('fieldSelector') || query.has('labelSelector'));
  return isNarrowed ? () => selectorsOfQuery(query) : undefined;
}

/** Whether a request may take as long as it likes: watches, and what holds a connection open. */
export function isLongRunning(info: RequestInfo): boolean {
  if (info.verb === 'watch' || info.verb === 'proxy') return true;
  return longRunningSubresources.has(info.subresource);
}

const longRunningSubresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
