import type { Exchange } from '../corridor/exchange.ts';

/** What the metrics of requests are broken down by, as upstream names it. */
export interface RequestLabels extends Record<string, string> {
  verb: string;
  dry_run: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
  component: string;
}

const methods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** Paths that belong to no resource and have series of their own, as upstream has them: under the name of a subresource. */
const counted = new Set(['/healthz', '/livez', '/readyz']);
const connecting = new Set(['proxy', 'exec', 'attach', 'portforward']);

/** The method under a bounded number of names. */
function methodOf({ request: { method } }: Exchange): string {
  if (method === 'HEAD') return 'GET';
  return methods.has(method) ? method : 'OTHER';
}

const isApply = (x: Exchange) =>
  x.request.method === 'PATCH' && x.header('content-type') === 'application/apply-patch+yaml';

function verbOf(x: Exchange): string {
  const { info } = x;
  const method = methodOf(x);
  if (info.isResource && (connecting.has(info.subresource) || info.verb === 'proxy')) return 'CONNECT';
  if (info.verb === 'watch' && info.isResource) return 'WATCH';
  if (info.verb === 'list' && scopeOf(info) !== 'resource') return 'LIST';
  if (isApply(x)) return 'APPLY';
  return method;
}

function scopeOf({ name, namespace, verb, isResource }: Exchange['info']): string {
  if (!isResource) return '';
  if (name !== '' || verb === 'create') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

function dryRunOf({ query }: Exchange): string {
  const asked = query.getAll('dryRun');
  if (asked.length === 0) return '';
  return asked.every((value) => value === 'All') ? 'All' : 'invalid';
}

const countedPath = ({ info }: Exchange) => (counted.has(info.path) ? info.path : '');

/** One text for all requests with the same labels: cheaper than the labels. */
export function labelsKey(x: Exchange, known: boolean): string {
  const { info } = x;
  const method = methodOf(x);
  const extra = `${isApply(x) ? 'apply' : ''}${dryRunOf(x)}`;
  if (!known || !info.isResource)
    return `${method} ${info.isResource ? info.verb : ''} ${countedPath(x)} ${extra}`;
  const { verb, group, version, resource, subresource } = info;
  return `${method} ${verb} ${group}/${version}/${resource}/${subresource} ${scopeOf(info)} ${extra}`;
}

/**
 * The labels of a request. `known` is whether somebody serves what it asks for: the names that clients make up would
 * let the number of series grow without end.
 */
export function requestLabels(x: Exchange, known: boolean): RequestLabels {
  const { info } = x;
  const isNamed = known && info.isResource;
  return {
    verb: verbOf(x),
    dry_run: dryRunOf(x),
    group: isNamed ? info.group : '',
    version: isNamed ? info.version : '',
    resource: isNamed ? info.resource : '',
    subresource: isNamed ? info.subresource : countedPath(x),
    scope: isNamed ? scopeOf(info) : '',
    component: countedPath(x) === '' ? 'apiserver' : '',
  };
}
