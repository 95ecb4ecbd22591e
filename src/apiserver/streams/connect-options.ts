import type { KubernetesObject } from '../../api/resource.ts';
import type { Exchange } from '../corridor/exchange.ts';
import { flag, wholeNumbers } from './query-fields.ts';

const kinds: Record<string, string> = {
  'pods/exec': 'PodExecOptions',
  'pods/attach': 'PodAttachOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
};

/** What a connection is asked to be, as an object that admission can look at; undefined where it is none. */
export function connectOptions({
  info,
  query,
}: Pick<Exchange, 'info' | 'query'>): KubernetesObject | undefined {
  const kind = kinds[`${info.resource}/${info.subresource}`];
  if (!kind) return undefined;
  return { kind, apiVersion: 'v1', ...fieldsOf(info, query) } as unknown as KubernetesObject;
}

function fieldsOf({ subresource, rest }: Exchange['info'], query: URLSearchParams): object {
  if (subresource === 'proxy') return rest ? { path: `/${rest}` } : {};
  if (subresource === 'portforward') {
    const ports = wholeNumbers(query, 'ports');
    return ports.length > 0 ? { ports } : {};
  }
  const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((name) => flag(query, name));
  const container = query.get('container');
  const command = subresource === 'exec' ? query.getAll('command') : [];
  return {
    ...Object.fromEntries(flags.map((name) => [name, true])),
    ...(container && { container }),
    ...(command.length > 0 && { command }),
  };
}
