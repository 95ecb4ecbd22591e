import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { internalError } from '../../machinery/status-error.ts';
import type { Connector } from '../../platform/connect.ts';
import type { Random } from '../../platform/random.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import type { Exchange } from '../corridor/exchange.ts';
import { escapedPath } from './escaped-path.ts';
import { type Backend, forward } from './forward.ts';
import { dialKubelet, hostOf, kubeletOf } from './kubelet-way.ts';
import type { NodeDialer } from './node-dialer.ts';
import {
  checkAddress,
  numbered,
  podTarget,
  type ProxyTarget,
  serviceTarget,
  splitProxyName,
} from './proxy-targets.ts';

export interface ProxyRoutesOptions {
  reader: ObjectReader;
  random: Random;
  /** The way to kubelets; without one, what needs them is refused. */
  nodes?: NodeDialer;
  /** The way to pods; without one, proxies to pods and services are refused. */
  pods?: Connector;
}

const podConnectTimeoutMs = 10_000;

/** The servers of pods, services and nodes, behind the API server's own address and rules. */
export class ProxyRoutes {
  readonly #options: ProxyRoutesOptions;

  constructor(options: ProxyRoutesOptions) {
    this.#options = options;
  }

  /** `pods/proxy`. */
  async pod(x: Exchange): Promise<number> {
    return this.#toPod(x, podTarget(this.#options.reader, x.info.namespace, x.info.name));
  }

  /** `services/proxy`. */
  async service(x: Exchange): Promise<number> {
    return this.#toPod(x, serviceTarget(this.#options, x.info.namespace, x.info.name));
  }

  /** `nodes/proxy`: the kubelet, or another server of the node's machine. */
  async node(x: Exchange): Promise<number> {
    const { reader, nodes } = this.#options;
    const { scheme, name, port } = splitProxyName('node', x.info.name);
    const address = kubeletOf(reader, name);
    if (port === '' || Number(port) === address.port)
      return proxied(x, { connect: () => dialKubelet(nodes, address), host: hostOf(address) });
    const other = { ...address, port: numbered('node', port, x.info.name) };
    checkAddress(other.host);
    const connect = async (): Promise<Duplex> => {
      if (!nodes) throw internalError('this API server has no way to nodes');
      return nodes.connectTo(other, { tls: scheme === 'https' });
    };
    return proxied(x, { connect, host: hostOf(other) });
  }

  #toPod(x: Exchange, { scheme, host, port }: ProxyTarget): Promise<number> {
    const { pods } = this.#options;
    if (!pods) throw internalError('this API server has no way to pods');
    const tls = scheme === 'https' ? { insecure: true } : undefined;
    const connect = () => pods({ host, port, tls, timeoutMs: podConnectTimeoutMs });
    return proxied(x, { connect, host: hostOf({ node: '', host, port }) });
  }
}

async function proxied(x: Exchange, to: Pick<Backend, 'connect' | 'host'>): Promise<number> {
  const { path, request, info } = x;
  const place = info.namespace === '' ? '' : `/namespaces/${info.namespace}`;
  const prefix = escapedPath(`/api/v1${place}/${info.resource}/${info.name}/proxy`);
  const query = request.target.slice(pathLength(request.target));
  const slash = path.endsWith('/') ? '/' : '';
  if (info.rest + slash === '' && (request.method === 'GET' || request.method === 'HEAD') && !x.upgrade) {
    // Relative links of the page would otherwise lead astray.
    x.reply.send(301, x.headers({ location: `${prefix}/${query}` }));
    return 301;
  }
  // As upstream: the path as it was understood, with no dots left in it, and the query as it came.
  const target = `${escapedPath(posix.normalize(`/${info.rest}${slash}`))}${query}`;
  return forward(x, { ...to, target, prefix });
}

function pathLength(target: string): number {
  const mark = target.indexOf('?');
  return mark < 0 ? target.length : mark;
}
